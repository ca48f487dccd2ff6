"""Portfolios: inquiries about many subjects, worked off piece by piece.

A portfolio's inquiries carry its id as their call, so what was asked is known by what is stored: a subject is
asked, and logged, once in a portfolio, whatever ends in between. Progress is counted, never written down.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, exists, func, select

from hanse_ledger.errors import MalformedError, SubjectIdError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError, PortfolioStateError
from node.own.history import OPEN, describe
from node.ports import Clock
from node.receivables.subjectmap import SubjectOf
from node.storage.database import Database
from node.storage.schema import inquiry, portfolio, portfolio_item

SUBJECTS_MOST: Final = 100_000
RUNNING: Final = "running"
DONE: Final = "done"
CANCELLED: Final = "cancelled"
BUDGET: Final = "budget"

_IS_ASKED: Final = and_(
    inquiry.c.call == portfolio_item.c.portfolio, inquiry.c.subject == portfolio_item.c.subject
)
_JOINED: Final = portfolio_item.outerjoin(inquiry, _IS_ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a portfolio is about, as it was brought."""

    name: str
    purpose: str
    subjects: Sequence[str]


class Portfolios:
    """One party's portfolios. Any thread may use it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def new(
        self, asked: Asked, *, portfolio_id: str, subject_of: SubjectOf, primary_of: Mapping[str, str]
    ) -> dict[str, Any]:
        """Store a portfolio, which runs from then on; under an id that there is already, return that one.

        A text that is no subject's is refused by itself, with its code. Raises MalformedError for none or too
        many.
        """
        if not 1 <= len(asked.subjects) <= SUBJECTS_MOST:
            raise MalformedError(f"a portfolio is about 1 to {SUBJECTS_MOST} subjects")
        items = [
            {
                "portfolio": portfolio_id,
                "number": number,
                "asked": text,
                **_subject(text, subject_of, primary_of),
            }
            for number, text in enumerate(asked.subjects)
        ]
        values = {
            "id": portfolio_id,
            "name": asked.name,
            "purpose": asked.purpose,
            "state": RUNNING,
            "total": len(items),
            "created_at": self._clock.now().isoformat(),
        }
        is_made = exists().where(portfolio.c.id == portfolio_id)
        with self._database.write() as connection:
            if not connection.execute(select(is_made)).scalar():
                connection.execute(portfolio.insert(), values)
                connection.execute(portfolio_item.insert(), items)
        return self.one(portfolio_id)

    def one(self, portfolio_id: str) -> dict[str, Any]:
        """Return a portfolio with its progress; raises NotFoundError."""
        row = self._needed(portfolio_id)
        counted = (
            select(func.coalesce(inquiry.c.status, portfolio_item.c.code, OPEN), func.count())
            .select_from(_JOINED)
            .where(portfolio_item.c.portfolio == portfolio_id)
            .group_by(inquiry.c.status, portfolio_item.c.code)
        )
        with self._database.read() as connection:
            counts = Counter[str]()
            for status, count in connection.execute(counted):
                counts[status] += count
        return {**listing(row), **_progress(counts)}

    def listed(self, *, before: int | None, limit: int) -> list[Any]:
        """Return stored portfolios, the newest first, without their progress."""
        query = select(portfolio).order_by(portfolio.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(portfolio.c.number < before)
        with self._database.read() as connection:
            return list(connection.execute(query))

    def answers(self, portfolio_id: str, *, after: int | None, limit: int) -> list[dict[str, Any]]:
        """Return what became of each subject, in the order in which they were brought."""
        self._needed(portfolio_id)
        columns = (portfolio_item.c.number, portfolio_item.c.asked, portfolio_item.c.code.label("item_code"))
        query = (
            select(*columns, inquiry)
            .select_from(_JOINED)
            .where(portfolio_item.c.portfolio == portfolio_id)
            .order_by(portfolio_item.c.number)
            .limit(limit)
        )
        if after is not None:
            query = query.where(portfolio_item.c.number > after)
        with self._database.read() as connection:
            return [_answer(row) for row in connection.execute(query).all()]

    def cancel(self, portfolio_id: str) -> dict[str, Any]:
        """Ask for nothing more; what was asked stays. Raises PortfolioStateError for one that is done."""
        return self._turn(portfolio_id, from_state=RUNNING, to_state=CANCELLED)

    def resume(self, portfolio_id: str) -> dict[str, Any]:
        """Go on with one that was cancelled, or is done but for what no budget was left for."""
        row = self._needed(portfolio_id)
        if row.state == DONE and self.one(portfolio_id)["refused"]:
            return self._turn(portfolio_id, from_state=DONE, to_state=RUNNING)
        return self._turn(portfolio_id, from_state=CANCELLED, to_state=RUNNING)

    def _turn(self, portfolio_id: str, *, from_state: str, to_state: str) -> dict[str, Any]:
        row = self._needed(portfolio_id)
        if row.state not in {from_state, to_state}:
            raise PortfolioStateError(f"the portfolio is {row.state}")
        ended_at = None if to_state == RUNNING else self._clock.now().isoformat()
        is_it = portfolio.c.id == portfolio_id
        left_out = and_(portfolio_item.c.portfolio == portfolio_id, portfolio_item.c.code == BUDGET)
        with self._database.write() as connection:
            change = portfolio.update().where(is_it, portfolio.c.state == from_state)
            connection.execute(change, {"state": to_state, "code": None, "ended_at": ended_at})
            connection.execute(portfolio_item.update().where(left_out), {"code": None})
        return self.one(portfolio_id)

    def _needed(self, portfolio_id: str) -> Any:
        query = select(portfolio).where(portfolio.c.id == portfolio_id)
        with self._database.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise NotFoundError("no portfolio has this id")
        return found


def listing(row: Any) -> dict[str, Any]:
    """Return a stored portfolio without its progress."""
    return {
        "id": row.id,
        "name": row.name,
        "purpose": row.purpose,
        "state": row.state,
        "code": row.code,
        "total": row.total,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }


def _progress(counts: Counter[str]) -> dict[str, int]:
    answered = {name: counts[name] for name in ("checked", "nothing", "unchecked", "disagreement")}
    refused = sum(counts.values()) - counts[OPEN] - sum(answered.values())
    return {
        "done": sum(counts.values()) - counts[OPEN],
        "failed": refused + counts["disagreement"],
        **answered,
        "refused": refused,
    }


def _subject(text: str, subject_of: SubjectOf, primary_of: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = subject_of(text)
    except SubjectIdError:
        found = None
    if found is None:
        return {"subject": None, "code": SubjectIdError.code}
    return {"subject": SubjectId(primary_of.get(found.id, found.id)), "code": None}


def _answer(row: Any) -> dict[str, Any]:
    brought = {"number": row.number, "asked": row.asked}
    if row.request_hash is not None:
        return {**brought, **describe(row)}
    if row.item_code is not None:
        return {**brought, "status": "refused", "code": row.item_code}
    return {**brought, "status": OPEN}
