"""Putting one party's node together: what it refuses to start with, and how it ends."""

import os
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from support_net import CHEAP, PASSPHRASE, apart, free_ports, genesis_of, parties, write_node
from support_node import FIRST, MEMBERS

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium, demo_document
from hanse_ledger.checkpoint import parse_checkpoint
from hanse_ledger.codec import decode
from hanse_ledger.errors import LedgerError, NotAdmittedError, UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.note import parse_note
from hanse_ledger.proof import parse_proof
from hanse_ledger.tiles import decode_bundle
from node.apart import ApartNode
from node.clocks import system_entropy
from node.dealt_keys import write_dealt_keys
from node.errors import (
    KeyFileError,
    LockedError,
    NoPassphraseError,
    NotFoundError,
    PassphraseError,
    SettingsError,
)
from node.keystore import Secrets, draw_seeds, open_keys, replace_keys
from node.laststop import STOPPED_FILE, last_stop
from node.own import verbs
from node.passphrase import Passphrase
from node.roles.witness import Witness
from node.settings import NodeSettings, load_settings
from node.storage.database import Database
from node.storage.log import LogStore
from node.wire import reply_of

ALDER = MEMBERS[0]


@pytest.fixture(scope="module")
def founded() -> DemoConsortium:
    names = parties(list(MEMBERS[:4]))
    return apart(list(MEMBERS[:4]), FIRST, dict(zip(names, free_ports(len(names)), strict=True)))


def settings_of(folder: Path, founded: DemoConsortium, party: PartyId = DESK_ID) -> NodeSettings:
    return load_settings(write_node(folder, founded, party, 0))


def own_checkpoint(node: ApartNode) -> bytes:
    """The newest checkpoint that the node itself holds, after it was at work."""
    with suppress(LedgerError):  # nobody is there to cosign
        reply_of(node.service._doors.node.post(node._party, verbs.WORK, b""), 30)
    with closing(Database(node._settings.place("node"))) as database:
        note = LogStore(database).checkpoint()
    if note is None:
        raise UnavailableError("the node holds no checkpoint")
    return note


def test_a_demo_s_document_is_refused(tmp_path: Path) -> None:
    demo = demo_document(
        members=MEMBERS[:4], currency="EUR", exponent=2, first_month=FIRST, entropy=system_entropy
    )
    with pytest.raises(NotAdmittedError):
        ApartNode(settings_of(tmp_path / "desk", demo))


def _another_party(settings: NodeSettings) -> NodeSettings:
    return settings.model_copy(update={"party": "birch"})


def _a_stranger(settings: NodeSettings) -> NodeSettings:
    return settings.model_copy(update={"party": "stranger"})


def _change_keys(settings: NodeSettings, change: Callable[[Secrets], Secrets]) -> NodeSettings:
    path, passphrase = settings.folder / "keys.json", Passphrase(PASSPHRASE.encode())
    replace_keys(path, change(open_keys(path, passphrase)), passphrase, os.urandom, CHEAP)
    return settings


def _no_log_key(settings: NodeSettings) -> NodeSettings:
    return _change_keys(settings, lambda keys: replace(keys, seeds=replace(keys.seeds, log=None)))


def _other_keys(settings: NodeSettings) -> NodeSettings:
    return _change_keys(settings, lambda keys: replace(keys, seeds=draw_seeds(os.urandom, orders=True)))


def _keys_of_another_party(settings: NodeSettings) -> NodeSettings:
    return _change_keys(settings, lambda keys: replace(keys, party=ALDER))


@pytest.mark.parametrize(
    "change", [_another_party, _a_stranger, _no_log_key, _other_keys, _keys_of_another_party]
)
def test_keys_that_do_not_fit_are_refused(
    tmp_path: Path, founded: DemoConsortium, change: Callable[[NodeSettings], NodeSettings]
) -> None:
    with pytest.raises(SettingsError):
        ApartNode(change(settings_of(tmp_path / "desk", founded)))


def test_a_key_file_in_clear_is_refused(tmp_path: Path, founded: DemoConsortium) -> None:
    settings = settings_of(tmp_path / "desk", founded)
    path = settings.folder / "keys.json"
    path.unlink()
    write_dealt_keys(path, founded.keys[DESK_ID])
    with pytest.raises(KeyFileError):
        ApartNode(settings)


def test_a_passphrase_that_does_not_open_the_keys_is_refused(
    tmp_path: Path, founded: DemoConsortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANSE_PASSPHRASE", raising=False)
    settings = settings_of(tmp_path / "desk", founded)
    (settings.folder / "passphrase").write_text("another passphrase")
    with pytest.raises(PassphraseError):
        ApartNode(settings)
    with pytest.raises(NoPassphraseError):
        ApartNode(settings.model_copy(update={"passphrase_file": None}))


def test_one_process_at_a_time(tmp_path: Path, founded: DemoConsortium) -> None:
    settings = settings_of(tmp_path / "desk", founded)
    with ApartNode(settings), pytest.raises(LockedError):
        ApartNode(settings)
    with ApartNode(settings) as node:
        assert node.service.is_running


def test_statements_outlive_the_node(tmp_path: Path, founded: DemoConsortium) -> None:
    settings = settings_of(tmp_path / "desk", founded)
    for _ in range(2):
        with ApartNode(settings) as node:
            assert decode(reply_of(node.service.submit(genesis_of(founded))), limit=16) == 0
            note = reply_of(node.service.checkpoint())
            assert parse_checkpoint(parse_note(note).text).size == 1
        assert not node.service.is_running
        with pytest.raises(LedgerError):
            reply_of(node.service.checkpoint())


def test_a_node_whose_sequencer_is_out_of_reach_goes_on(tmp_path: Path, founded: DemoConsortium) -> None:
    for party in (ALDER, STEWARDS[StewardX(1)]):
        with ApartNode(settings_of(tmp_path / party, founded, party)) as node:
            with pytest.raises(UnavailableError):
                reply_of(node.service.submit(b""), 30)
            with pytest.raises(LedgerError):
                own_checkpoint(node)
            assert node.service.health.status == "starting"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_genesis_of_another_consortium_stops_the_node(tmp_path: Path, founded: DemoConsortium) -> None:
    other = apart(list(MEMBERS[:4]), FIRST, dict.fromkeys(parties(list(MEMBERS[:4])), 1))
    settings = settings_of(tmp_path / ALDER, founded, ALDER)
    settings.genesis.write_bytes(genesis_of(replace(other, keys=other.keys)))
    with ApartNode(settings) as node:
        with pytest.raises(LedgerError):
            own_checkpoint(node)
        node._node._thread.join(10)
        assert node.service.health.status == "stopped"
    # Whoever starts it again, by a supervisor or by hand, is told.
    stopped = last_stop(settings.folder)
    assert stopped is not None
    assert stopped["why"] == "genesis: it founds another consortium than the document's"


def test_what_stopped_a_node_is_forgotten_once_it_ends_as_it_was_told(
    tmp_path: Path, founded: DemoConsortium
) -> None:
    settings = settings_of(tmp_path / "desk", founded)
    (settings.folder / STOPPED_FILE).write_text('{"at": "2026-11-22T05:00:00+00:00", "why": "why"}')
    with ApartNode(settings) as node:
        reply_of(node.service.submit(genesis_of(founded)))
        assert last_stop(settings.folder) is not None
    assert last_stop(settings.folder) is None


def test_a_new_node_has_the_checkpoint_over_its_genesis(tmp_path: Path, founded: DemoConsortium) -> None:
    with ApartNode(settings_of(tmp_path / "desk", founded)) as node:
        reply_of(node.service.submit(genesis_of(founded)))
        assert own_checkpoint(node) == reply_of(node.service.checkpoint())
        health = node.service.health
        assert (health.status, health.size, health.checkpoint_size, health.lag) == ("ok", 1, 1, 0)


def test_the_log_is_shown_while_the_node_is_busy(
    tmp_path: Path, founded: DemoConsortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = threading.Event(), threading.Event()

    def be_busy(_steward: object, _body: bytes) -> bytes:
        begun.set()
        assert end.wait(60)
        return b""

    with ApartNode(settings_of(tmp_path / "desk", founded)) as node:
        own_checkpoint(node)
        monkeypatch.setattr(Witness, "add_checkpoint", be_busy)
        busy = node.service.add_checkpoint(b"")
        try:
            assert begun.wait(30)
            service = node.service
            note = reply_of(service.checkpoint(), 30)
            assert parse_checkpoint(parse_note(note).text).size == 1
            assert decode_bundle(reply_of(service.tile("tile/entries/000.p/1"), 30), 1) == [
                genesis_of(founded)
            ]
            assert parse_proof(reply_of(service.proof(0), 30)).index == 0
            assert reply_of(service.policy(), 30).startswith(b"log ")
            with pytest.raises(NotFoundError):
                reply_of(service.cosigned(bytes(32)), 30)
            assert not busy.done()
        finally:
            end.set()
        assert reply_of(busy, 30) == b""
