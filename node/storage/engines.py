"""What kinds of database have in common: an engine that says nothing of what it carries."""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL

_LOGGING_NAME: Final = "hanse"

GONE: Final = "the node's database is out of reach"
BUSY: Final = "the node's database is busy"
FULL: Final = "the disk of the node's database is full"
FAILING: Final = "the node's database cannot read or write its disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Where a node's tables are in a PostgreSQL database: `url` as SQLAlchemy writes it, and a schema."""

    url: URL
    name: str


Place: TypeAlias = Path | Schema
"""Where a database is: an SQLite file, or a schema of a PostgreSQL database."""


class Kind(Protocol):
    """One kind of database: how transactions are begun, and what may go wrong and right again by itself."""

    engine: Engine
    driver_error: type[Exception]
    """What the driver raises by itself."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that sees one state, changes nothing."""
        ...

    def writing(self, *, durable: bool) -> AbstractContextManager[Connection]:
        """Begin a transaction that alone may write, and commit it; `durable` waits for the disk."""
        ...

    @property
    def session(self) -> int:
        """Changes when what was written last, but not durably, may be lost."""
        ...

    def forget(self) -> None:
        """Leave nothing of what was deleted and committed in the database's files, as far as this can."""
        ...

    def open(self, *, alone: bool) -> None:
        """Reach the database; `alone` keeps other writers out until it is closed, or raises LockedError."""
        ...

    def passing(self, error: BaseException | None) -> str | None:
        """Return a sentence for a driver's error that may go away by itself, None for a fault."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def new_engine(url: URL, **options: Any) -> Engine:
    """Return an engine: no value of a statement or a row is ever in its errors or logs."""
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOGGING_NAME}").addFilter(_holds_no_row)
    return create_engine(url, hide_parameters=True, logging_name=_LOGGING_NAME, **options)


def _holds_no_row(record: logging.LogRecord) -> bool:
    """Say whether a record may pass: SQLAlchemy writes the rows that it reads at DEBUG."""
    return record.levelno > logging.DEBUG
