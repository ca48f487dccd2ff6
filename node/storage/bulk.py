"""Many rows at once: PostgreSQL's COPY, one prepared statement elsewhere."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Insert, Table

_COPIED_FROM: Final = 8
"""Fewer rows are no slower as statements, which go out together."""


def bulk_insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, which all name the same columns, within the caller's transaction."""
    if not rows:
        return
    if connection.dialect.name != "postgresql" or len(rows) < _COPIED_FROM:
        connection.execute(_insert_into(table), rows)
        return
    # As in `Database`: who has no PostgreSQL does not wait for its driver.
    from node.storage.postgresql import copy_rows  # noqa: PLC0415

    copy_rows(connection, table, rows)


@cache
def _insert_into(table: Table) -> Insert:
    """Built once: to build a statement costs more than to run it."""
    return table.insert()
