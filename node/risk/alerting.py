"""Alerts in the database, within the caller's transaction: raised once, raised again, awake, step by step.

An alert is known by what raised it: the same rule, subject and occasion never make a second one. While one of
a rule and subject is not closed, the rule's next turn is a step of that alert and no alert of its own.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, select

from hanse_ledger.ids import SubjectId
from node.risk.delivery.notices import NoticeKind, put_notice
from node.risk.monitoring.reasons import Ground, in_words
from node.risk.policy.watching import Severity
from node.risk.roles import SYSTEM
from node.storage.monitoring_schema import alert as alert_table
from node.storage.monitoring_schema import alert_step

State: TypeAlias = Literal["open", "acknowledged", "snoozed", "closed"]
Act: TypeAlias = Literal[
    "raised", "again", "over", "awake", "acknowledged", "assigned", "snoozed", "commented", "closed"
]
OPEN: Final[State] = "open"
ACKNOWLEDGED: Final[State] = "acknowledged"
SNOOZED: Final[State] = "snoozed"
CLOSED: Final[State] = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What raises an alert: which rule, on whom, how grave, with the figure before and now."""

    rule: str
    subject: SubjectId | None = field(repr=False)
    severity: Severity
    ground: Ground
    before: float | None = field(repr=False)
    after: float | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The alert that a finding led to; `is_new` unless it was there."""

    id: str
    is_new: bool


def raise_alert(connection: Connection, finding: Finding, *, occasion: str, at: datetime) -> Raised:
    """Raise an alert, or let an open one of the rule and subject be raised again; leave a notice of it."""
    alert_id = hashlib.sha256(f"{finding.rule}\0{finding.subject}\0{occasion}".encode()).hexdigest()[:32]
    if find_alert(connection, alert_id) is not None:
        return Raised(id=alert_id, is_new=False)
    standing = _standing(connection, finding)
    if standing is not None:
        return _raise_again(connection, standing.id, finding, occasion, at)
    values = {
        **_figures(finding),
        "id": alert_id,
        "rule": finding.rule,
        "subject": finding.subject,
        "severity": finding.severity,
        "state": OPEN,
        "raised_at": at.isoformat(),
    }
    connection.execute(alert_table.insert(), values)
    put_step(connection, alert_id, person=SYSTEM.name, action="raised", content={}, at=at)
    _tell(connection, alert_id, "alert.raised", key=alert_id, at=at)
    return Raised(id=alert_id, is_new=True)


def say_over(connection: Connection, rule: str, subject: SubjectId, *, at: datetime) -> None:
    """Note in the open alert of a rule and subject, if there is one, that its condition holds no more."""
    is_it = (alert_table.c.rule == rule) & (alert_table.c.subject == subject)
    row = connection.execute(select(alert_table.c.id).where(is_it, _IS_OPEN)).one_or_none()
    if row is not None:
        put_step(connection, row.id, person=SYSTEM.name, action="over", content={}, at=at)


def wake_alerts(connection: Connection, at: datetime) -> int:
    """Open the snoozed alerts whose time has come, and leave a notice of each; return how many."""
    is_due = (alert_table.c.state == SNOOZED) & (alert_table.c.snoozed_until <= at.isoformat())
    due = connection.execute(select(alert_table.c.id, alert_table.c.snoozed_until).where(is_due)).all()
    for row in due:
        change_alert(connection, row.id, state=OPEN, snoozed_until=None)
        put_step(connection, row.id, person=SYSTEM.name, action="awake", content={}, at=at)
        _tell(connection, row.id, "alert.awake", key=f"{row.id} {row.snoozed_until}", at=at)
    return len(due)


def has_due_snoozes(connection: Connection, at: datetime) -> bool:
    """Return whether there is anything for `wake_alerts` to do."""
    is_due = (alert_table.c.state == SNOOZED) & (alert_table.c.snoozed_until <= at.isoformat())
    return connection.execute(select(alert_table.c.id).where(is_due).limit(1)).one_or_none() is not None


def find_alert(connection: Connection, alert_id: str) -> Any:
    """Return an alert's row, None where there is none."""
    return connection.execute(select(alert_table).where(alert_table.c.id == alert_id)).one_or_none()


def change_alert(connection: Connection, alert_id: str, **values: object) -> None:
    """Set some columns of an alert."""
    connection.execute(alert_table.update().where(alert_table.c.id == alert_id).values(**values))


def put_step(
    connection: Connection,
    alert_id: str,
    *,
    person: str,
    action: Act,
    content: Mapping[str, Any],
    at: datetime,
) -> None:
    """Add to what was done with an alert."""
    values = {
        "alert": alert_id,
        "at": at.isoformat(),
        "person": person,
        "action": action,
        "content": json.dumps(content, ensure_ascii=False),
    }
    connection.execute(alert_step.insert(), values)


def describe_alert(row: Any) -> dict[str, Any]:
    """Return an alert as it is shown, with its reason in both languages."""
    ground, before, after = Ground(**json.loads(row.reason)), json.loads(row.before), json.loads(row.after)
    return {
        "id": row.id,
        "rule": row.rule,
        "signal": ground.signal,
        "subject": row.subject,
        "severity": row.severity,
        "state": row.state,
        "raised_at": row.raised_at,
        "before": before,
        "after": after,
        "reason": in_words(ground, before, after),
        "assignee": row.assignee,
        "snoozed_until": row.snoozed_until,
        "outcome": row.outcome,
        "closed_at": row.closed_at,
    }


_IS_OPEN: Final = alert_table.c.state != CLOSED


def _standing(connection: Connection, finding: Finding) -> Any:
    is_it = (alert_table.c.rule == finding.rule) & (alert_table.c.subject == finding.subject)
    return connection.execute(select(alert_table).where(is_it, _IS_OPEN)).one_or_none()


def _raise_again(
    connection: Connection, alert_id: str, finding: Finding, occasion: str, at: datetime
) -> Raised:
    steps = select(alert_step.c.content).where(alert_step.c.alert == alert_id, alert_step.c.action == "again")
    known = {json.loads(content)["occasion"] for content in connection.execute(steps).scalars()}
    if occasion not in known:
        change_alert(connection, alert_id, **_figures(finding))
        content = {"occasion": occasion}
        put_step(connection, alert_id, person=SYSTEM.name, action="again", content=content, at=at)
        _tell(connection, alert_id, "alert.again", key=f"{alert_id} {occasion}", at=at)
    return Raised(id=alert_id, is_new=False)


def _figures(finding: Finding) -> dict[str, str]:
    return {
        "before": json.dumps(finding.before),
        "after": json.dumps(finding.after),
        "reason": json.dumps(finding.ground.describe()),
    }


def _tell(connection: Connection, alert_id: str, kind: NoticeKind, *, key: str, at: datetime) -> None:
    row = find_alert(connection, alert_id)
    content = describe_alert(row)
    put_notice(connection, key=key, kind=kind, severity=row.severity, at=at, content=content)
