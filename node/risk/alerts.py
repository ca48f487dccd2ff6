"""What people do with alerts: look, acknowledge, assign, snooze, comment, close with an outcome."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import Connection, func, select

from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.ids import SubjectId
from node.errors import AlertStateError, NotFoundError
from node.ports import Clock
from node.risk.alerting import (
    ACKNOWLEDGED,
    CLOSED,
    SNOOZED,
    Act,
    State,
    change_alert,
    describe_alert,
    find_alert,
    put_step,
)
from node.risk.audit import AuditChain
from node.risk.policy.watching import Severity
from node.risk.roles import Actor, require
from node.risk.typed import typed
from node.storage.database import Database
from node.storage.monitoring_schema import alert as alert_table
from node.storage.monitoring_schema import alert_step

Outcome: TypeAlias = Literal["acted", "watched", "unfounded"]
"""What came of it: something was done, nothing but looking on, or there was nothing to it."""
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
SNOOZE_MOST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which alerts are listed; None for any."""

    state: State | None = None
    severity: Severity | None = None
    subject: SubjectId | None = None
    assignee: str | None = None


ALL: Final = Which()


class Alerts:
    """One member's alerts. Any thread may use it; every look and change is in the audit chain."""

    def __init__(
        self, database: Database, clock: Clock, audit: AuditChain, person_of: Callable[[str], Actor]
    ) -> None:
        """`person_of` gives a live person by name; raises NotPermittedError."""
        self._database, self._clock, self._person_of = database, clock, person_of
        self._note = audit.noting(clock)

    def listed(
        self, actor: Actor, which: Which = ALL, *, before: int | None = None, limit: int
    ) -> list[tuple[int, dict[str, Any]]]:
        """Return alerts with their numbers, the newest first."""
        require(actor, "alert.view")
        query = select(alert_table).order_by(alert_table.c.number.desc()).limit(limit)
        for name in ("state", "severity", "subject", "assignee"):
            value = getattr(which, name)
            if value is not None:
                query = query.where(alert_table.c[name] == value)
        if before is not None:
            query = query.where(alert_table.c.number < before)
        with self._database.write() as connection:
            found = [(row.number, describe_alert(row)) for row in connection.execute(query)]
            self._note(connection, actor, "alerts.viewed", which.subject, {"alerts": len(found)})
        return found

    def one(self, actor: Actor, alert_id: str) -> dict[str, Any]:
        """Return an alert with all that was done with it; raises NotFoundError."""
        require(actor, "alert.view")
        with self._database.write() as connection:
            row = _needed(connection, alert_id)
            self._note(connection, actor, "alert.viewed", row.subject, {"alert": alert_id})
            return _with_steps(connection, row)

    def counts(self) -> dict[str, int]:
        """Return how many alerts are not closed, by severity: of nobody in particular."""
        number = func.count()
        query = select(alert_table.c.severity, number).where(alert_table.c.state != CLOSED)
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(alert_table.c.severity))
            return {severity: count for severity, count in rows}  # noqa: C416 - rows, not pairs

    def acknowledge(self, actor: Actor, alert_id: str) -> dict[str, Any]:
        """Say that somebody has seen it and takes care of it; again changes nothing."""

        def turn(connection: Connection, row: Any) -> Mapping[str, Any] | None:
            if row.state == ACKNOWLEDGED:
                return None
            assignee = row.assignee or actor.name
            change_alert(connection, alert_id, state=ACKNOWLEDGED, snoozed_until=None, assignee=assignee)
            return {}

        return self._turn(actor, alert_id, "acknowledged", turn)

    def assign(self, actor: Actor, alert_id: str, *, to: str) -> dict[str, Any]:
        """Give it to a person whose role lets it work on alerts; raises MalformedError for anybody else."""
        require(actor, "alert.work")
        try:
            person = self._person_of(to)
            require(person, "alert.work")
        except NotPermittedError as error:
            raise MalformedError("to: nobody of this name works on alerts") from error

        def turn(connection: Connection, row: Any) -> Mapping[str, Any] | None:
            if row.assignee == person.name:
                return None
            change_alert(connection, alert_id, assignee=person.name)
            return {"to": person.name}

        return self._turn(actor, alert_id, "assigned", turn)

    def snooze(self, actor: Actor, alert_id: str, *, until: datetime, reason: str) -> dict[str, Any]:
        """Let it rest until a time; then it is open again, and told anew."""
        require(actor, "alert.work")
        text, now = typed(reason), self._clock.now()
        if not now < until <= now + SNOOZE_MOST:
            raise MalformedError("until: a time to come, within a year")
        at = until.astimezone(UTC).isoformat()  # times are compared as texts

        def turn(connection: Connection, _row: Any) -> Mapping[str, Any]:
            change_alert(connection, alert_id, state=SNOOZED, snoozed_until=at)
            return {"until": at, "text": text}

        return self._turn(actor, alert_id, "snoozed", turn)

    def comment(self, actor: Actor, alert_id: str, *, text: str) -> dict[str, Any]:
        """Add a comment, to a closed alert too."""
        said = typed(text)
        return self._turn(actor, alert_id, "commented", lambda *_: {"text": said}, closed_too=True)

    def close(self, actor: Actor, alert_id: str, *, outcome: Outcome, text: str) -> dict[str, Any]:
        """End it for good; the rule's next turn raises another. Raises AlertStateError for a closed one."""
        said, now = typed(text), self._clock.now().isoformat()

        def turn(connection: Connection, _row: Any) -> Mapping[str, Any]:
            change_alert(
                connection, alert_id, state=CLOSED, outcome=outcome, closed_at=now, snoozed_until=None
            )
            return {"outcome": outcome, "text": said}

        return self._turn(actor, alert_id, "closed", turn)

    def _turn(
        self,
        actor: Actor,
        alert_id: str,
        action: Act,
        turn: Callable[[Connection, Any], Mapping[str, Any] | None],
        *,
        closed_too: bool = False,
    ) -> dict[str, Any]:
        """Do one step in one transaction; what it returns is written down, None that nothing changed."""
        require(actor, "alert.work")
        with self._database.write() as connection:
            row = _needed(connection, alert_id)
            if row.state == CLOSED and not closed_too:
                raise AlertStateError("the alert is closed")
            content = turn(connection, row)
            if content is not None:
                now = self._clock.now()
                put_step(connection, alert_id, person=actor.name, action=action, content=content, at=now)
                noted = {"alert": alert_id, **content}
                self._note(connection, actor, f"alert.{action}", row.subject, noted)
            return _with_steps(connection, _needed(connection, alert_id))


def _needed(connection: Connection, alert_id: str) -> Any:
    row = find_alert(connection, alert_id)
    if row is None:
        raise NotFoundError("no alert has this id")
    return row


def _with_steps(connection: Connection, row: Any) -> dict[str, Any]:
    steps = select(alert_step).where(alert_step.c.alert == row.id).order_by(alert_step.c.number)
    return {
        **describe_alert(row),
        "steps": [
            {"at": step.at, "person": step.person, "action": step.action, **json.loads(step.content)}
            for step in connection.execute(steps)
        ],
    }
