"""SQLite in WAL mode with `synchronous=FULL`: a file in the node's folder."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL

from node.storage.engines import BUSY, FAILING, FULL, new_engine

_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    # What is deleted is overwritten with zeros: some builds of SQLite have it so, others not.
    "secure_delete=ON",
)
_PASSING: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_IOERR: FAILING,
    sqlite3.SQLITE_CANTOPEN: FAILING,
    sqlite3.SQLITE_READONLY: FAILING,
    sqlite3.SQLITE_NOMEM: FAILING,
}
_PRIMARY_CODE: Final = 0xFF


class SQLite:
    """One file."""

    driver_error: type[Exception] = sqlite3.Error
    session = 0
    """A loss of power, which alone loses a write, ends the program too."""

    def __init__(self, path: Path) -> None:
        self.engine = new_engine(URL.create("sqlite", database=str(path)))
        event.listen(self.engine, "connect", _set_up)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that is rolled back."""
        with self.engine.connect() as connection:
            _drive(connection, "BEGIN")
            yield connection

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[Connection]:
        """Begin a transaction that has the file's one lock for writing."""
        with self.engine.connect() as connection:
            # In WAL mode NORMAL differs from FULL in one thing: a commit does not wait for the disk.
            _drive(connection, f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with connection.begin():
                # The lock is taken at once, so that what is read first is what is changed.
                _drive(connection, "BEGIN IMMEDIATE")
                yield connection

    def forget(self) -> None:
        """Bring the log of writes into the file, and empty it: until then both hold what was deleted.

        Where somebody reads an older state for longer than ten seconds, that is left to a later write.
        """
        with self.engine.connect() as connection:
            _drive(connection, "PRAGMA wal_checkpoint(TRUNCATE)")

    def open(self, *, alone: bool) -> None:
        """Do nothing: what keeps others out is the lock on the folder (`node.files.locked`)."""

    def passing(self, error: BaseException | None) -> str | None:
        """Return the sentence for a full or failing disk, or another's lock."""
        code = getattr(error, "sqlite_errorcode", 0)
        return _PASSING.get(code & _PRIMARY_CODE)

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def _set_up(connection: Any, _record: object) -> None:
    # We begin transactions ourselves (`_drive`); the driver's own way would begin them late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _drive(connection: Connection, sql: str) -> None:
    """Run a word of the driver's own, such as BEGIN: a listener would cost time at every statement."""
    driver: Any = connection.connection.driver_connection
    driver.execute(sql)
