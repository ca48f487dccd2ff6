"""Bringing a node back from a copy of it: whole or not at all, and never behind what it has signed already.

An old copy does not know what its node signed since. What others hold of the log tells it: a restored node
takes the log from them first, and cosigns nothing that does not extend it.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import CorruptionError, LedgerError, UnavailableError, VerificationError
from hanse_ledger.ids import PartyId
from hanse_ledger.merkle import EMPTY_ROOT
from hanse_ledger.note import parse_note
from node.backup import BackupError, Manifest, read_backup
from node.bootstrap import DATABASE_FILE, SEQUENCER_FILE
from node.files import OWNER_ONLY, write_new
from node.links.others import other_nodes
from node.links.sequencer import HttpSequencer
from node.ports import Sequencer
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.settings import NodeSettings, load_settings
from node.storage.database import Database

_DEADLINE_S: Final = 10.0
"""How long another node may take for each part of the log."""


@contextmanager
def unpacked(packed: bytes, home: Path) -> Iterator[tuple[Manifest, NodeSettings]]:
    """Write a copy's files beside `home` for the block, which then takes that place, whole or not at all.

    What can be checked is checked: hashes, configuration, document, databases. Raises BackupError, also where
    `home` holds anything already.
    """
    manifest, files = read_backup(packed)
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupError("the folder to restore to is not empty")
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=home.parent, prefix=f".{home.name}-"))
    try:
        _write(made, files)
        yield manifest, _checked(made, manifest)
        made.replace(home)
    except BaseException:  # an interrupt too leaves no half node
        shutil.rmtree(made)
        raise


def rejoin(settings: NodeSettings, others: Mapping[PartyId, Sequencer]) -> tuple[int, tuple[PartyId, ...]]:
    """Bring the copies of the log up to what other nodes hold; return how much was new, and who was heard.

    Afterwards this node cosigns nothing that does not extend the newest tree that it saw. Raises
    VerificationError for another tree than the copy's or another node's, UnavailableError when nobody is
    heard.
    """
    trusted = parse_document(settings.consortium.read_bytes())
    new, heard = 0, set[PartyId]()
    for name in (DATABASE_FILE, SEQUENCER_FILE):
        path = settings.folder / name
        if not path.exists():
            continue
        with closing(Database(path)) as database:
            replica = Replica(database)
            before = replica.state.size
            heard |= {party for party, log in others.items() if _takes(replica, log, trusted, party)}
            new = max(new, replica.state.size - before)
            _keep_as_cosigned(replica, trusted)
    if not heard:
        raise UnavailableError("no other node of the consortium is in reach to take the newest log from")
    return new, tuple(sorted(heard))


@contextmanager
def others_over_http(settings: NodeSettings) -> Iterator[dict[PartyId, Sequencer]]:
    """Give a way to the log at every other active party whose URL a setting or the document has."""
    with other_nodes(settings, _DEADLINE_S) as callers, ExitStack() as opened:
        yield {
            party: opened.enter_context(closing(HttpSequencer(caller))) for party, caller in callers.items()
        }


def _takes(replica: Replica, log: Sequencer, trusted: Consortium, party: PartyId) -> bool:
    """Take what another node has of the log; return whether it was in reach."""
    try:
        Follower(replica=replica, source=log, trusted=trusted).catch_up()
    except UnavailableError:
        return False
    except CorruptionError as error:
        raise VerificationError(f"{party}: {error}") from error
    return True


def _keep_as_cosigned(replica: Replica, trusted: Consortium) -> None:
    """Count the newest tree as cosigned: what was really cosigned since the copy is within it or forked."""
    note, size = replica.log.checkpoint(), replica.state.size
    last, _ = replica.log.last_cosigned(trusted.id) or (0, EMPTY_ROOT)
    if note is None or last >= size:
        return
    lines = b"".join(line.encode() for line in parse_note(note).signatures)
    replica.log.store_cosigned(
        origin=trusted.id, size=size, root=replica.root(size), lines=lines, expected_size=last
    )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that only their owner may read, and wait for the disk."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_new(path, content, OWNER_ONLY)


def _checked(folder: Path, manifest: Manifest) -> NodeSettings:
    """Return the configuration; raise BackupError for files that no node could be run with."""
    try:
        settings = load_settings(folder / manifest.config)
        consortium = parse_document(settings.consortium.read_bytes())
    except (LedgerError, OSError) as error:
        raise BackupError("its configuration or its consortium document does not hold") from error
    if (settings.party, consortium.id) != (manifest.party, manifest.consortium):
        raise BackupError("its configuration is another node's than the manifest says")
    for name in (DATABASE_FILE, SEQUENCER_FILE):
        path = settings.folder / name
        if path.exists():
            _check_database(path)
    return settings


def _check_database(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as database:
            verdict = database.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupError("a database in it cannot be read") from error
    if verdict != ("ok",):
        raise BackupError("a database in it is damaged")
