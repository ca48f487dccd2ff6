"""The watch list: who is on it, and why. People put subjects on it; rules and balances do so at each run.

A subject stays on the list for as long as anything keeps it there; what a person entered, only a person
takes off.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.errors import NotFoundError
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.policy.watching import WatchPolicy
from node.risk.roles import SYSTEM, Actor, require
from node.risk.typed import typed
from node.storage.database import Database
from node.storage.facts import primary_id
from node.storage.monitoring_schema import watched as watched_table

HAND: Final = "hand"
BALANCE: Final = "balance"
RULE: Final = "rule:"
OPEN_MINOR: Final = "own.open_minor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One reason why a subject is watched: `hand`, `balance`, or `rule:` and a rule's id."""

    subject: SubjectId = field(repr=False)
    source: str
    reason: str = field(repr=False)
    person: str
    at: str

    def describe(self) -> dict[str, Any]:
        """Return the entry as it is shown."""
        return {
            "subject": self.subject,
            "source": self.source,
            "reason": self.reason,
            "person": self.person,
            "at": self.at,
        }


class WatchList:
    """One member's watch list. Any thread may use it; every change by a person is in the audit chain."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain) -> None:
        self._database, self._clock, self._note = database, clock, audit.noting(clock)

    def add(self, actor: Actor, subject: str, *, reason: str) -> Entry:
        """Put a subject on the list by hand; again replaces the reason. Raises SubjectIdError."""
        require(actor, "watch.change")
        text, now = typed(reason), self._clock.now()
        asked = parse_subject(subject).id
        with self._database.write() as connection:
            entry = Entry(
                subject=primary_id(connection, asked),
                source=HAND,
                reason=text,
                person=actor.name,
                at=now.isoformat(),
            )
            _drop(connection, entry.subject, HAND)
            connection.execute(watched_table.insert(), entry.describe())
            self._note(connection, actor, "watch.added", entry.subject, {"reason": text})
        return entry

    def remove(self, actor: Actor, subject: str) -> None:
        """Take off the list what a person put there; raises NotFoundError."""
        require(actor, "watch.change")
        asked = parse_subject(subject).id
        with self._database.write() as connection:
            primary = primary_id(connection, asked)
            if not _drop(connection, primary, HAND):
                raise NotFoundError("nobody put this subject on the watch list by hand")
            self._note(connection, actor, "watch.removed", primary, {})

    def listed(self, actor: Actor, *, after: tuple[str, str] | None = None, limit: int) -> list[Entry]:
        """Return entries in the order of subjects and sources, after one of them."""
        require(actor, "watch.view")
        place = (watched_table.c.subject, watched_table.c.source)
        query = select(watched_table).order_by(*place).limit(limit)
        if after is not None:
            subject, source = after
            query = query.where(
                (watched_table.c.subject > subject)
                | ((watched_table.c.subject == subject) & (watched_table.c.source > source))
            )
        with self._database.write() as connection:
            found = [_entry(row) for row in connection.execute(query)]
            self._note(connection, actor, "watch.viewed", None, {"entries": len(found)})
        return found


def sources_of(policy: WatchPolicy, figures: Mapping[str, float | None]) -> tuple[str, ...]:
    """Return what keeps a subject on the list by the policy, given its figures."""
    open_minor, least = figures.get(OPEN_MINOR), policy.open_minor_least
    is_large = least is not None and open_minor is not None and open_minor >= least
    rules = [f"{RULE}{rule.id}" for rule in policy.rules if rule.holds(figures.get(rule.signal))]
    return (*((BALANCE,) if is_large else ()), *rules)


def put_sources(
    connection: Connection, sources: Mapping[SubjectId, Sequence[str]], *, at: datetime
) -> dict[SubjectId, set[str]]:
    """Let the policy's sources of some subjects be these; return all that keep each of them on the list."""
    known = sources_in(connection, sources)
    for subject, wanted in sources.items():
        by_policy = known[subject] - {HAND}
        for source in by_policy - set(wanted):
            _drop(connection, subject, source)
        for source in [one for one in wanted if one not in by_policy]:
            values = {"reason": "", "person": SYSTEM.name, "at": at.isoformat()}
            connection.execute(watched_table.insert(), {"subject": subject, "source": source, **values})
    return {subject: (known[subject] & {HAND}) | set(wanted) for subject, wanted in sources.items()}


def sources_in(connection: Connection, subjects: Collection[SubjectId]) -> dict[SubjectId, set[str]]:
    """Return what keeps each of some subjects on the list; nothing for who is not on it."""
    found: dict[SubjectId, set[str]] = {subject: set() for subject in subjects}
    query = select(watched_table.c.subject, watched_table.c.source)
    for row in connection.execute(query.where(watched_table.c.subject.in_(list(subjects)))):
        found[SubjectId(row.subject)].add(row.source)
    return found


def _drop(connection: Connection, subject: SubjectId, source: str) -> int:
    is_it = (watched_table.c.subject == subject) & (watched_table.c.source == source)
    return connection.execute(watched_table.delete().where(is_it)).rowcount


def _entry(row: Any) -> Entry:
    return Entry(
        subject=SubjectId(row.subject),
        source=row.source,
        reason=row.reason,
        person=row.person,
        at=row.at,
    )
