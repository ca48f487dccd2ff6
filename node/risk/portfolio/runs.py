"""Kept runs over the whole portfolio: the last one of each closed month, to say later who has moved."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select

from hanse_ledger.ids import Month, SubjectId
from node.risk.portfolio.movers import Standing, standing_of
from node.risk.portfolio.position import Position
from node.storage.database import Database
from node.storage.report_schema import portfolio_run

_NEWEST_FIRST: Final = select(portfolio_run).order_by(portfolio_run.c.month.desc()).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Where all customers stood, by which policy; `month` was the last closed one."""

    month: Month
    made_at: datetime
    policy: str
    standings: Mapping[SubjectId, Standing] = field(repr=False)


class Runs:
    """The kept runs of one node."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, positions: Sequence[Position], *, month: Month, made_at: datetime, policy: str) -> None:
        """Keep where everybody stands, in the place of an earlier run of the same month."""
        standings = {position.subject: standing_of(position).to_list() for position in positions}
        values = {
            "month": month,
            "made_at": made_at.isoformat(),
            "policy": policy,
            "standings": zlib.compress(json.dumps(standings).encode()),
        }
        with self._database.write() as connection:
            connection.execute(portfolio_run.delete().where(portfolio_run.c.month == month))
            connection.execute(portfolio_run.insert(), values)

    def last(self) -> Run | None:
        """Return the newest run."""
        return self._first(_NEWEST_FIRST)

    def before(self, month: Month) -> Run | None:
        """Return the newest run of an earlier month: how it stood before this one closed."""
        return self._first(_NEWEST_FIRST.where(portfolio_run.c.month < month))

    def _first(self, query: Select[Any]) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _run(row)


def _run(row: Any) -> Run:
    standings = json.loads(zlib.decompress(row.standings))
    return Run(
        month=Month(row.month),
        made_at=datetime.fromisoformat(row.made_at),
        policy=row.policy,
        standings={SubjectId(subject): Standing.of_list(one) for subject, one in standings.items()},
    )
