"""The firm's own credit limits, one for each subject, in the reporting currency. They stay at the node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.own.customers import resolver
from node.ports import Clock
from node.receivables import amounts
from node.receivables.limits import Money, read_limits
from node.receivables.outcome import Remark
from node.receivables.subjectmap import customer_key
from node.risk.audit import AuditChain
from node.risk.roles import Actor, require
from node.storage.database import Database
from node.storage.facts import ids_about, primary_id
from node.storage.risk_schema import credit_limit
from node.storage.schema import customer, invoice

MOST_MINOR: Final = amounts.MAX_MINOR
_subject: Final = credit_limit.c.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit, and who has set it."""

    subject: SubjectId = field(repr=False)
    limit_minor: int = field(repr=False)
    currency: str
    set_by: str
    set_at: datetime

    def describe(self) -> dict[str, Any]:
        """Return the limit as it is shown."""
        return {
            "subject": self.subject,
            "limit": {"amount_minor": self.limit_minor, "currency": self.currency},
            "set_by": self.set_by,
            "set_at": self.set_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a file of limits changed, and the lines that were refused."""

    new: int
    changed: int
    unchanged: int
    refused: tuple[Remark, ...]

    def describe(self, language: str = "en") -> dict[str, Any]:
        """Return the counts, and each refused line with its reason."""
        refused = [
            {"line": one.line, "column": one.column, "reason": one.reason, "text": one.text(language)}
            for one in self.refused
        ]
        return {"new": self.new, "changed": self.changed, "unchanged": self.unchanged, "refused": refused}


class Limits:
    """The limits of one node. Every change is in the audit chain."""

    def __init__(
        self, database: Database, clock: Clock, audit: AuditChain, *, consortium: Callable[[], Consortium]
    ) -> None:
        self._database, self._clock, self._audit = database, clock, audit
        self._consortium = consortium

    def money(self) -> Money:
        """Return the currency of limits."""
        policy = self._consortium().policy
        return Money(policy.currency, policy.exponent)

    def one(self, actor: Actor, subject: SubjectId) -> Limit:
        """Return a subject's limit; raises NotFoundError."""
        require(actor, "limits.view")
        with self._database.read() as connection:
            found = _find(connection, subject)
        if found is None:
            raise _no_limit()
        return self._limit(found)

    def listed(self, actor: Actor, *, after: str | None = None, limit: int | None = None) -> list[Limit]:
        """Return limits in the order of their subjects."""
        require(actor, "limits.view")
        query = select(credit_limit).order_by(_subject).limit(limit)
        if after is not None:
            query = query.where(_subject > after)
        with self._database.read() as connection:
            return [self._limit(row) for row in connection.execute(query)]

    def set(self, actor: Actor, subject: SubjectId, limit_minor: int) -> Limit:
        """Set a subject's limit, zero for no credit at all; raises MalformedError for what is none."""
        require(actor, "limits.set")
        if not 0 <= limit_minor <= MOST_MINOR:
            raise MalformedError(f"a limit is a whole number of minor units from 0 to {MOST_MINOR}")
        with self._database.write() as connection:
            primary = primary_id(connection, subject)
            self._put(connection, actor, [(primary, limit_minor)])
            return self._limit(_find(connection, primary))

    def remove(self, actor: Actor, subject: SubjectId) -> None:
        """Take a subject's limit away, under all its ids: then it is unknown; raises NotFoundError."""
        require(actor, "limits.set")
        with self._database.write() as connection:
            before = _find(connection, subject)
            if before is None:
                raise _no_limit()
            connection.execute(credit_limit.delete().where(_subject.in_(ids_about(connection, [subject]))))
            primary = primary_id(connection, subject)
            self._note(connection, actor, "limit.removed", primary, before=before.limit_minor)

    def take(self, actor: Actor, raw: bytes, *, skip_refused: bool = False) -> Taken:
        """Set the limits of a CSV file or workbook; those that it does not name stay.

        Raises a ReceivablesError for what is wrong with the file as a whole. Where lines are refused nothing
        is set, unless these are to be skipped.
        """
        require(actor, "limits.set")
        with self._database.read() as connection:
            known = _known_customers(connection)
        lines, refused = read_limits(raw, subject_of=resolver(known), money=self.money())
        if refused and not skip_refused:
            return Taken(new=0, changed=0, unchanged=0, refused=tuple(refused))
        with self._database.write() as connection:
            limits = [(primary_id(connection, line.subject), line.limit_minor) for line in lines]
            new, changed = self._put(connection, actor, limits)
        unchanged = len(lines) - new - changed
        return Taken(new=new, changed=changed, unchanged=unchanged, refused=tuple(refused))

    def _put(
        self, connection: Connection, actor: Actor, limits: Sequence[tuple[SubjectId, int]]
    ) -> tuple[int, int]:
        """Store limits and note what they change; return how many are new and how many changed."""
        query = select(_subject, credit_limit.c.limit_minor)
        if len(limits) == 1:
            query = query.where(_subject == limits[0][0])
        before = {subject: minor for subject, minor in connection.execute(query)}  # noqa: C416 - rows, not pairs
        differing = [(subject, minor) for subject, minor in limits if before.get(subject) != minor]
        for subject, minor in differing:
            connection.execute(credit_limit.delete().where(_subject == subject))
            connection.execute(credit_limit.insert(), self._row(actor, subject, minor))
            self._note(connection, actor, "limit.set", subject, before=before.get(subject), limit_minor=minor)
        new = sum(subject not in before for subject, _ in differing)
        return new, len(differing) - new

    def _limit(self, row: Any) -> Limit:
        return Limit(
            subject=SubjectId(row.subject),
            limit_minor=row.limit_minor,
            currency=self.money().currency,
            set_by=row.set_by,
            set_at=datetime.fromisoformat(row.set_at),
        )

    def _row(self, actor: Actor, subject: SubjectId, limit_minor: int) -> dict[str, Any]:
        now = self._clock.now().isoformat()
        return {"subject": subject, "limit_minor": limit_minor, "set_by": actor.name, "set_at": now}

    def _note(
        self, connection: Connection, actor: Actor, action: str, subject: SubjectId, **content: int | None
    ) -> None:
        self._audit.append(
            connection,
            actor=actor,
            action=action,
            subject=subject,
            content=content,
            at=self._clock.now(),
        )


def _find(connection: Connection, subject: SubjectId) -> Any:
    """Return the limit that counts: the primary id's, or one from before another id became its alias."""
    is_primary = _subject == primary_id(connection, subject)
    query = select(credit_limit).where(_subject.in_(ids_about(connection, [subject])))
    return connection.execute(query.order_by(is_primary.desc(), credit_limit.c.set_at.desc())).first()


def _no_limit() -> NotFoundError:
    return NotFoundError("no limit is set for this subject")


def _known_customers(connection: Connection) -> dict[str, str | None]:
    """Return the subject of each customer number, by the book and before it by the firm's own list."""
    book = connection.execute(select(invoice.c.customer, invoice.c.subject).distinct())
    known: dict[str, str | None] = {customer_key(number): subject for number, subject in book}
    listed = connection.execute(select(customer.c.customer, customer.c.subject))
    known |= {number: subject or known.get(number) for number, subject in listed}
    return known
