"""The reviews of one node's customers: what is due, what was done, and when each comes next."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, func, select

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.grades import Grade
from node.risk.reviews.due import Due, Last, after_months, due_on
from node.risk.roles import Actor, require
from node.risk.service import Run
from node.risk.signals.stored import Subjects
from node.risk.typed import typed
from node.storage.database import Database
from node.storage.facts import aliases_about, ids_about
from node.storage.risk_schema import review as table
from node.storage.schema import customer, invoice
from node.uncollected import uncollected

LOOKED_AT_MOST: Final = 20
TEXT_CHARS_MOST: Final = 2_000
Runs: TypeAlias = Callable[[Subjects], Run]
"""Assesses some or all customers, for the node's own use."""
Aliases: TypeAlias = Mapping[SubjectId, SubjectId]
"""The primary id of each other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a review has looked at and decided. Without `next_on` the calendar says when the next is."""

    looked_at: tuple[str, ...] = field(repr=False)
    decision: str = field(repr=False)
    next_on: date | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.looked_at) <= LOOKED_AT_MOST:
            raise MalformedError(f"a review names 1 to {LOOKED_AT_MOST} things that were looked at")
        for text in (self.decision, *self.looked_at):
            typed(text, TEXT_CHARS_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review that was done."""

    id: str
    number: int
    subject: SubjectId = field(repr=False)
    at: datetime
    by: str
    role: str
    looked_at: tuple[str, ...] = field(repr=False)
    decision: str = field(repr=False)
    grade: Grade
    next_on: date

    def describe(self) -> dict[str, Any]:
        """Return the review as it is shown."""
        return {
            "id": self.id,
            "subject": self.subject,
            "at": self.at.isoformat(),
            "by": self.by,
            "role": self.role,
            "looked_at": list(self.looked_at),
            "decision": self.decision,
            "grade": self.grade,
            "next_on": self.next_on.isoformat(),
        }


class Reviews:
    """Reviews are never changed: a new one comes after them. Each is in the audit chain."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain, *, runs: Runs) -> None:
        self._database, self._clock, self._runs = database, clock, runs
        self._note = audit.noting(clock)

    @property
    def today(self) -> date:
        """The day that lists are of."""
        return self._clock.now().date()

    def due(self, actor: Actor, *, is_all: bool = False) -> list[Due]:
        """Return what is overdue or due within a month, the most urgent first; with `is_all` everybody."""
        require(actor, "review.view")
        self._note_alone(actor, "reviews.listed", None, {"all": is_all})
        return [one for one in self._schedule() if is_all or one.when(self.today) != "later"]

    def feed(self, actor: Actor) -> list[Due]:
        """Return every customer's next review, for a calendar program of a person's."""
        require(actor, "review.feed")
        self._note_alone(actor, "reviews.fed", None, {})
        return self._schedule()

    def record(self, actor: Actor, subject: SubjectId, done: Done, *, review_id: str) -> Review:
        """Write down a review and set the next; the same id again changes nothing.

        Raises MalformedError for a next day that has passed, or is later than the calendar has it.
        """
        require(actor, "review.record")
        run = self._runs([subject])
        found = run.assessments[0]
        months = run.policy.reviews.months_for(found.grade, found.place.impact)
        latest = after_months(self.today, months)
        next_on = latest if done.next_on is None else done.next_on
        if not self.today < next_on <= latest:
            raise MalformedError("next_on: after today, and no later than the policy's calendar has it")
        with self._database.write() as connection:
            if _find(connection, review_id) is None:
                content = {
                    "looked_at": list(done.looked_at),
                    "decision": done.decision,
                    "grade": found.grade,
                    "next_on": next_on.isoformat(),
                }
                self._insert(connection, actor, subject, review_id, content)
                self._note(connection, actor, "review.recorded", subject, {"id": review_id, **content})
            made = _find(connection, review_id)
        if made is None or made.subject != subject:
            raise MalformedError("the id is another review's")
        return made

    def of(self, actor: Actor, subject: SubjectId) -> list[Review]:
        """Return a customer's reviews, the newest first, and write down that somebody has looked."""
        require(actor, "review.view")
        query = select(table).order_by(table.c.number.desc())
        with self._database.write() as connection:
            self._note(connection, actor, "review.viewed", subject, {})
            query = query.where(table.c.subject.in_(ids_about(connection, [subject])))
            return [_review(row) for row in connection.execute(query)]

    def next_of(self, subject: SubjectId) -> Due:
        """Return when a customer is reviewed next, for the node's own use."""
        return self._schedule([subject])[0]

    def _schedule(self, subjects: Subjects = None) -> list[Due]:
        with uncollected():
            return self._scheduled(subjects)

    def _scheduled(self, subjects: Subjects) -> list[Due]:
        run = self._runs(subjects)
        with self._database.read() as connection:
            aliases = aliases_about(connection, subjects)
            ids = None if subjects is None else ids_about(connection, subjects)
            last, since = _last(connection, ids, aliases), _since(connection, ids, aliases)
            numbers = _numbers(connection, ids, aliases)
        found = []
        for one in run.assessments:
            primary = aliases.get(one.subject, one.subject)
            before = last.get(primary)
            begun = since.get(primary, self.today)
            when = due_on(
                run.policy.reviews, grade=one.grade, impact=one.place.impact, last=before, since=begun
            )
            found.append(
                Due(
                    subject=one.subject,
                    customers=tuple(numbers.get(primary, ())),
                    grade=one.grade,
                    impact=one.place.impact,
                    exposure_minor=one.exposure_minor,
                    reviewed_on=None if before is None else before.on,
                    since=begun if before is None else before.on,
                    due_on=when,
                )
            )
        return sorted(found, key=lambda due: due.rank)

    def _insert(
        self,
        connection: Connection,
        actor: Actor,
        subject: SubjectId,
        review_id: str,
        content: Mapping[str, Any],
    ) -> None:
        looked_at = json.dumps(content["looked_at"], ensure_ascii=False)
        row = {"id": review_id, "subject": subject, "actor": actor.name, "role": actor.role}
        row |= {"at": self._clock.now().isoformat(), **content, "looked_at": looked_at}
        connection.execute(table.insert(), row)

    def _note_alone(
        self, actor: Actor, action: str, subject: SubjectId | None, content: Mapping[str, Any]
    ) -> None:
        with self._database.write() as connection:
            self._note(connection, actor, action, subject, content)


def _find(connection: Connection, review_id: str) -> Review | None:
    row = connection.execute(select(table).where(table.c.id == review_id)).one_or_none()
    return None if row is None else _review(row)


def _last(connection: Connection, subjects: Subjects, aliases: Aliases) -> dict[SubjectId, Last]:
    query = select(table.c.subject, table.c.at, table.c.next_on).order_by(table.c.number)
    if subjects is not None:
        query = query.where(table.c.subject.in_(list(subjects)))
    return {
        aliases.get(row.subject, row.subject): Last(
            on=datetime.fromisoformat(row.at).date(), next_on=date.fromisoformat(row.next_on)
        )
        for row in connection.execute(query)
    }


def _since(connection: Connection, subjects: Subjects, aliases: Aliases) -> dict[SubjectId, date]:
    """Return the day of each subject's first invoice, or on which it came onto the list of customers."""
    listed = select(customer.c.subject, func.min(customer.c.updated_at)).where(
        customer.c.subject.is_not(None)
    )
    invoiced = select(invoice.c.subject, func.min(invoice.c.invoice_date))
    found = dict[SubjectId, date]()
    for query, column in ((listed, customer.c.subject), (invoiced, invoice.c.subject)):
        which = query if subjects is None else query.where(column.in_(list(subjects)))
        begun = defaultdict[SubjectId, list[date]](list)
        for subject, day in connection.execute(which.group_by(column)):
            begun[aliases.get(subject, subject)].append(datetime.fromisoformat(day).date())
        found |= {subject: min(days) for subject, days in begun.items()}
    return found


def _numbers(
    connection: Connection, subjects: Subjects, aliases: Aliases
) -> Mapping[SubjectId, Sequence[str]]:
    query = select(customer.c.subject, customer.c.customer).order_by(customer.c.customer)
    query = query.where(customer.c.subject.is_not(None))
    if subjects is not None:
        query = query.where(customer.c.subject.in_(list(subjects)))
    found = defaultdict[SubjectId, list[str]](list)
    for row in connection.execute(query):
        found[aliases.get(row.subject, row.subject)].append(row.customer)
    return found


def _review(row: Any) -> Review:
    return Review(
        id=row.id,
        number=row.number,
        subject=SubjectId(row.subject),
        at=datetime.fromisoformat(row.at),
        by=row.actor,
        role=row.role,
        looked_at=tuple(json.loads(row.looked_at)),
        decision=row.decision,
        grade=row.grade,
        next_on=date.fromisoformat(row.next_on),
    )
