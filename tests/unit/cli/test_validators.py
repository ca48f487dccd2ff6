"""Founding a consortium whose stewards agree on the order, and the folders of their CometBFT."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_agreeing import Agreeing
from support_founding import DESK, FOUNDERS, MEMBERS, STEWARDS, cheap_keys, done, hanse

from consortium_config.cards import parse_signed_card
from hanse_ledger.consortium import parse_document
from node.errors import SettingsError
from node.sequencing.cometbft.home import chain_id, check_home
from node.settings import load_settings

ONE = STEWARDS[0]
STATE = "data/priv_validator_state.json"


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agreeing]:
    with pytest.MonkeyPatch.context() as patch:
        cheap_keys(patch)
        going = Agreeing(
            tmp_path_factory.mktemp("agreed"),
            urls={party: f"http://{party}.example" for party in FOUNDERS},
            peers={party: f"10.0.0.{party[-1]}:26656" for party in STEWARDS},
            listens=dict.fromkeys(FOUNDERS, "127.0.0.1:0"),
        )
        going.found()
        for party in STEWARDS:
            done(going.configure(party, "--peer-listen", "0.0.0.0:26656"))
        done(going.configure(DESK))
        yield going


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)


def test_every_validator_knows_the_same_genesis_and_where_the_others_are(agreed: Agreeing) -> None:
    made = {party: done(agreed.init(party, "--json")).document for party in STEWARDS}
    assert [one["validators"] for one in made.values()] == [list(STEWARDS)] * 4
    homes = {party: Path(one["home"]) for party, one in made.items()}
    assert len({(home / "config/genesis.json").read_bytes() for home in homes.values()}) == 1
    for party, home in homes.items():
        config = tomllib.loads((home / "config/config.toml").read_text())
        others = [f"{made[o]['node_id']}@10.0.0.{o[-1]}:26656" for o in STEWARDS if o != party]
        assert config["p2p"]["persistent_peers"].split(",") == others
        assert config["p2p"]["laddr"] == "tcp://0.0.0.0:26656"
        assert config["consensus"]["create_empty_blocks"] is False
    keys = {
        json.loads((home / "config/priv_validator_key.json").read_text())["address"]
        for home in homes.values()
    }
    genesis = json.loads((homes[ONE] / "config/genesis.json").read_text())
    assert {one["address"] for one in genesis["validators"]} == keys
    assert {one["power"] for one in genesis["validators"]} == {"10"}


def test_what_was_signed_last_is_never_written_again(agreed: Agreeing) -> None:
    home = Path(done(agreed.init(ONE, "--json")).document["home"])
    went_on = b'{"height": "7", "round": 0, "step": 3}'
    (home / STATE).write_bytes(went_on)
    config = home / "config/config.toml"
    written = config.read_bytes()
    config.write_text("changed by hand")
    done(agreed.init(ONE))
    assert (home / STATE).read_bytes() == went_on
    assert config.read_bytes() == written


@pytest.mark.parametrize("name", [STATE, "config/priv_validator_key.json", "config/genesis.json"])
def test_a_validator_without_a_file_of_its_folder_does_not_start(agreed: Agreeing, name: str) -> None:
    home = Path(done(agreed.init(ONE, "--json")).document["home"])
    settings = load_settings(agreed.home(ONE) / "node.toml")
    document = parse_document(settings.consortium.read_bytes())
    key = document.parties[ONE].log_key or b""
    check_home(home, document, [key])
    raw = (home / name).read_bytes()
    (home / name).unlink()
    try:
        with pytest.raises(SettingsError, match=Path(name).name):
            check_home(home, document, [key])
    finally:
        (home / name).write_bytes(raw)
    with pytest.raises(SettingsError, match="not this party's log key"):
        check_home(home, document, [bytes(32)])


def test_a_folder_of_another_consortium_is_refused(agreed: Agreeing) -> None:
    home = Path(done(agreed.init(ONE, "--json")).document["home"])
    document = parse_document((agreed.home(ONE) / "consortium.json").read_bytes())
    genesis = home / "config/genesis.json"
    raw = genesis.read_bytes()
    genesis.write_bytes(raw.replace(chain_id(document).encode(), b"hanse-" + b"0" * 44))
    try:
        with pytest.raises(SettingsError, match="another consortium's"):
            check_home(home, document, [document.parties[ONE].log_key or b""])
        genesis.write_bytes(raw[: len(raw) // 2])
        with pytest.raises(SettingsError, match=r"genesis\.json is damaged"):
            check_home(home, document, [document.parties[ONE].log_key or b""])
    finally:
        genesis.write_bytes(raw)


def test_a_card_without_a_place_of_its_cometbft_is_named(agreed: Agreeing, tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    for party in STEWARDS:
        (cards / f"{party}.card.json").write_bytes(agreed.letter(f"{party}.card.json"))
    (cards / "steward-3.card.json").unlink()
    config = agreed.home(ONE) / "node.toml"
    ended = hanse("node", "init-cometbft", "--config", config, "--cards", cards)
    assert ended.code != 0
    assert "steward-3" in ended.err


def test_who_does_not_agree_has_no_cometbft(agreed: Agreeing) -> None:
    ended = agreed.init(DESK)
    assert ended.code != 0
    assert "where CometBFT listens" in ended.err


def test_a_place_for_other_validators_is_for_those_that_order(agreed: Agreeing) -> None:
    ended = agreed.new(MEMBERS[0], "--peer", "10.0.0.9:26656")
    assert ended.code != 0
    assert "--orders" in ended.err


@pytest.mark.parametrize("peer", ["nowhere", "10.0.0.1", "a,b:1", "10.0.0.1:port"])
def test_a_place_that_is_none_makes_no_card(tmp_path: Path, peer: str) -> None:
    words = ("--consortium", "hanse.example/steel", "--party", "extra", "--name", "Extra", "--role", "member")
    folders = ("--dir", tmp_path / "extra", "--mail", tmp_path)
    ended = hanse("party", "new", *folders, *words, "--orders", "--peer", peer)
    assert ended.code != 0
    assert not list(tmp_path.glob("*.card.json"))


def test_one_that_is_voted_in_has_the_chain_of_the_founding_and_knows_all(agreed: Agreeing) -> None:
    elm, post = "elm", agreed.folder / "post"
    words = ("--consortium", "hanse.example/steel", "--party", elm, "--name", "Elm", "--role", "observer")
    made = ("--dir", agreed.home(elm), "--mail", post, *words, "--orders", "--peer", "10.0.0.9:26656")
    done(hanse("party", "new", *made))
    following = agreed.folder / "next.json"
    card = post / "elm.card.json"
    change = ("consortium", "change", "--dir", agreed.home(ONE), following, "--card", card, "--orders", elm)
    done(hanse(*change))
    for name, source in (("genesis.cose", agreed.mail / "genesis.cose"), ("consortium.json", following)):
        (agreed.home(elm) / name).write_bytes(source.read_bytes())
    config = (agreed.home(ONE) / "node.toml").read_text().replace('"steward-1"', '"elm"')
    (agreed.home(elm) / "node.toml").write_text(config)
    (agreed.mail / "elm.card.json").write_bytes(card.read_bytes())
    try:
        found = done(agreed.init(elm, "--json")).document
    finally:
        (agreed.mail / "elm.card.json").unlink()
    assert found["validators"] == [*STEWARDS, elm]
    home, founding = Path(found["home"]), parse_document((agreed.home(ONE) / "consortium.json").read_bytes())
    genesis = json.loads((home / "config/genesis.json").read_text())
    assert genesis["chain_id"] == chain_id(founding)
    assert [one["name"] for one in genesis["validators"]] == list(STEWARDS)
    config = tomllib.loads((home / "config/config.toml").read_text())["p2p"]["persistent_peers"]
    assert [peer.partition("@")[2] for peer in config.split(",")] == [
        f"10.0.0.{n}:26656" for n in range(1, 5)
    ]


def test_a_party_whose_node_runs_is_made_ready_before_the_vote(agreed: Agreeing) -> None:
    birch, peer = MEMBERS[1], "10.0.0.9:26656"
    done(agreed.configure(birch, "--peer-listen", "0.0.0.0:26656"))
    rotate = ("keys", "rotate", "--dir", agreed.home(birch))
    assert "--log-key" in hanse(*rotate, "--peer", peer).err
    card = Path(done(hanse(*rotate, "--log-key", "--peer", peer, "--json")).document["card"])
    following = agreed.folder / "running.json"
    change = ("consortium", "change", "--dir", agreed.home(ONE), following, "--card", card)
    done(hanse(*change, "--orders", birch))
    assert "no log key" in agreed.init(birch).err
    assert birch in agreed.init(birch, "--next", str(following)).err
    stranger = agreed.folder / "stranger.json"
    stranger.write_bytes(following.read_bytes().replace(b"hanse.example/steel", b"hanse.example/stone"))
    assert "[consortium_document]" in agreed.init(birch, "--next", str(stranger)).err
    (agreed.mail / card.name).write_bytes(card.read_bytes())
    try:
        found = done(agreed.init(birch, "--next", str(following), "--json")).document
    finally:
        (agreed.mail / card.name).unlink()
    assert found["validators"] == [*STEWARDS, birch]
    assert parse_signed_card(card.read_bytes()).card.peer == f"{found['node_id']}@{peer}"


def test_another_key_for_ordering_is_made_with_the_others(agreed: Agreeing) -> None:
    party, named = STEWARDS[3], parse_document((agreed.home(ONE) / "consortium.json").read_bytes())
    for _ in range(2):
        ended = done(hanse("keys", "rotate", "--dir", agreed.home(party), "--log-key", "--json")).document
    card = parse_signed_card(Path(ended["card"]).read_bytes()).card
    uses = {(key["use"], key["set"]): key for key in ended["keys"]}
    assert uses["log", "next"]["public"] == (card.log_key or b"").hex()
    assert uses["log", "now"]["public"] == (named.parties[party].log_key or b"").hex()
    assert card.log_key != named.parties[party].log_key
    # No document names it yet: nothing may be forgotten.
    assert "[key_rotation]" in hanse("keys", "rotate", "--finish", "--dir", agreed.home(party)).err
