"""PostgreSQL 15 or newer behind `Database`: one schema of one database, for one node.

Two advisory locks of the schema: whoever writes holds one for the length of the transaction, and the node
that owns the schema the other for the life of a session. That session is the one by which this node writes,
so a lock that is lost takes the transaction with it: a schema never has two nodes.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from operator import itemgetter
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, ExceptionContext, Table, event, inspect
from sqlalchemy.exc import DBAPIError

from hanse_ledger.errors import CorruptionError, MalformedError, UnavailableError
from node.errors import LockedError, SettingsError
from node.storage.engines import BUSY, FAILING, FULL, GONE, Schema, new_engine

_VERSION_LEAST: Final = (15,)
_DRIVER: Final = "postgresql+psycopg"
# A server that has lost its client ends the session, and with it the lock, within a minute.
_SESSION: Final[Mapping[str, str]] = {
    "lock_timeout": "10s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_CONNECT: Final[Mapping[str, object]] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_NOT_A_LETTER: Final = "22021"
_COPIED_AS: Final[Mapping[str, str]] = {
    "big_integer": "int8",
    "boolean": "bool",
    "large_binary": "bytea",
    "string": "text",
}
_PASSING: Final[Mapping[str, str]] = {
    "08": GONE,
    "28": GONE,
    "3D": GONE,
    "57": GONE,
    "53100": FULL,
    "53": BUSY,
    "40": BUSY,
    "55": BUSY,
    "57014": BUSY,
    "58": FAILING,
}
"""Sentences by SQLSTATE, or by the two characters of its class."""


class PostgreSQL:
    """One schema."""

    driver_error: type[Exception] = psycopg.Error

    def __init__(self, place: Schema) -> None:
        self._schema = place.name
        self._node_lock, self._write_lock = _lock("node", place.name), _lock("write", place.name)
        self.engine = new_engine(
            place.url.set(drivername=_DRIVER).difference_update_query(["options"]),
            connect_args={
                **{name: value for name, value in _CONNECT.items() if name not in place.url.query},
                "autocommit": True,  # we begin transactions ourselves (`_drive`)
                "client_encoding": "utf8",
                "options": _options(place),
            },
            pool_pre_ping=True,
            use_native_hstore=False,
        )
        event.listen(self.engine, "handle_error", _without_values)
        self._held: Connection | None = None
        self._session = self._number = 0

    def open(self, *, alone: bool) -> None:
        """Check what server this is, make the schema where there is none, and take the lock."""
        with self.engine.connect() as connection:
            if (connection.dialect.server_version_info or ()) < _VERSION_LEAST:
                raise SettingsError("database: PostgreSQL 15 or newer is needed")
            if _drive(connection, "SHOW server_encoding") != "UTF8":
                raise SettingsError("database: its encoding must be UTF8")
            if not inspect(connection).has_schema(self._schema):
                _drive(connection, f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
        if alone:
            self._held = self._take_lock()
            self._number = _claim(self._held)

    @property
    def session(self) -> int:
        """How often the session that writes was lost."""
        if self._held is not None and self._held.invalidated:
            self._lock_again()
        return self._session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that sees one snapshot and may change nothing."""
        with self.engine.connect() as connection, connection.begin():
            _drive(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[Connection]:
        """Begin a transaction that alone writes to the schema."""
        # The lock is taken at once, so that what is read first is what is changed.
        begin = (
            f"BEGIN; SET LOCAL synchronous_commit TO {'on' if durable else 'off'};"
            f"SELECT pg_advisory_xact_lock({self._write_lock})"
        )
        with self._session_to_write() as connection, connection.begin():
            _drive(connection, begin)
            yield connection

    def forget(self) -> None:
        """Do nothing: the server's autovacuum gives the room to others, and overwrites nothing by itself."""

    def _session_to_write(self) -> AbstractContextManager[Connection]:
        if self._held is None:
            return self.engine.connect()
        if self._held.invalidated:
            self._lock_again()
            # Whoever writes may rest on what was lost with the session (`session`).
            raise UnavailableError(GONE)
        return nullcontext(self._held)

    def passing(self, error: BaseException | None) -> str | None:
        """Return the sentence for a server that is gone, full or busy."""
        state = getattr(error, "sqlstate", None)
        if state is None:
            return GONE if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else None
        return _PASSING.get(state) or _PASSING.get(state[:2])

    def close(self) -> None:
        """End all sessions, and with them the lock."""
        held, self._held = self._held, None
        if held is not None:
            _end(held)
        self.engine.dispose()

    def _take_lock(self) -> Connection:
        """Return a session that holds the lock; LockedError when another has it."""
        with ExitStack() as opened:
            held = opened.enter_context(self.engine.connect())
            if not _drive(held, f"SELECT pg_try_advisory_lock({self._node_lock})"):
                raise LockedError("another process runs this node's database")
            opened.pop_all()
            return held

    def _lock_again(self) -> None:
        """Take the lock again after its session was lost; raises UnavailableError as long as that fails.

        Who had it meanwhile has written what this process does not know: CorruptionError ends it then.
        """
        try:
            held = self._take_lock()
        except LockedError as error:
            raise UnavailableError("the server has not given the node's lock back yet") from error
        if _drive(held, "SELECT number FROM writer") != self._number:
            _end(held)
            raise CorruptionError("another process has written to this node's database meanwhile")
        self._held, self._session = held, self._session + 1


def copy_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, which all name the same columns, by a binary COPY within the caller's transaction."""
    names = list(rows[0])
    types = [table.c[name].type.dialect_impl(connection.dialect) for name in names]
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table.name), sql.SQL(",").join(map(sql.Identifier, names))
    )
    with _driver(connection) as driver, driver.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types([_COPIED_AS[one.__visit_name__] for one in types])
        take = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
        for row in rows:
            copy.write_row(take(row))


def _lock(kind: str, schema: str) -> int:
    """Return an advisory lock of a schema: such locks are numbers, and of one database."""
    return int.from_bytes(hashlib.sha256(f"hanse {kind} {schema}".encode()).digest()[:8], "big", signed=True)


def _claim(held: Connection) -> int:
    """Write down that a new process writes from now on, and return its number."""
    return int(
        _drive(
            held,
            "CREATE TABLE IF NOT EXISTS writer (number bigint NOT NULL);"
            "INSERT INTO writer SELECT 0 WHERE NOT EXISTS (SELECT FROM writer);"
            "UPDATE writer SET number = number + 1 RETURNING number",
        )
    )


def _end(held: Connection) -> None:
    """End a session that holds the lock: back in the pool it would keep it."""
    if not held.invalidated:
        with suppress(DBAPIError):
            # The server hears of the end a moment later, and who comes next is to find the lock free.
            _drive(held, "SELECT pg_advisory_unlock_all()")
        if not held.invalidated:
            held.detach()
    held.close()


def _options(place: Schema) -> str:
    """Return what every session is set to: the URL's own word on a setting stands, but for the schema."""
    own = place.url.query.get("options", ())
    ours = [f"-c {name}={value}" for name, value in _SESSION.items()]
    return " ".join([*ours, *((own,) if isinstance(own, str) else own), f"-c search_path={place.name}"])


def _drive(connection: Connection, words: str) -> Any:
    """Run words of the driver's own, such as BEGIN; return the last one's value, None without.

    A listener of SQLAlchemy's would cost time at every statement.
    """
    with _driver(connection) as driver:
        # Several words at once are never a prepared statement.
        cursor = driver.execute(words, prepare=False)
        while cursor.nextset():
            pass
        return None if cursor.description is None else cursor.fetchone()[0]


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    """Give the driver's connection; what it raises comes out as the engine's own errors do."""
    driver: Any = connection.connection.driver_connection
    try:
        yield driver
    except psycopg.Error as error:
        _tell_kind(error)
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


def _without_values(context: ExceptionContext) -> None:
    """Take the server's words out of an error: they repeat values (`DETAIL: Key (...)=(...) exists`)."""
    if isinstance(context.original_exception, psycopg.Error):
        _tell_kind(context.original_exception)
        if isinstance(context.sqlalchemy_exception, DBAPIError):
            context.sqlalchemy_exception.args = context.original_exception.args


def _tell_kind(error: psycopg.Error) -> None:
    """Leave of an error's text its kind and the place; what is said before a session begins may stay.

    Raises MalformedError for the one text that SQLite holds and PostgreSQL does not.
    """
    if isinstance(error, psycopg.DataError) and error.sqlstate in (None, _NOT_A_LETTER):
        raise MalformedError("a text with a NUL character") from None
    if error.sqlstate is not None:
        place = error.diag.constraint_name or error.diag.table_name
        words = [type(error).__name__, error.sqlstate, *(["at", place] if place else [])]
        error.args = (" ".join(words),)
    elif not isinstance(error, psycopg.OperationalError):
        error.args = (type(error).__name__,)
