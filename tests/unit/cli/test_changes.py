"""A running consortium is changed by its commands: a next document, its proposal, and votes."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from support_founding import DESK, MEMBERS, STEWARDS, Rehearsal, at_stage, cheap_keys, done, hanse

from api.app import create_app
from consortium_config.changing import differences, next_document
from consortium_config.policy_file import parse_terms
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError
from hanse_ledger.governance import rows_vote
from hanse_ledger.ids import PartyId
from node.apart import ApartNode
from node.settings import load_settings
from node.wire import reply_of

ALDER, BIRCH, CEDAR = MEMBERS


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)
    monkeypatch.setenv("HANSE_NODE_WORK_INTERVAL_S", "0.1")


@pytest.fixture
def founded(tmp_path: Path) -> Rehearsal:
    going = at_stage("founded", tmp_path)
    for party in (*STEWARDS, DESK, *MEMBERS):
        words = ("--dir", going.home(party), "--mail", going.mail, "--listen", "127.0.0.1:1")
        done(hanse("node", "config", *words))
    return going


@contextmanager
def served(founded: Rehearsal) -> Iterator[str]:
    """Run the ordering node behind a port of its own; every party hands its statements in there."""
    with (
        ApartNode(load_settings(founded.home(DESK) / "node.toml")) as node,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        reply_of(node.service.submit(founded.letter("genesis.cose")), 30)
        config = uvicorn.Config(create_app(node.service), log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def next_of(founded: Rehearsal, *more: object) -> Path:
    out = founded.folder / "next.json"
    done(hanse("consortium", "change", "--dir", founded.home(DESK), out, *more))
    return out


def in_force(founded: Rehearsal, party: PartyId) -> list[dict[str, object]]:
    document = done(hanse("keys", "show", "--dir", founded.home(party), "--json")).document
    keys: list[dict[str, object]] = document["keys"]
    return keys


def test_a_party_s_next_keys_are_voted_in_by_the_commands(founded: Rehearsal) -> None:
    card = Path(done(hanse("keys", "rotate", "--dir", founded.home(DESK), "--json")).document["card"])
    document = next_of(founded, "--card", card)
    with served(founded) as url:
        for command, parties in (("propose", [ALDER]), ("vote", [BIRCH, CEDAR, *STEWARDS[:3]])):
            for party in parties:
                words = ("--dir", founded.home(party), "--url", url, "--yes", "--json")
                said = done(hanse("consortium", command, document, *words)).document
                fields = [change["field"] for change in said["changes"]]
                assert fields == [f"parties.desk.{name}" for name in ("cosign_key", "proof", "statement_key")]
        ends_at = time.monotonic() + 60
        while not any(key["set"] == "next" and key["named"] for key in in_force(founded, DESK)):
            assert time.monotonic() < ends_at
            time.sleep(0.2)
    assert not [
        key for key in in_force(founded, DESK) if key["set"] == "now" and key["named"] and key["use"] != "log"
    ]
    done(hanse("keys", "rotate", "--finish", "--dir", founded.home(DESK)))


def test_what_does_not_follow_and_what_was_said_is_refused(founded: Rehearsal) -> None:
    document = next_of(founded, "--leave", CEDAR)
    words = ("--dir", founded.home(ALDER), "--yes")
    with served(founded) as url:
        # Its own node has not run and knows of no vote: the same bytes again, and the same index.
        indexes = [
            done(hanse("consortium", "vote", document, *words, "--url", url, "--json")).document["index"]
            for _ in range(2)
        ]
        assert indexes == [1, 1]
        stranger = founded.folder / "stranger.json"
        stranger.write_bytes(document.read_bytes().replace(b'"previous":"', b'"previous":"00')[:-2] + b"}")
        assert "[consortium_document]" in hanse("consortium", "propose", stranger, *words, "--url", url).err
    unreachable = hanse("consortium", "propose", document, *words)
    assert (unreachable.code, "[unavailable]" in unreachable.err) == (1, True)
    unasked = hanse("consortium", "vote", document, "--dir", founded.home(ALDER))
    assert (unasked.code, "parties.cedar.active: True → False" in unasked.out) == (2, True)


def test_rows_are_voted_to_a_steward_with_the_document_that_brings_it_in_alone(founded: Rehearsal) -> None:
    named = ("--consortium", "hanse.example/steel", "--party", "five", "--name", "Five", "--x", "5")
    words = ("--mail", founded.folder / "post", *named, "--role", "steward")
    done(hanse("party", "new", "--dir", founded.home("five"), *words))
    card = founded.folder / "post" / "five.card.json"
    document = next_of(founded, "--card", card, "--leave", STEWARDS[3])
    with served(founded) as url:
        vote = ("consortium", "vote", document, "--url", url, "--yes", "--dir")
        for steward in (STEWARDS[0], "six", BIRCH):
            refused = hanse(*vote, founded.home(DESK), "--rows-to", steward)
            assert (refused.code, "another document that brings in" in refused.err) == (2, True), refused.err
        said = done(hanse(*vote, founded.home(ALDER), "--rows-to", "five", "--json")).document
        assert said["sha256"] == rows_vote(parse_document(document.read_bytes()).hash, PartyId("five")).hex()


def test_the_next_document_holds_cards_leavers_and_terms(founded: Rehearsal) -> None:
    policy = founded.folder / "policy.toml"
    policy.write_text(policy.read_text().replace("contributors_min = 4", "contributors_min = 5"))
    current = parse_document(founded.letter("consortium.json"))
    following = parse_document(next_of(founded, "--leave", CEDAR, "--policy", policy).read_bytes())
    assert following.previous == current.hash
    assert following.party(CEDAR) is None
    assert differences(current, following) == [
        ("parties.cedar.active", "True", "False"),
        ("policy.contributors_min", "4", "5"),
    ]


def test_a_new_party_comes_with_its_card(founded: Rehearsal) -> None:
    words = ("--consortium", "hanse.example/steel", "--party", "elm", "--name", "Elm", "--role", "member")
    done(hanse("party", "new", "--dir", founded.home("elm"), "--mail", founded.folder / "post", *words))
    out = next_of(founded, "--card", founded.folder / "post" / "elm.card.json")
    following = parse_document(out.read_bytes())
    assert following.party(PartyId("elm")) is not None
    assert next_document(following, leaving=[PartyId("elm")]).party(PartyId("elm")) is None


def test_no_other_consortium_and_no_stranger(founded: Rehearsal) -> None:
    current = parse_document(founded.letter("consortium.json"))
    with pytest.raises(DocumentError, match="parties"):
        next_document(current, leaving=[PartyId("nobody")])
    text = (founded.folder / "policy.toml").read_text()
    with pytest.raises(DocumentError, match="first_month"):
        next_document(current, terms=parse_terms(text.replace("2026-01", "2026-02")))
    with pytest.raises(DocumentError, match="3 or 4 stewards"):
        next_document(current, leaving=STEWARDS[:2])


def test_nothing_is_written_over(founded: Rehearsal) -> None:
    out = next_of(founded, "--leave", CEDAR)
    before = out.read_bytes()
    ended = hanse("consortium", "change", "--dir", founded.home(DESK), out, "--leave", BIRCH)
    assert (ended.code, "[file]" in ended.err, out.read_bytes()) == (1, True, before)
