"""The key file by its commands: shown, put under another passphrase, and its keys changed by a vote."""

import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from support_founding import (
    DESK,
    MEMBERS,
    STEWARDS,
    Rehearsal,
    at_stage,
    cheap_keys,
    done,
    hanse,
)
from support_http import replies_of, signer_of

from consortium_config.cards import parse_signed_card
from hanse_ledger.bodies import Body, Propose, Vote
from hanse_ledger.checkpoint import AddCheckpoint
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import PartyId
from hanse_ledger.note import (
    Note,
    NoteVerifier,
    SignatureType,
    parse_note,
    parse_signature_lines,
    verify_note,
)
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import sign_statement
from hanse_ledger.witnessing import cosigner_name
from node.apart import ApartNode
from node.errors import ReplySignatureError
from node.keystore import open_keys
from node.links.rfc9421 import SignedRequest
from node.passphrase import Passphrase
from node.settings import load_settings
from node.wire import reply_of

ALDER = MEMBERS[0]
ONE = STEWARDS[0]
OTHER = "another passphrase than before"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)


@pytest.fixture
def founded(tmp_path: Path) -> Rehearsal:
    return at_stage("founded", tmp_path)


def configured(founded: Rehearsal, party: PartyId) -> Path:
    words = ("--dir", founded.home(party), "--mail", founded.mail, "--listen", "127.0.0.1:0")
    done(hanse("node", "config", *words))
    return founded.home(party) / "node.toml"


def keys(founded: Rehearsal, command: str, party: PartyId, *more: object) -> dict[str, Any]:
    document: dict[str, Any] = done(
        hanse("keys", command, "--dir", founded.home(party), "--json", *more)
    ).document
    return document


def test_show_prints_public_keys_alone_and_whether_the_document_names_them(founded: Rehearsal) -> None:
    configured(founded, ONE)
    shown = done(hanse("keys", "show", "--dir", founded.home(ONE)))
    document = keys(founded, "show", ONE)
    assert [(key["use"], key["set"], key["named"]) for key in document["keys"]] == [
        ("statement", "now", True), ("cosign", "now", True), ("token", "now", True),
    ]  # fmt: skip
    assert document["roles"] == ["steward"]
    secrets = founded.secrets(ONE)
    assert secrets.key_share is not None
    for secret in (secrets.seeds.statement, secrets.seeds.cosign, secrets.key_share):
        assert secret.hex() not in shown.out + json.dumps(document)
    assert SigningKey(secrets.seeds.statement).public.hex() in shown.out
    # Nothing to compare with yet: nothing is said of it.
    assert {key["named"] for key in keys(founded, "show", DESK)["keys"]} == {None}


def test_another_passphrase_opens_the_same_keys_and_the_old_one_none(founded: Rehearsal) -> None:
    path, before = founded.home(ALDER) / "keys.json", founded.secrets(ALDER)
    new = founded.folder / "new-passphrase"
    new.write_text(OTHER + "\n")
    new.chmod(0o600)
    founded.folder.chmod(0o700)
    keys(founded, "passphrase", ALDER, "--new-passphrase-file", new)
    assert open_keys(path, Passphrase(OTHER.encode())) == before
    assert path.stat().st_mode & 0o777 == 0o600
    refused = hanse("keys", "show", "--dir", founded.home(ALDER))
    assert (refused.code, "[passphrase]" in refused.err) == (1, True)
    done(hanse("keys", "show", "--dir", founded.home(ALDER), "--passphrase-file", new))


@pytest.mark.parametrize("text", ["", "short", "elevenchars"])
def test_a_new_passphrase_is_long_enough(founded: Rehearsal, text: str) -> None:
    new, before = founded.folder / "new", (founded.home(ALDER) / "keys.json").read_bytes()
    new.write_text(text)
    new.chmod(0o600)
    founded.folder.chmod(0o700)
    ended = hanse("keys", "passphrase", "--dir", founded.home(ALDER), "--new-passphrase-file", new)
    assert (ended.code, "[no_passphrase]" in ended.err) == (1, True)
    assert (founded.home(ALDER) / "keys.json").read_bytes() == before


def test_a_passphrase_that_cannot_be_had_is_said(founded: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANSE_PASSPHRASE")
    ended = hanse("keys", "show", "--dir", founded.home(ALDER))
    assert (ended.code, "[no_passphrase]" in ended.err) == (1, True)


class Voting:
    """What others say in the log of the founded consortium's desk, with the keys in their files."""

    def __init__(self, founded: Rehearsal, node: ApartNode) -> None:
        self.founded, self.node, self.state = founded, node, LedgerState()
        self.submit(founded.letter("genesis.cose"))

    def submit(self, raw: bytes) -> None:
        reply_of(self.node.service.submit(raw), 30)
        self.state.apply(raw)

    def say(self, party: PartyId, body: Body) -> None:
        head = self.state.head(party)
        key = SigningKey(self.founded.secrets(party).seeds.statement)
        self.submit(
            sign_statement(
                key=key,
                party=party,
                consortium=self.state.consortium.id,
                seq=head.seq,
                prev=head.prev,
                body=body,
            )
        )

    def put_in_force(self, document: Consortium) -> None:
        self.say(ALDER, Propose(document=document.raw))
        for voter in (*MEMBERS, *STEWARDS):
            if self.state.consortium.hash != document.hash:
                self.say(voter, Vote(document_hash=document.hash))
        assert self.state.consortium.hash == document.hash


def with_card(current: Consortium, card: Path) -> Consortium:
    """The next document: this card's keys, and nothing else changed."""
    signed = parse_signed_card(card.read_bytes()).card
    document = json.loads(current.raw)
    entry = next(one for one in document["parties"] if one["id"] == signed.id)
    entry["statement_key"], entry["proof"] = signed.statement_key.hex(), signed.proof.hex()
    entry["cosign_key"] = signed.cosign_key.hex()
    return parse_document(rfc8785.dumps({**document, "previous": current.hash.hex()}))


def replies_as(node: ApartNode, consortium: Consortium) -> bool:
    """Whether the desk's node signs what it replies with the key that a document names."""
    asker = signer_of(consortium, ALDER, SigningKey(bytes(32)))
    url = "http://desk.example/v1/sealing-keys"
    headers = asker.headers(method="POST", url=url, body=b"")
    request = SignedRequest(method="POST", url=url, headers=headers)
    signed = node.service.gate.sign_reply(request, status=200, media_type="text/plain", body=b"")
    try:
        replies_of(consortium, DESK).verify(
            request, status=200, headers={"content-type": "text/plain", **signed}, body=b""
        )
    except ReplySignatureError:
        return False
    return True


def say_anything(node: ApartNode) -> None:
    """Ask the node's own thread, which tells the others the document in force at each message."""
    with pytest.raises(MalformedError):
        reply_of(node.service.add_checkpoint(b"no checkpoint"), 30)


def test_a_node_goes_on_with_keys_made_and_voted_in_while_it_runs(founded: Rehearsal) -> None:
    config = configured(founded, DESK)
    old = parse_document(founded.letter("consortium.json"))
    with ApartNode(load_settings(config)) as node:
        voting = Voting(founded, node)
        assert replies_as(node, old)
        card = Path(keys(founded, "rotate", DESK)["card"])
        assert keys(founded, "rotate", DESK)["card"] == str(card)
        assert "[key_rotation]" in hanse("keys", "rotate", "--finish", "--dir", founded.home(DESK)).err
        new = with_card(old, card)
        assert replies_as(node, old)
        voting.put_in_force(new)
        # A checkpoint to cosign brings the node up to the vote.
        note = reply_of(node.service.checkpoint(), 30)
        lines = reply_of(
            node.service.add_checkpoint(AddCheckpoint(old_size=0, path=(), note=note).encode()), 30
        )
        cosigner = NoteVerifier(
            name=cosigner_name(new.id, DESK),
            public=new.parties[DESK].cosign_key,
            type=SignatureType.COSIGNATURE_V1,
        )
        verify_note(
            Note(text=parse_note(note).text, signatures=tuple(parse_signature_lines(lines))), [cosigner]
        )
        say_anything(node)
        assert (replies_as(node, old), replies_as(node, new)) == (False, True)
        named = {(key["use"], key["set"]): key["named"] for key in keys(founded, "show", DESK)["keys"]}
        assert named["statement", "next"]
        assert not named["statement", "now"]
        keys(founded, "rotate", DESK, "--finish")
    kept = founded.secrets(DESK)
    assert (kept.following, kept.retired) == (None, (old.parties[DESK].statement_key,))
    assert SigningKey(kept.seeds.log or b"").public == old.parties[DESK].log_key
    with ApartNode(load_settings(config)) as node:
        say_anything(node)
        assert replies_as(node, new)


def test_the_key_for_ordering_stays(founded: Rehearsal) -> None:
    configured(founded, DESK)
    keys(founded, "rotate", DESK)
    secrets = founded.secrets(DESK)
    assert secrets.following is not None
    assert secrets.following.log is None
    card = parse_signed_card((founded.home(DESK) / "desk.next-card.json").read_bytes()).card
    assert card.log_key == parse_document(founded.letter("consortium.json")).parties[DESK].log_key
