"""Copying one party's node and bringing it back: what goes into a copy, and what is refused."""

import gzip
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_net import apart, free_ports, genesis_of, parties, write_node
from support_node import FIRST, MEMBERS

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium
from hanse_ledger.ids import PartyId, StewardX
from node.apart import ApartNode
from node.backup import BackupError, decrypt, encrypt, make_backup, read_backup
from node.errors import SettingsError
from node.restore import unpacked
from node.settings import load_settings
from node.storage.database import Database
from node.storage.schema import opened, sealing_key
from node.wire import reply_of

ALDER, STEWARD = MEMBERS[0], STEWARDS[StewardX(1)]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLAIN = {"node.toml", "consortium.json", "genesis.cose", "keys.json", "node.sqlite"}
SECRET = b"a sealing key's private part, which no copy may hold"


@pytest.fixture(scope="module")
def founded() -> DemoConsortium:
    names = parties(list(MEMBERS[:4]))
    return apart(list(MEMBERS[:4]), FIRST, dict(zip(names, free_ports(len(names)), strict=True)))


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, founded: DemoConsortium) -> Path:
    """Configuration of a desk that has run and holds its own log."""
    config = write_node(tmp_path_factory.mktemp("used") / "desk", founded, DESK_ID, 0)
    with ApartNode(load_settings(config)) as node:
        reply_of(node.service.submit(genesis_of(founded)))
    return config


@pytest.fixture
def desk(tmp_path: Path, used: Path) -> Path:
    """Configuration of a copy of it."""
    return Path(shutil.copytree(used.parent, tmp_path / "desk")) / used.name


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_stopped_node_comes_back_with_every_file(desk: Path, tmp_path: Path) -> None:
    packed, manifest = make_backup(desk, now=NOW)
    assert (manifest.party, set(manifest.files)) == (DESK_ID, PLAIN | {"sequencer.sqlite"})
    home = tmp_path / "home"
    with unpacked(packed, home) as (again, settings):
        assert again == manifest
        assert settings.party == DESK_ID
        assert not home.exists()
    before, after = contents(desk.parent), contents(home)
    assert {name: after[name] for name in PLAIN - {"node.sqlite"}} == {
        name: before[name] for name in PLAIN - {"node.sqlite"}
    }
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}
    assert home.stat().st_mode & 0o777 == 0o700
    shutil.copy(desk.parent / "passphrase", home)
    with ApartNode(load_settings(home / "node.toml")) as node:
        assert b"hanse.example" in reply_of(node.service.checkpoint())


def test_a_running_node_is_copied(desk: Path, tmp_path: Path) -> None:
    with ApartNode(load_settings(desk)) as node:
        packed, _ = make_backup(desk, now=NOW)
        note = reply_of(node.service.checkpoint())
    with unpacked(packed, tmp_path / "home"):
        pass
    shutil.copy(desk.parent / "passphrase", tmp_path / "home")
    with ApartNode(load_settings(tmp_path / "home" / "node.toml")) as node:
        assert reply_of(node.service.checkpoint()) == note
    # Nothing is left beside the node's own files.
    assert not [path for path in desk.parent.iterdir() if "backup" in path.name]


def test_a_steward_s_sealing_keys_stay_and_its_opened_shares_go(
    tmp_path: Path, founded: DemoConsortium
) -> None:
    config = write_node(tmp_path / STEWARD, founded, STEWARD, 0)
    with closing(Database(config.parent / "node.sqlite")) as database, database.write() as connection:
        key = {"key_id": b"id", "first_month": 1, "private": SECRET, "signed": b"signed"}
        connection.execute(sealing_key.insert(), key)
        share = {"entry": 1, "member": ALDER, "validity": b"\xf6", "share": b"an opened share"}
        connection.execute(opened.insert(), share)
    packed, _ = make_backup(config, now=NOW)
    _, files = read_backup(packed)
    assert SECRET in contents(config.parent)["node.sqlite"] + contents(config.parent).get(
        "node.sqlite-wal", b""
    )
    assert not [name for name, content in files.items() if SECRET in content]
    assert b"an opened share" in files["node.sqlite"]


def test_the_passphrase_is_needed(desk: Path) -> None:
    packed, _ = make_backup(desk, now=NOW)
    raw = encrypt(packed, "right")
    # The documented form: `age -d` opens it too.
    assert raw.startswith(b"age-encryption.org/v1\n-> scrypt ")
    assert decrypt(raw, "right") == packed
    with pytest.raises(BackupError):
        decrypt(raw, "wrong")
    with pytest.raises(BackupError):
        decrypt(raw[:-1] + bytes([raw[-1] ^ 1]), "right")
    with pytest.raises(BackupError):
        decrypt(packed, "right")


def test_files_elsewhere_are_refused(desk: Path, tmp_path: Path) -> None:
    aside = tmp_path / "consortium.json"
    (desk.parent / "consortium.json").rename(aside)
    desk.write_text(desk.read_text().replace('"consortium.json"', json.dumps(str(aside))))
    with pytest.raises(BackupError):
        make_backup(desk, now=NOW)


def test_a_configuration_that_runs_no_node_is_refused(desk: Path) -> None:
    desk.write_text("party = 1\n")
    with pytest.raises(SettingsError):
        make_backup(desk, now=NOW)


def repacked(packed: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """Return a copy with other members; their hashes in the manifest are made to fit."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
        for member in tar:
            stored = tar.extractfile(member)
            assert stored is not None
            files[member.name] = stored.read()
    change(files)
    changed = io.BytesIO()
    with tarfile.open(fileobj=changed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return changed.getvalue()


def named_anew(name: str, content: bytes | None) -> Callable[[dict[str, bytes]], None]:
    """Change a member and what the manifest says of it, as a forger would."""

    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        if content is None:
            del files[name], manifest["files"][name]
        else:
            files[name] = content
            digest = hashlib.sha256(content).hexdigest()
            manifest["files"][name] = {"size": len(content), "sha256": digest}
        files["manifest.json"] = json.dumps(manifest).encode()

    return change


def _a_byte_more(files: dict[str, bytes]) -> None:
    files["genesis.cose"] += b"\0"


def _a_file_more(files: dict[str, bytes]) -> None:
    files["more"] = b""


def _another_format(files: dict[str, bytes]) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b"hanse-backup/1", b"hanse-backup/2")


def _another_party(files: dict[str, bytes]) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b'"desk"', b'"alder"')


@pytest.mark.parametrize(
    "change",
    [
        _a_byte_more,
        _a_file_more,
        _another_format,
        _another_party,
        named_anew("consortium.json", b"{}"),
        named_anew("consortium.json", None),
        named_anew("node.toml", b"party ="),
        named_anew("node.sqlite", b"not a database, though its hash is right"),
        named_anew("../escaped", b""),
        named_anew("/escaped", b""),
    ],
)
def test_a_changed_copy_restores_nothing(
    desk: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    packed, _ = make_backup(desk, now=NOW)
    home = tmp_path / "below" / "home"
    with pytest.raises(BackupError), unpacked(repacked(packed, change), home):
        pytest.fail("nothing may be handed on")
    assert list(home.parent.iterdir() if home.parent.exists() else []) == []


def test_a_torn_database_is_refused(desk: Path, tmp_path: Path) -> None:
    packed, _ = make_backup(desk, now=NOW)
    _, files = read_backup(packed)
    torn = bytearray(files["node.sqlite"])
    torn[4096:8192] = bytes(4096)
    with (
        pytest.raises(BackupError),
        unpacked(repacked(packed, named_anew("node.sqlite", bytes(torn))), tmp_path / "home"),
    ):
        pytest.fail("nothing may be handed on")


def test_not_over_what_is_there(desk: Path, tmp_path: Path) -> None:
    packed, _ = make_backup(desk, now=NOW)
    before = contents(desk.parent)
    with pytest.raises(BackupError), unpacked(packed, desk.parent):
        pytest.fail("nothing may be handed on")
    assert contents(desk.parent) == before
    (tmp_path / "empty").mkdir()
    with unpacked(packed, tmp_path / "empty"):
        pass
    assert (tmp_path / "empty" / "node.sqlite").exists()


def test_what_fails_on_the_way_leaves_nothing(desk: Path, tmp_path: Path) -> None:
    packed, _ = make_backup(desk, now=NOW)

    class LostError(Exception):
        pass

    with pytest.raises(LostError), unpacked(packed, tmp_path / "below" / "home"):
        raise LostError
    assert list((tmp_path / "below").iterdir()) == []


def test_a_copy_waits_for_no_writer(desk: Path) -> None:
    """A writer in the middle of a transaction neither stops the copy nor gets into it."""
    with closing(sqlite3.connect(desk.parent / "node.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM log_entry")
        packed, _ = make_backup(desk, now=NOW)
        writer.execute("ROLLBACK")
    _, files = read_backup(packed)
    assert files["node.sqlite"].startswith(b"SQLite format 3\0")
    assert b"application/vnd.hanse.genesis+cbor" in files["node.sqlite"]


def test_party_ids_are_those_of_the_copy(desk: Path) -> None:
    _, manifest = make_backup(desk, now=NOW)
    assert PartyId(manifest.party) == DESK_ID
    assert manifest.made_at == NOW
