"""What can be wrong or missing in a founding: each refusal names the party, the field and the file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from support_dkg import signed_anew
from support_founding import (
    DESK,
    FOUNDERS,
    MEMBERS,
    STEWARDS,
    Rehearsal,
    at_stage,
    bad_share,
    cheap_keys,
    done,
    hanse,
    participant,
    refused,
)

from consortium_config.cards import encode_signed_card, parse_signed_card, sign_card
from consortium_config.founding import encode_signature
from hanse_ledger.consortium import parse_document
from hanse_ledger.privacy.group import multiply_base
from hanse_ledger.signing import SigningKey
from node.files import locked

ONE, TWO, THREE, FOUR = STEWARDS
ALDER, BIRCH, CEDAR = MEMBERS


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)


def changed_json(raw: bytes, **values: Any) -> bytes:
    return rfc8785.dumps({**json.loads(raw), **values})


# Cards and the draft.


def test_a_missing_steward_or_orderer_is_named(tmp_path: Path) -> None:
    going = at_stage("cards", tmp_path)
    card = going.mail / "desk.card.json"
    kept = card.read_bytes()
    card.unlink()
    refused(going.make_draft(), "ordering[0]", "(line 3)", "policy.toml")
    card.write_bytes(kept)
    for party in (ONE, TWO):
        (going.mail / f"{party}.card.json").unlink()
    refused(going.make_draft(), "3 or 4 stewards, not 2")
    said = done(hanse("consortium", "next", "--mail", going.mail, "--json")).document
    assert said["parties"] == ["alder", "birch", "cedar", "desk", "steward-3", "steward-4"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "Another name"}, "signature"),
        ({"url": "http://elsewhere.example"}, "signature"),
        ({"cosign_key": "11" * 32}, "signature"),
        ({"signature": "11" * 64}, "signature"),
        ({"proof": "11" * 64}, "proof"),
        ({"statement_key": "11" * 32}, "proof"),
        ({"consortium": "hanse.example/other"}, "proof"),
        ({"more": "than a card has"}, "more"),
        ({"format": "hanse-party/2"}, "format"),
    ],
)
def test_a_tampered_card_is_refused(tmp_path: Path, values: dict[str, str], field: str) -> None:
    going = at_stage("cards", tmp_path)
    name = "alder.card.json"
    going.replace(name, changed_json(going.letter(name), **values))
    refused(going.make_draft(), f"alder: {field}:", name)
    refused(hanse("consortium", "next", "--mail", going.mail), "alder", name)


def test_a_card_that_is_none_or_another_s_is_refused(tmp_path: Path) -> None:
    going = at_stage("cards", tmp_path)
    going.replace("birch.card.json", going.letter("alder.card.json"))
    refused(going.make_draft(), "birch: id:", "birch.card.json")
    going.replace("birch.card.json", b"no JSON")
    refused(going.make_draft(), "birch: document:", "birch.card.json")
    going.replace("birch.card.json", b" " * (1 << 21))
    refused(going.make_draft(), "larger", "birch.card.json")


def test_a_card_of_another_consortium_is_refused(tmp_path: Path) -> None:
    going = at_stage("cards", tmp_path)
    words = ("--consortium", "hanse.example/other", "--party", "dogwood", "--name", "D", "--role", "member")
    done(hanse("party", "new", "--dir", going.home("dogwood"), "--mail", going.mail, *words))
    refused(going.make_draft(), "dogwood.consortium", "another consortium")


def test_two_stewards_with_one_number_and_two_parties_with_one_key_are_named(tmp_path: Path) -> None:
    going = at_stage("cards", tmp_path)
    words = (
        "--consortium",
        "hanse.example/steel",
        "--party",
        "steward-5",
        "--name",
        "E",
        "--role",
        "steward",
    )
    done(hanse("party", "new", "--dir", going.home("five"), "--mail", going.mail, *words, "--x", 4))
    refused(going.make_draft(), "steward-5.x: is that of steward-4")
    (going.mail / "steward-5.card.json").unlink()
    birch, alder = (parse_signed_card(going.letter(f"{party}.card.json")).card for party in (BIRCH, ALDER))
    theirs = SigningKey(going.secrets(BIRCH).seeds.statement)
    copied = encode_signed_card(sign_card(replace_card(birch, cosign_key=alder.cosign_key), theirs))
    going.replace("birch.card.json", copied)
    refused(going.make_draft(), "birch.cosign_key: is that of alder")


def replace_card(card: Any, **values: Any) -> Any:
    return type(card)(**{name: values.get(name, getattr(card, name)) for name in card.__slots__})


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("contributors_min = 4", "contributors_min = 2", ("policy.contributors_min", "(line 6)")),
        ("bounds = [1000, 10000,", "bounds = [10000, 1000,", ("policy.bounds", "rise", "(line 10)")),
        ("warnings_min = 2\n", "", ("policy.warnings_min", "is missing")),
        ("exponent = 2", "exponent = 2.0", ("policy.exponent", "(line 9)")),
        ("exponent = 2", "exponent = 2\nmore = 1", ("policy.more", "(line 10)")),
        ('first_month = "2026-01"', 'first_month = "2026-13"', ("first_month", "(line 2)")),
        ('ordering = ["desk"]', 'ordering = ["alder"]', ("ordering[0]", "log_key", "(line 3)")),
        ("2026-01 = 8100000", "2026-01 = -1", ("policy.rates.EUR.2026-01", "(line 21)")),
        ("[policy]", "[policy", ("document", "not TOML", "line 5")),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    going = at_stage("cards", tmp_path)
    path = going.folder / "policy.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    refused(going.make_draft(), "policy.toml", *parts)


def test_a_draft_is_replaced_by_a_later_run_alone(tmp_path: Path) -> None:
    going = at_stage("committed", tmp_path)
    before, path = going.letter("draft.json"), going.folder / "policy.toml"
    done(going.make_draft())
    path.write_text(path.read_text().replace("share_hours = 24", "share_hours = 48"))
    refused(going.make_draft(), "draft", "--run", "draft.json")
    assert going.letter("draft.json") == before
    assert done(going.make_draft("--run", "2", "--json")).document["run"] == 2
    refused(going.make_draft("--run", "1"), "draft.json")


def test_after_genesis_there_is_no_other_run(tmp_path: Path) -> None:
    going = at_stage("founded", tmp_path)
    refused(going.make_draft("--run", "2"), "draft.json")
    forged = changed_json(going.letter("draft.json"), run=2)
    going.replace("draft.json", forged)
    share = going.secrets(ONE).key_share
    refused(going.do("key", ONE), "founded", "run")
    assert going.secrets(ONE).key_share == share


def test_nobody_signs_a_draft_in_which_it_is_not_as_it_has_signed_itself(tmp_path: Path) -> None:
    going = at_stage("keyed", tmp_path)
    draft = json.loads(going.letter("draft.json"))
    theirs = SigningKey(going.secrets(ALDER).seeds.statement)
    card = parse_signed_card(going.letter("alder.card.json")).card
    other = encode_signed_card(sign_card(replace_card(card, url="http://elsewhere.example"), theirs))
    draft["cards"] = [json.loads(other) if one["id"] == ALDER else one for one in draft["cards"]]
    going.replace("draft.json", rfc8785.dumps(draft))
    refused(going.do("sign", ALDER, "--yes"), "alder: card:", "draft.json")
    draft["cards"] = [one for one in draft["cards"] if one["id"] != ALDER]
    going.replace("draft.json", rfc8785.dumps(draft))
    refused(going.do("sign", ALDER, "--yes"), "alder: card: is missing")
    going.replace("draft.json", b"{}")
    refused(going.do("sign", ALDER, "--yes"), "format", "draft.json")
    (going.mail / "draft.json").unlink()
    refused(going.do("sign", ALDER, "--yes"), "draft.json", "hanse consortium draft")


def test_another_party_s_folder_and_another_card_are_refused(tmp_path: Path) -> None:
    going = at_stage("cards", tmp_path)
    refused(going.new(ALDER, "--group", "wood"), "alder.card.json", "other content")
    refused(going.new(ALDER, "--orders"), "alder: log_key:")
    words = ("--consortium", "hanse.example/steel", "--party", "elm", "--name", "Elm", "--role", "member")
    refused(hanse("party", "new", "--dir", going.home(ALDER), "--mail", going.mail, *words), "--dir")
    nowhere = hanse("consortium", "next", "--mail", going.mail, "--dir", going.folder / "nowhere")
    refused(nowhere, "--dir", "hanse party new")


def test_a_folder_that_others_may_use_gets_no_keys(tmp_path: Path) -> None:
    home, mail = tmp_path / "home", tmp_path / "mail"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    words = ("--consortium", "hanse.example/steel", "--party", "elm", "--name", "Elm", "--role", "member")
    ended = hanse("party", "new", "--dir", home, "--mail", mail, *words)
    assert (ended.code, "[key_file]" in ended.err) == (1, True)
    assert not list(home.iterdir())


@pytest.mark.parametrize(
    "words", [["--role", "steward"], ["--role", "member", "--x", "1"], ["--role", "king"]]
)
def test_a_party_that_cannot_be_is_wrong_usage(tmp_path: Path, words: list[str]) -> None:
    given = ["--consortium", "hanse.example/steel", "--party", "elm", "--name", "Elm", *words]
    assert hanse("party", "new", "--dir", tmp_path / "elm", "--mail", tmp_path / "mail", *given).code == 2
    assert not (tmp_path / "elm").exists()


# The token key.


def test_only_stewards_make_the_key_and_nobody_signs_before_it_is_made(tmp_path: Path) -> None:
    going = at_stage("committed", tmp_path)
    refused(going.do("key", ALDER), "alder: roles:")
    refused(going.do("sign", ALDER, "--yes"), "steward-1: deal: is missing", "steward-1.deal-1.cose")
    refused(going.do("sign", ONE, "--yes"), "steward-2: deal: is missing")
    refused(going.do("genesis", DESK), "steward-2: deal: is missing")
    assert "[founding]" in hanse("node", "config", "--dir", going.home(DESK), "--mail", going.mail,
                                 "--listen", "127.0.0.1:0").err  # fmt: skip


@pytest.mark.parametrize("junk", [b"", b"junk", b"\xd2\x84\x40\xa0\x40\x40"])
def test_a_commit_that_is_none_is_refused(tmp_path: Path, junk: bytes) -> None:
    going = at_stage("committed", tmp_path)
    going.replace("steward-2.commit-1.cose", junk)
    refused(going.do("key", ONE), "steward-2: message:", "steward-2.commit-1.cose", "compare the files")


def test_a_commit_of_another_steward_or_run_is_refused(tmp_path: Path) -> None:
    going = at_stage("committed", tmp_path)
    kept = going.letter("steward-2.commit-1.cose")
    going.replace("steward-2.commit-1.cose", going.letter("steward-3.commit-1.cose"))
    refused(going.do("key", ONE), "steward-2: message:")
    going.replace("steward-2.commit-1.cose", kept)
    going.replace("draft.json", changed_json(going.letter("draft.json"), run=2))
    for party in STEWARDS:
        shutil.copy(going.mail / f"{party}.commit-1.cose", going.mail / f"{party}.commit-2.cose")
    refused(going.do("key", ONE), "other content", "steward-1.commit-2.cose")


def test_a_deal_that_does_not_hold_names_its_dealer(tmp_path: Path) -> None:
    going = at_stage("dealt", tmp_path)
    name = "steward-1.deal-1.cose"
    me, honest = participant(going, ONE), going.letter(name)
    others = multiply_base(5)
    for field, changes in (
        ("commitment", {2: others}),
        ("proof", {4: bytes(64)}),
        ("sealed shares", {5: []}),
    ):
        going.replace(name, signed_anew(me, "dkg-deal", honest, changes))
        refused(going.do("key", FOUR), f"steward-1: {field}:", name)
    going.replace(name, honest[:-1] + bytes([honest[-1] ^ 1]))
    refused(going.do("key", FOUR), "steward-1: message:", name)


def test_after_a_complaint_the_next_run_makes_a_key(tmp_path: Path) -> None:
    going = at_stage("committed", tmp_path)
    bad_share(going)
    for party in (TWO, THREE, FOUR):
        going.do("key", party)
    refused(going.do("next", ALDER), "steward-1: share:")
    done(going.make_draft("--run", "2"))
    going.all_keys()
    for party in FOUNDERS:
        done(going.do("sign", party, "--yes"))
    done(going.do("genesis", DESK))
    done(going.do("genesis", ALDER, "--check"))


def stop_before_commit_is_sent(going: Rehearsal) -> None:
    (going.mail / "steward-1.commit-1.cose").unlink()


def stop_before_commit_is_kept(going: Rehearsal) -> None:
    stop_before_commit_is_sent(going)
    (going.home(ONE) / "founding" / "steward-1.commit-1.cose").unlink()


def stop_before_deal_is_sent(going: Rehearsal) -> None:
    (going.mail / "steward-1.deal-1.cose").unlink()


def stop_before_confirm_is_kept(going: Rehearsal) -> None:
    (going.mail / "steward-1.confirm-1.cose").unlink()
    (going.home(ONE) / "founding" / "steward-1.confirm-1.cose").unlink()


@pytest.mark.parametrize(
    "stop", [stop_before_commit_is_sent, stop_before_commit_is_kept, stop_before_deal_is_sent]
)
def test_a_steward_that_was_stopped_sends_the_same_bytes(
    tmp_path: Path, stop: Callable[[Rehearsal], None]
) -> None:
    going = at_stage("dealt", tmp_path)
    before = {path.name: path.read_bytes() for path in going.mail.glob("steward-1.*")}
    stop(going)
    done(going.do("key", ONE))
    assert {
        path.name: path.read_bytes() for path in going.mail.glob("steward-1.*") if path.name in before
    } == before


def test_a_steward_without_its_seed_does_not_draw_another_one(tmp_path: Path) -> None:
    going = at_stage("keyed", tmp_path)
    stop_before_confirm_is_kept(going)
    refused(going.do("key", ONE), "steward-1: seed:", "--run")


def test_a_party_that_was_stopped_before_its_card_was_sent_goes_on(tmp_path: Path) -> None:
    going = at_stage("cards", tmp_path)
    card = going.letter("alder.card.json")
    (going.mail / "alder.card.json").unlink()
    assert done(going.do("next", ALDER, "--json")).document["missing"] == [
        {"party": "alder", "file": "alder.card.json"}
    ]
    done(going.new(ALDER))
    assert going.letter("alder.card.json") == card


# Signatures and genesis.


def test_a_signature_of_another_key_or_document_names_the_party(tmp_path: Path) -> None:
    going = at_stage("signed", tmp_path)
    name, honest = "alder.signature-1.json", going.letter("alder.signature-1.json")
    consortium = parse_document(going.letter("consortium.json"))
    others = json.loads(going.letter("birch.signature-1.json"))["signature"]
    wrong = encode_signature(consortium, party=ALDER, signature=bytes.fromhex(others))
    for raw, field in (
        (wrong, "signature"),
        (going.letter("birch.signature-1.json"), "party"),
        (changed_json(honest, document="00" * 32), "document"),
        (changed_json(honest, consortium="hanse.example/other"), "consortium"),
        (changed_json(honest, format="hanse-signature/2"), "format"),
        (changed_json(honest, more=1), "more"),
        (b"junk", "document"),
    ):
        going.replace(name, raw)
        refused(going.do("genesis", DESK), f"alder: {field}:", name)
        refused(going.do("next", DESK), f"alder: {field}:", name)
    (going.mail / name).unlink()
    refused(going.do("genesis", DESK), "alder: signature: is missing", name)
    assert not (going.mail / "genesis.cose").exists()


def test_only_the_first_that_orders_makes_genesis(tmp_path: Path) -> None:
    going = at_stage("signed", tmp_path)
    refused(going.do("genesis", ALDER), "desk: ordering:")
    refused(going.do("genesis", ALDER, "--check"), "genesis.cose", "is missing")


def test_a_genesis_that_does_not_hold_is_found_by_every_party(tmp_path: Path) -> None:
    going = at_stage("founded", tmp_path)
    honest = going.letter("genesis.cose")
    for raw in (b"", honest[:-1], honest[:-1] + bytes([honest[-1] ^ 1])):
        going.replace("genesis.cose", raw)
        refused(going.do("genesis", ALDER, "--check"), "genesis", "genesis.cose")
        refused(going.do("next", ALDER), "genesis.cose")


def test_a_party_that_signed_another_document_finds_it_out(tmp_path: Path) -> None:
    going = at_stage("founded", tmp_path)
    kept = going.home(ALDER) / "founding" / "consortium-1.json"
    kept.write_bytes(kept.read_bytes().replace(b"Desk", b"Dusk"))
    refused(going.do("genesis", ALDER, "--check"), "alder: document:")


def test_without_a_terminal_nothing_is_signed_unasked(tmp_path: Path) -> None:
    going = at_stage("keyed", tmp_path)
    ended = going.do("sign", ALDER)
    assert (ended.code, "--yes" in ended.err) == (2, True)
    assert "SHA-256" in ended.out
    assert not (going.mail / "alder.signature-1.json").exists()


def test_a_signer_sees_parties_policy_and_who_orders(tmp_path: Path) -> None:
    going = at_stage("keyed", tmp_path)
    shown = done(going.do("sign", ALDER, "--yes")).out
    for text in ("steward-1, Steward-1, steward, x 1", "http://alder.example", "contributors_min", "2026-01"):
        assert text in shown
    assert "The log is ordered by desk." in shown


def test_a_configuration_of_another_kind_is_not_written_over(tmp_path: Path) -> None:
    going = at_stage("founded", tmp_path)
    words = ("--dir", going.home(ALDER), "--mail", going.mail, "--listen")
    done(hanse("node", "config", *words, "127.0.0.1:8080"))
    refused(hanse("node", "config", *words, "127.0.0.1:8081"), "node.toml")


def test_one_command_at_a_time_works_with_a_key_file(tmp_path: Path) -> None:
    going = at_stage("draft", tmp_path)
    with locked(going.home(ONE) / "founding"):
        ended = going.do("key", ONE)
    assert (ended.code, "[locked]" in ended.err) == (1, True)
    done(going.do("key", ONE))
