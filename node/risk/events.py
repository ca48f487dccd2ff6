"""What happened that monitoring has to look at: recorded where it happens, worked off by the runner.

Who causes an event records it in the transaction that causes it, so neither is there without the other. An
event is known by its kind and key: recording it again changes nothing, and no second run follows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Update, exists, select

from hanse_ledger.ids import SubjectId
from node.storage.monitoring_schema import risk_event

EventKind: TypeAlias = Literal[
    "month_closed", "bulletin_closed", "fact", "book_imported", "expiry", "policy_adopted"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; without a `subject` it concerns everybody who is watched.

    Up to the subject `reached`, in the order of their ids, it has been worked off.
    """

    number: int
    kind: EventKind
    key: str
    subject: SubjectId | None = field(repr=False)
    at: datetime
    reached: str | None = field(repr=False)


def record_event(
    connection: Connection, *, kind: EventKind, key: str, subject: SubjectId | None, at: datetime
) -> None:
    """Record an event in the caller's transaction, once for a kind and key."""
    is_known = exists().where(risk_event.c.kind == kind, risk_event.c.key == key)
    # A transaction that writes is the only one that does: nobody records it in between.
    if not connection.execute(select(is_known)).scalar():
        values = {"kind": kind, "key": key, "subject": subject, "at": at.isoformat()}
        connection.execute(risk_event.insert(), values)


def _event(row: Any) -> Event:
    return Event(
        number=row.number,
        kind=row.kind,
        key=row.key,
        subject=None if row.subject is None else SubjectId(row.subject),
        at=datetime.fromisoformat(row.at),
        reached=row.reached,
    )


def open_events(connection: Connection) -> list[Event]:
    """Return the events that are not worked off, the oldest first."""
    query = select(risk_event).where(risk_event.c.done_at.is_(None)).order_by(risk_event.c.number)
    return [_event(row) for row in connection.execute(query)]


def note_reached(connection: Connection, event: Event, reached: str) -> None:
    """Note up to which subject an event has been worked off."""
    connection.execute(_of(event).values(reached=reached))


def note_done(connection: Connection, event: Event, at: datetime) -> None:
    """Note that an event has been worked off."""
    connection.execute(_of(event).values(done_at=at.isoformat()))


def _of(event: Event) -> Update:
    return risk_event.update().where(risk_event.c.number == event.number)
