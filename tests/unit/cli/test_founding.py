"""Founding by the commands alone, and everything that can go wrong on the way."""

from pathlib import Path

import pytest
from support_founding import (
    DESK,
    FOUNDERS,
    MEMBERS,
    STEEL,
    STEWARDS,
    Stage,
    at_stage,
    cheap_keys,
    done,
    hanse,
)

from consortium_config.founding import verify_genesis_body
from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.group import multiply_base, parse_scalar, scalar_bytes
from hanse_ledger.privacy.voprf import public_share
from hanse_ledger.statements import parse_statement
from node.apart import ApartNode
from node.settings import load_settings
from node.wire import reply_of

ONE, TWO, THREE, FOUR = STEWARDS
ALDER = MEMBERS[0]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)


def test_a_consortium_is_founded_by_the_commands_alone(tmp_path: Path) -> None:
    founded = at_stage("founded", tmp_path)
    body = parse_statement(founded.letter("genesis.cose")).body
    assert isinstance(body, Genesis)
    consortium = verify_genesis_body(body)
    assert consortium.raw == founded.letter("consortium.json")
    assert (consortium.id, set(consortium.parties), consortium.demo) == (STEEL, set(FOUNDERS), False)
    assert consortium.ordering == (DESK,)
    for party in FOUNDERS:
        done(founded.do("genesis", party, "--check"))


def test_every_steward_has_its_share_and_nobody_else_any(tmp_path: Path) -> None:
    founded = at_stage("founded", tmp_path)
    consortium = parse_document(founded.letter("consortium.json"))
    for party in FOUNDERS:
        secrets = founded.secrets(party)
        token_key = consortium.parties[party].token_key
        assert secrets.dkg_seed is None
        assert (secrets.key_share is None) is (token_key is None)
        if secrets.key_share is not None:
            assert public_share(secrets.key_share) == token_key


def test_no_secret_is_in_any_letter_nor_in_clear_at_home(tmp_path: Path) -> None:
    founded = at_stage("founded", tmp_path)
    shares = {party: founded.secrets(party).key_share for party in STEWARDS}
    one, two = (parse_scalar(shares[party] or b"") for party in (ONE, TWO))
    k = 2 * one - two  # the line through x = 1 and 2, at 0
    assert multiply_base(k + (two - one) * 3) == public_share(shares[THREE] or b"")
    secrets = [scalar_bytes(k), *(share or b"" for share in shares.values())]
    secrets += [founded.secrets(party).seeds.statement for party in FOUNDERS]
    for path in founded.folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not [one for one in secrets if one in raw or one.hex().encode() in raw], path


def test_a_node_runs_on_what_was_founded(tmp_path: Path) -> None:
    founded = at_stage("founded", tmp_path)
    words = ("--mail", founded.mail, "--listen", "127.0.0.1:0")
    for _ in range(2):
        done(hanse("node", "config", "--dir", founded.home(DESK), *words))
    with ApartNode(load_settings(founded.home(DESK) / "node.toml")) as node:
        reply_of(node.service.submit(founded.letter("genesis.cose")))
        assert reply_of(node.service.checkpoint(), 30)
    step = done(founded.do("next", DESK, "--json")).document
    assert (step["step"], step["command"]) == ("done", None)


def test_every_step_twice_changes_nothing(tmp_path: Path) -> None:
    founded = at_stage("founded", tmp_path)
    before = {path.name: path.read_bytes() for path in founded.mail.iterdir()}
    for party in FOUNDERS:
        done(founded.new(party))
    done(founded.make_draft())
    founded.all_keys()
    for party in FOUNDERS:
        done(founded.do("sign", party, "--yes"))
    done(founded.do("genesis", DESK))
    assert {path.name: path.read_bytes() for path in founded.mail.iterdir()} == before


@pytest.mark.parametrize(
    ("stage", "step", "commands"),
    [
        ("cards", "draft", {ALDER: "draft", ONE: "draft"}),
        ("draft", "key", {ALDER: None, ONE: "key"}),
        ("committed", "key", {ONE: "key", FOUR: None}),
        ("dealt", "key", {ONE: "key", THREE: None}),
        ("keyed", "sign", {ALDER: "sign", ONE: "sign"}),
        ("signed", "genesis", {ALDER: None, DESK: "genesis"}),
        ("founded", "node", {ALDER: "config"}),
    ],
)
def test_next_says_whose_turn_it_is(
    tmp_path: Path, stage: Stage, step: str, commands: dict[PartyId, str | None]
) -> None:
    going = at_stage(stage, tmp_path)
    for party, command in commands.items():
        said = done(going.do("next", party, "--json")).document
        assert said["step"] == step
        assert (said["command"] or "").split(" ")[2:3] == ([command] if command else [])
    english, chinese = (
        done(hanse("--lang", language, "consortium", "next", "--mail", going.mail)).out
        for language in ("en", "zh-CN")
    )
    assert "alder" in english
    assert "alder" in chinese
    assert "目前各方" in chinese
