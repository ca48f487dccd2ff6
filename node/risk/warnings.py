"""The firm's own warnings: raised and cleared by a named person, sent with the node's next bulletin.

The network hears that there is one, never why or by whom. What was said here and when is in the audit chain.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import Connection, select

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.errors import NotFoundError, WarningStateError
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.own_warnings import (
    WARNINGS,
    OwnWarning,
    Source,
    how_stands,
    read_warnings,
    standing_warnings,
)
from node.risk.proposals import REASONS, Proposal, Reason, Trouble, propose
from node.risk.roles import Actor, require
from node.risk.typed import typed_or_none
from node.storage.bulletin_schema import dismissed_trouble, own_warning
from node.storage.bulletins import queue_warning
from node.storage.database import Database, inserted_id
from node.storage.facts import primary_id
from node.storage.schema import invoice

NOTE_CHARS_MOST: Final = 500
_TROUBLES: Final = select(
    invoice.c.customer, invoice.c.reference, invoice.c.subject, invoice.c.trouble
).where(invoice.c.trouble.in_(REASONS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Raising:
    """What a person says in raising a warning; `note` stays with the firm."""

    subject: str = field(repr=False)
    reason: Reason
    note: str = field(default="", repr=False)
    notified_on: date | None = None
    """When a natural person's firm was told of it beforehand."""


class Warnings:
    """One firm's own warnings. Any thread may ask."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain) -> None:
        self._database, self._clock, self._note = database, clock, audit.noting(clock)

    def raise_one(self, actor: Actor, raising: Raising) -> OwnWarning:
        """Raise a warning by hand: it goes with the next bulletin and ends by itself in its fourth month.

        Raises SubjectIdError for an id that is none, WarningStateError where one stands, MalformedError for a
        natural person's firm that was not told.
        """
        require(actor, "warning.raise")
        parsed = parse_subject(raising.subject)
        _check(raising, personal=parsed.personal, today=self._clock.now().date())
        with self._database.write() as connection:
            return self._raise(connection, actor, parsed.id, raising, source="hand")

    def confirm(self, actor: Actor, subject: str, *, notified_on: date | None = None) -> OwnWarning:
        """Do what the book proposes for a subject: raise its warning, or clear it.

        Raises NotFoundError where nothing is proposed.
        """
        require(actor, "warning.raise")
        parsed = parse_subject(subject)
        with self._database.write() as connection:
            proposal = _proposal_for(connection, primary_id(connection, parsed.id))
            if proposal.reason is None:
                return self._clear(connection, actor, proposal.subject)
            raising = Raising(subject=subject, reason=proposal.reason, notified_on=notified_on)
            _check(raising, personal=parsed.personal, today=self._clock.now().date())
            return self._raise(connection, actor, parsed.id, raising, source="book")

    def dismiss(self, actor: Actor, subject: str) -> Proposal:
        """Decide not to warn for what the book shows now; raises NotFoundError where nothing is proposed."""
        require(actor, "warning.raise")
        now = self._clock.now().isoformat()
        with self._database.write() as connection:
            proposal = _proposal_for(connection, primary_id(connection, parse_subject(subject).id))
            known = _dismissed(connection)
            rows = [
                {**_columns(one), "dismissed_by": actor.name, "dismissed_at": now}
                for one in _troubles(connection)
                if one.subject == proposal.subject and tuple(_columns(one).values()) not in known
            ]
            if rows:
                connection.execute(dismissed_trouble.insert(), rows)
            self._note(connection, actor, "warning.dismissed", proposal.subject, {"invoices": len(rows)})
        return proposal

    def clear(self, actor: Actor, subject: str) -> OwnWarning:
        """End a warning that stands, with the next bulletin; raises NotFoundError where there is none."""
        require(actor, "warning.clear")
        with self._database.write() as connection:
            return self._clear(connection, actor, primary_id(connection, parse_subject(subject).id))

    def listed(
        self, actor: Actor, *, after: int | None = None, limit: int | None = None, subject: str | None = None
    ) -> list[OwnWarning]:
        """Return warnings, those that are over too, the newest first, from a number down."""
        require(actor, "warning.view")
        known = None if subject is None else parse_subject(subject).id
        with self._database.write() as connection:
            asked = None if known is None else primary_id(connection, known)
            if after is None:  # further pages are the same look
                self._note(connection, actor, "warning.viewed", asked, {})
            query = WARNINGS.limit(limit)
            if after is not None:
                query = query.where(own_warning.c.number < after)
            if asked is not None:
                query = query.where(own_warning.c.subject == asked)
            return read_warnings(connection, query)

    def proposals(self, actor: Actor) -> list[Proposal]:
        """Return what the book proposes, by subject."""
        require(actor, "warning.view")
        with self._database.write() as connection:
            self._note(connection, actor, "warning.proposals_viewed", None, {})
            return _proposals(connection)

    def _raise(
        self, connection: Connection, actor: Actor, named: SubjectId, raising: Raising, *, source: Source
    ) -> OwnWarning:
        subject = primary_id(connection, named)
        if how_stands(standing_warnings(connection).get(subject, [])) == "stands":
            raise WarningStateError("a warning of this subject stands")
        values = {
            "subject": subject,
            "reason": raising.reason,
            "source": source,
            "note": raising.note,
            "notified_on": None if raising.notified_on is None else raising.notified_on.isoformat(),
            "raised_by": actor.name,
            "raised_at": self._clock.now().isoformat(),
            "raise_item": queue_warning(connection, subject, is_raised=True),
        }
        number = inserted_id(connection.execute(own_warning.insert(), values))
        content = {"number": number, "reason": raising.reason, "source": source}
        self._note(connection, actor, "warning.raised", subject, content)
        return _one(connection, number)

    def _clear(self, connection: Connection, actor: Actor, subject: SubjectId) -> OwnWarning:
        found = standing_warnings(connection).get(subject)
        if found is None:
            raise NotFoundError("no warning of this subject stands")
        numbers = [one.number for one in found]
        values = {
            "cleared_by": actor.name,
            "cleared_at": self._clock.now().isoformat(),
            # Under the id that it was raised under: an alias may have come since.
            "clear_item": queue_warning(connection, found[0].subject, is_raised=False),
        }
        connection.execute(own_warning.update().where(own_warning.c.number.in_(numbers)), values)
        self._note(connection, actor, "warning.cleared", subject, {"numbers": numbers})
        return _one(connection, numbers[0])


def _check(raising: Raising, *, personal: bool, today: date) -> None:
    typed_or_none(raising.note, NOTE_CHARS_MOST)
    if raising.notified_on is not None and raising.notified_on > today:
        raise MalformedError("notified_on: a day that has not come")
    if personal and raising.notified_on is None:
        raise MalformedError("notified_on: a natural person's firm is told before it is warned of")


def _one(connection: Connection, number: int) -> OwnWarning:
    (found,) = read_warnings(connection, WARNINGS.where(own_warning.c.number == number))
    return found


def _proposals(connection: Connection) -> list[Proposal]:
    standing = standing_warnings(connection)
    return propose(
        _troubles(connection),
        stands=lambda subject: how_stands(standing.get(subject, [])),
        from_book=[subject for subject, found in standing.items() if found[0].source == "book"],
        dismissed=_dismissed(connection),
    )


def _proposal_for(connection: Connection, subject: SubjectId) -> Proposal:
    found = [one for one in _proposals(connection) if one.subject == subject]
    if not found:
        raise NotFoundError("the book proposes nothing for this subject")
    return found[0]


def _troubles(connection: Connection) -> list[Trouble]:
    return [
        Trouble(
            customer=row.customer,
            reference=row.reference,
            subject=primary_id(connection, SubjectId(row.subject)),
            reason=row.trouble,
        )
        for row in connection.execute(_TROUBLES)
    ]


def _columns(trouble: Trouble) -> dict[str, str]:
    return {"customer": trouble.customer, "reference": trouble.reference, "trouble": trouble.reason}


def _dismissed(connection: Connection) -> set[tuple[str, str, str]]:
    query = select(dismissed_trouble.c.customer, dismissed_trouble.c.reference, dismissed_trouble.c.trouble)
    return {(row.customer, row.reference, row.trouble) for row in connection.execute(query)}
