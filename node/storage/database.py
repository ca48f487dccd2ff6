"""A node's own database: SQLAlchemy Core over SQLite or PostgreSQL, which mean the same here (ADR 0013).

What a committed `write` holds survives a crash and a loss of power, unless it says otherwise; what was not
committed is gone as a whole. One thread uses a `Database` at a time.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, CursorResult, inspect, select
from sqlalchemy.exc import DBAPIError

from hanse_ledger.errors import UnavailableError
from node.storage.engines import Kind, Place, Schema
from node.storage.schema import REVISION
from node.storage.sqlite import SQLite
from node.storage.tables import create_all, version

_log = logging.getLogger(__name__)

Moment: TypeAlias = Literal["before", "in", "after"]
Probe: TypeAlias = Callable[[Moment], None]
"""Called around every durable write; a fault injector raises in it."""


def _no_probe(_: Moment) -> None:
    """Let every write pass."""


class Database:
    """Reads and durable writes of one node. Opening it brings the schema up to date.

    A database that is out of reach, full or busy raises UnavailableError, and is asked anew at the next call.
    """

    def __init__(self, place: Place, *, probe: Probe = _no_probe, alone: bool = False) -> None:
        """Open the database.

        With `alone` no other process writes to it until it is closed: raises LockedError when one does. For a
        file that is left to the lock on its folder.
        """
        self._probe = probe
        self._kind = _kind_of(place)
        try:
            with self._telling():
                self._kind.open(alone=alone)
                self._migrate()
        except BaseException:  # whatever it is, the file is let go
            self.close()
            raise

    @property
    def session(self) -> int:
        """A number that changes when writes which were not durable may be lost while the program lives.

        Who keeps in memory what such writes have stored reads it again then. Raises UnavailableError as long
        as the database that was lost cannot be written to.
        """
        with self._telling():
            return self._kind.session

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and changes nothing."""
        with self._telling(), self._kind.reading() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Give a connection whose changes become durable together, when the block ends without an error.

        With `durable` false they survive the end of the program at once, and a loss of power as a whole or
        not at all, surely from the next durable write on: for what can be had again from others.
        """
        self._probe("before")
        with self._telling(), self._kind.writing(durable=durable) as connection:
            yield connection
            self._probe("in")
        self._probe("after")

    def forget(self) -> None:
        """Leave nothing of what was destroyed in the database's files, as far as its kind can.

        For keys, seeds and shares, after the `write` that deletes them. A crash before it loses nothing: the
        files hold them until the database brings its log of writes in by itself, or this is called again.
        """
        with self._telling():
            self._kind.forget()

    def close(self) -> None:
        """Let go of the database."""
        self._kind.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Let what may go away by itself come out as UnavailableError; a fault stays what it is."""
        try:
            yield
        except (DBAPIError, self._kind.driver_error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            sentence = self._kind.passing(cause)
            if sentence is None:
                raise
            _log.warning("%s: %s", sentence, cause)
            raise UnavailableError(sentence) from error

    def _migrate(self) -> None:
        """Bring the schema to the newest revision; one that this program does not know stops the node."""
        current = _revision(self._kind)
        if current == REVISION:
            return
        if current is None:
            with self._kind.writing(durable=True) as connection:
                create_all(connection, REVISION)
            return
        # Alembic is a tenth of a command's start, and needed by older databases alone.
        from node.storage.migrate import upgrade  # noqa: PLC0415

        with self._kind.writing(durable=True) as connection:
            upgrade(connection, current)


def stored_revision(place: Place) -> str | None:
    """Return the revision of a database's tables as they are, None where there are none yet."""
    kind = _kind_of(place)
    try:
        kind.open(alone=False)
        return _revision(kind)
    finally:
        kind.close()


def _revision(kind: Kind) -> str | None:
    with kind.reading() as connection:
        is_made = inspect(connection).has_table(version.name)
        return connection.execute(select(version.c.version_num)).scalar() if is_made else None


def inserted_id(result: CursorResult[Any]) -> int:
    """Return the number that an insert gave its row."""
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("the insert was not of one row")
    return int(key[0])


def _kind_of(place: Place) -> Kind:
    if not isinstance(place, Schema):
        return SQLite(place)
    # The driver is a part of a command's start, and needed by nodes with PostgreSQL alone.
    from node.storage.postgresql import PostgreSQL  # noqa: PLC0415

    return PostgreSQL(place)
