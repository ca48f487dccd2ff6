"""How much there is of what, for metrics: counts by status, of nobody in particular."""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from hanse_ledger.merkle import leaf_hash
from node.storage.database import Database
from node.storage.schema import inquiry, log_entry, outbox, portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts at one moment."""

    pending: int
    inquiries: dict[str, int]
    portfolios: dict[str, int]


def figures_of(database: Database) -> Figures:
    """Count what a node's database holds."""
    with database.read() as connection:
        return Figures(
            pending=_pending(connection),
            inquiries=_counts(connection, inquiry, "status"),
            portfolios=_counts(connection, portfolio, "state"),
        )


def _counts(connection: Connection, table: Table, column: str) -> dict[str, int]:
    status = func.coalesce(table.c[column], "open")
    rows = connection.execute(select(status, func.count()).group_by(status))
    return {name: count for name, count in rows}  # noqa: C416 - rows are no pairs to a type checker


def _pending(connection: Connection) -> int:
    """Count own statements that the node's copy of the log does not have: logged ones are dropped later."""
    leaves = [leaf_hash(raw) for raw in connection.execute(select(outbox.c.statement)).scalars()]
    logged = select(func.count()).select_from(log_entry).where(log_entry.c.leaf.in_(leaves))
    return len(leaves) - int(connection.execute(logged).scalar_one())
