"""A node's own database: SQLAlchemy over SQLite in WAL mode with `synchronous=FULL`.

What a committed `write` holds survives a crash and a loss of power, unless it says otherwise; what was not
committed is gone as a whole. One node's thread uses a `Database` at a time.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, CursorResult, Engine, column, create_engine, event, inspect, select, table
from sqlalchemy.engine import URL

from node.storage.schema import REVISION

_VERSION: Final = table("alembic_version", column("version_num"))
_LOGGING_NAME: Final = "hanse"

Moment: TypeAlias = Literal["before", "in", "after"]
Probe: TypeAlias = Callable[[Moment], None]
"""Called around every durable write; a fault injector raises in it."""


def _no_probe(_: Moment) -> None:
    """Let every write pass."""


class Database:
    """Reads and durable writes of one node. Opening it brings the schema up to date."""

    def __init__(self, path: Path, *, probe: Probe = _no_probe) -> None:
        self._probe = probe
        self._engine = _sqlite_engine(path)
        _migrate(self._engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and changes nothing."""
        with self._engine.connect() as connection:
            _drive(connection, "BEGIN")
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Give a connection whose changes become durable together, when the block ends without an error.

        With `durable` false they survive the end of the program at once, and a loss of power as a whole or
        not at all, surely from the next durable write on: for what can be had again from others.
        """
        self._probe("before")
        with self._engine.connect() as connection:
            # In WAL mode NORMAL differs from FULL in one thing: a commit does not wait for the disk.
            _drive(connection, f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with connection.begin():
                # The lock is taken at once, so that what is read first is what is changed.
                _drive(connection, "BEGIN IMMEDIATE")
                yield connection
                self._probe("in")
        self._probe("after")

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def inserted_id(result: CursorResult[Any]) -> int:
    """Return the number that an insert gave its row."""
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("the insert was not of one row")
    return int(key[0])


def _sqlite_engine(path: Path) -> Engine:
    # No value of a statement or a row is ever in an error or a log, whatever level somebody sets.
    engine = create_engine(
        URL.create("sqlite", database=str(path)), hide_parameters=True, logging_name=_LOGGING_NAME
    )
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOGGING_NAME}").addFilter(_holds_no_row)

    @event.listens_for(engine, "connect")
    def set_up(dbapi_connection: Any, _record: object) -> None:
        # We begin transactions ourselves (`_drive`); the driver's own way would begin them late.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _holds_no_row(record: logging.LogRecord) -> bool:
    """Say whether a record may pass: SQLAlchemy writes the rows that it reads at DEBUG."""
    return record.levelno > logging.DEBUG


def _drive(connection: Connection, sql: str) -> None:
    """Run a word of the driver's own, such as BEGIN: a listener would cost time at every statement."""
    driver: Any = connection.connection.driver_connection
    driver.execute(sql)


def _migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; one that this program does not know stops the node."""
    with engine.connect() as connection:
        is_made = inspect(connection).has_table(_VERSION.name)
        current = connection.execute(select(_VERSION.c.version_num)).scalar() if is_made else None
    if current == REVISION:
        return
    # Alembic is a tenth of a command's start, and needed once in a database's life.
    from node.storage.migrate import upgrade  # noqa: PLC0415

    with engine.connect() as connection, connection.begin():
        _drive(connection, "BEGIN IMMEDIATE")
        upgrade(connection, current)
