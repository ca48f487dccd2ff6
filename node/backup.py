"""A copy of one party's node, taken while it runs, encrypted (ADR 0018); `node.restore` brings it back.

The copy is a tar in an age file (age-encryption.org, a passphrase): `age -d FILE | tar x` opens it too. The
first member says what the others are. A steward's sealing keys never go into it (protocol section 10).
"""

import gzip
import hashlib
import io
import json
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyrage

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import RejectedError
from node.bootstrap import DATABASE_FILE, KEYS_FILE, SEQUENCER_FILE
from node.files import OWNER_ONLY
from node.settings import NodeSettings, load_settings

EVIDENCE_FOLDER: Final = "evidence"
FORMAT: Final = "hanse-backup/1"
MANIFEST_FILE: Final = "manifest.json"
_UNBACKED_TABLES: Final = ("sealing_key",)


class BackupError(RejectedError):
    """A node that cannot be copied so, or a copy that cannot be restored; nothing was written."""

    code = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a copy holds: whose node, as of when, and size and SHA-256 (hex) of each file by its path."""

    party: str
    consortium: str
    made_at: datetime
    config: str
    files: Mapping[str, tuple[int, str]]

    def describe(self) -> dict[str, Any]:
        """Return the manifest as plain fields."""
        return {
            "format": FORMAT,
            "party": self.party,
            "consortium": self.consortium,
            "made_at": self.made_at.astimezone(UTC).isoformat(timespec="seconds"),
            "config": self.config,
            "files": {name: {"size": size, "sha256": digest} for name, (size, digest) in self.files.items()},
        }


def encrypt(packed: bytes, passphrase: str) -> bytes:
    """Return a copy as an age file; it takes a second, so that passphrases cannot be tried out quickly."""
    sealed: bytes = pyrage.passphrase.encrypt(packed, passphrase)
    return sealed


def decrypt(raw: bytes, passphrase: str) -> bytes:
    """Return what `encrypt` took; raises BackupError for another passphrase, or a changed file."""
    try:
        packed: bytes = pyrage.passphrase.decrypt(raw, passphrase)
    except pyrage.DecryptError:
        raise BackupError("another passphrase than the backup's, or a damaged file") from None
    return packed


def make_backup(config: Path, *, now: datetime) -> tuple[bytes, Manifest]:
    """Copy the node that a configuration file describes, which may run meanwhile; not encrypted yet.

    The databases are each as of one moment. Raises BackupError for a node whose files are not all below the
    configuration's folder, SettingsError for a configuration that no node can be run with.
    """
    settings = load_settings(config)
    if settings.database is not None:
        raise BackupError(
            "the node's database is PostgreSQL's: copy it with pg_dump, and the folder beside it"
        )
    with tempfile.TemporaryDirectory(dir=settings.folder, prefix=".backup-") as scratch:
        files = _files(config, settings, Path(scratch))
        manifest = Manifest(
            party=settings.party,
            consortium=parse_document(settings.consortium.read_bytes()).id,
            made_at=now,
            config=config.name,
            files={name: (len(raw), hashlib.sha256(raw).hexdigest()) for name, raw in files.items()},
        )
        return _pack(
            {MANIFEST_FILE: json.dumps(manifest.describe(), indent=1).encode(), **files}, now
        ), manifest


def read_backup(packed: bytes) -> tuple[Manifest, dict[str, bytes]]:
    """Return what a copy holds, every file compared with its hash; raises BackupError."""
    try:
        files = _unpack(packed)
        manifest = _parse_manifest(json.loads(files.pop(MANIFEST_FILE)))
    except (OSError, EOFError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise BackupError("not a backup of this format") from error
    found = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()}
    if found != manifest.files:
        raise BackupError("the files are not those that the manifest names")
    return manifest, files


def _files(config: Path, settings: NodeSettings, scratch: Path) -> dict[str, bytes]:
    """Return the files' contents by their paths below the configuration's folder."""
    if settings.database is not None:
        raise BackupError("this node's database is on a server: copy it with the server's own means")
    base = config.parent.resolve()
    plain = [config, settings.consortium, settings.genesis, settings.folder / KEYS_FILE]
    plain += sorted(path for path in (settings.folder / EVIDENCE_FOLDER).glob("*") if path.is_file())
    files = {_place(path, base): path.read_bytes() for path in plain}
    # The node's own copy of the log first: it never has more than its sequencer's.
    for name in (DATABASE_FILE, SEQUENCER_FILE):
        path = settings.folder / name
        if path.exists():
            files[_place(path, base)] = copy_database(path, scratch / name)
    return files


def _place(path: Path, base: Path) -> str:
    try:
        return path.resolve().relative_to(base).as_posix()
    except ValueError:
        raise BackupError("the node's files are not all below its configuration's folder") from None


def copy_database(path: Path, copy: Path) -> bytes:
    """Write a database's copy as of one moment, without what is never backed up; return its bytes."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        for table in _UNBACKED_TABLES:
            target.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        target.commit()
        # Deleted rows stand in free pages until then.
        target.execute("VACUUM")
    return copy.read_bytes()


def _pack(files: Mapping[str, bytes], now: datetime) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), OWNER_ONLY, int(now.timestamp())
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _unpack(packed: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            place = PurePosixPath(member.name)
            if content is None or place.is_absolute() or ".." in place.parts or member.name in files:
                raise ValueError("a member that no backup has")
            files[member.name] = content.read()
    return files


def _parse_manifest(content: dict[str, Any]) -> Manifest:
    if content["format"] != FORMAT:
        raise BackupError("a backup of another format; a newer version of this program made it")
    return Manifest(
        party=str(content["party"]),
        consortium=str(content["consortium"]),
        made_at=datetime.fromisoformat(content["made_at"]),
        config=str(content["config"]),
        files={name: (int(file["size"]), str(file["sha256"])) for name, file in content["files"].items()},
    )
