"""Many rows at once: PostgreSQL's COPY, one prepared statement elsewhere."""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import sqlite

_AT_ONCE: Final = 8
"""Fewer rows are no slower as SQLAlchemy's statements, which go out together."""
_SQLITE: Final = sqlite.dialect()


def bulk_insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, which all name the same columns, within the caller's transaction."""
    if not rows:
        return
    if len(rows) < _AT_ONCE:
        connection.execute(_insert_into(table), rows)
    elif connection.dialect.name == "postgresql":
        # As in `Database`: who has no PostgreSQL does not wait for its driver.
        from node.storage.postgresql import copy_rows  # noqa: PLC0415

        copy_rows(connection, table, rows)
    else:
        # SQLite's driver takes our values as they are: looking at each of them would double the time.
        insert, order = _driver_insert(table, tuple(rows[0]))
        take = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)
        connection.exec_driver_sql(insert, list(map(take, rows)))


@cache
def _insert_into(table: Table) -> Insert:
    """Built once: to build a statement costs more than to run it."""
    return table.insert()


@cache
def _driver_insert(table: Table, names: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return a statement as SQLite's driver reads it, and the columns in the order of its parameters."""
    compiled = table.insert().compile(dialect=_SQLITE, column_keys=names)
    return str(compiled), list(compiled.positiontup or ())
