"""Emergency plans in the database, within the caller's transaction: opened once, escalated when late, shown.

A plan keeps a copy of its template, so that a later policy changes nothing of it. A drill runs like any other
plan and touches nothing else: it raises no alert, and what is told of it says that it is one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, select

from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.risk.alerting import Finding, raise_alert
from node.risk.audit import AuditChain
from node.risk.delivery.notices import NoticeKind, put_notice
from node.risk.monitoring.reasons import Ground, in_words
from node.risk.policy.plans import PlanTemplate, Words
from node.risk.policy.watching import Severity
from node.risk.roles import Actor
from node.storage.monitoring_schema import plan as plan_table
from node.storage.monitoring_schema import plan_step
from node.texts import Language

PlanState: TypeAlias = Literal["open", "closed"]
LATE_RULE: Final = "plan:late"
"""No rule of a policy has such an id."""
_SEVERITY: Final[Severity] = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a plan is opened for; `alert` is the id of the alert that called for it."""

    template: PlanTemplate
    subject: SubjectId | None = field(repr=False)
    alert: str | None = None
    drill: bool = False


def plan_of_alert(alert_id: str) -> str:
    """Return the id of the plan that an alert opens."""
    return hashlib.sha256(f"plan\0{alert_id}".encode()).hexdigest()[:32]


def open_plan(
    connection: Connection, audit: AuditChain, opening: Opening, *, plan_id: str, actor: Actor, at: datetime
) -> None:
    """Open a plan in the caller's transaction, and leave a notice of it; one that there is stays as it is."""
    if find_plan(connection, plan_id) is not None:
        return
    template = opening.template
    values = {
        "id": plan_id,
        "template": template.id,
        "subject": opening.subject,
        "alert": opening.alert,
        "drill": opening.drill,
        "state": "open",
        "content": json.dumps(asdict(template), ensure_ascii=False),
        "opened_at": at.isoformat(),
        "opened_by": actor.name,
    }
    connection.execute(plan_table.insert(), values)
    steps = [
        {"plan": plan_id, "number": number, "due_at": (at + timedelta(hours=step.within_hours)).isoformat()}
        for number, step in enumerate(template.steps, 1)
    ]
    connection.execute(plan_step.insert(), steps)
    content = {"plan": plan_id, "template": template.id, "alert": opening.alert, "drill": opening.drill}
    audit.append(
        connection, actor=actor, action="plan.opened", subject=opening.subject, content=content, at=at
    )
    tell(connection, plan_id, "plan.opened", key=plan_id, at=at, reason=_both(template.trigger))


def has_late_steps(connection: Connection, at: datetime) -> bool:
    """Return whether there is anything for `escalate` to do."""
    return connection.execute(_late(at).limit(1)).one_or_none() is not None


def escalate(connection: Connection, at: datetime) -> int:
    """Raise an alert for every step that is late by now and was not told yet; return how many.

    A drill's late step is told as such, and raises none.
    """
    late = connection.execute(_late(at)).all()
    for row in late:
        is_it = (plan_step.c.plan == row.plan) & (plan_step.c.number == row.number)
        connection.execute(plan_step.update().where(is_it), {"late_at": at.isoformat()})
        ground = Ground(way="late", bound=row.number)
        key = f"{row.plan} {row.number}"
        tell(connection, row.plan, "plan.late", key=key, at=at, reason=in_words(ground, None, None))
        if not row.drill:
            finding = Finding(
                rule=LATE_RULE,
                subject=row.subject,
                severity=_SEVERITY,
                ground=ground,
                before=None,
                after=None,
            )
            raise_alert(connection, finding, occasion=key, at=at)
    return len(late)


def _late(at: datetime) -> Any:
    columns = (plan_step.c.plan, plan_step.c.number, plan_table.c.subject, plan_table.c.drill)
    return (
        select(*columns)
        .join(plan_table)
        .where(
            plan_table.c.state == "open",
            plan_step.c.done_at.is_(None),
            plan_step.c.late_at.is_(None),
            plan_step.c.due_at <= at.isoformat(),
        )
        .order_by(plan_step.c.due_at, plan_step.c.plan, plan_step.c.number)
    )


def find_plan(connection: Connection, plan_id: str) -> Any:
    """Return a plan's row, None where there is none."""
    return connection.execute(select(plan_table).where(plan_table.c.id == plan_id)).one_or_none()


def needed_plan(connection: Connection, plan_id: str) -> Any:
    """Return a plan's row; raises NotFoundError."""
    row = find_plan(connection, plan_id)
    if row is None:
        raise NotFoundError("no plan has this id")
    return row


def list_plan(row: Any) -> dict[str, Any]:
    """Return a plan as it is listed, without its steps."""
    return {
        "id": row.id,
        "template": row.template,
        "title": json.loads(row.content)["title"],
        "subject": row.subject,
        "alert": row.alert,
        "drill": row.drill,
        "state": row.state,
        "opened_at": row.opened_at,
        "opened_by": row.opened_by,
        "closed_at": row.closed_at,
    }


def show_plan(connection: Connection, plan_id: str) -> dict[str, Any]:
    """Return a plan with its steps as it is shown; raises NotFoundError."""
    row = needed_plan(connection, plan_id)
    content = json.loads(row.content)
    return {
        **list_plan(row),
        "trigger": content["trigger"],
        "resources": content["resources"],
        "contacts": content["contacts"],
        "steps": steps_of(connection, row),
        "report": None if row.report is None else json.loads(row.report),
    }


def steps_of(connection: Connection, row: Any) -> list[dict[str, Any]]:
    """Return a plan's steps as they are shown."""
    query = select(plan_step).where(plan_step.c.plan == row.id).order_by(plan_step.c.number)
    templates = json.loads(row.content)["steps"]
    return [
        {
            "number": step.number,
            "text": template["text"],
            "owner": template["owner"],
            "due_at": step.due_at,
            "done_at": step.done_at,
            "done_by": step.done_by,
            "note": step.note,
            "late": step.late_at is not None or (step.done_at is not None and step.done_at > step.due_at),
        }
        for step, template in zip(connection.execute(query), templates, strict=True)
    ]


def report_on(
    row: Any, steps: Sequence[Mapping[str, Any]], *, actor: Actor, summary: str, at: datetime
) -> dict[str, Any]:
    """Return the closing report: who did how much in what time, what was late, what was left."""
    took = at - datetime.fromisoformat(row.opened_at)
    return {
        "summary": summary,
        "closed_by": actor.name,
        "took_hours": round(took.total_seconds() / 3600, 1),
        "done": sum(step["done_at"] is not None for step in steps),
        "late": [step["number"] for step in steps if step["late"]],
        "left": [step["number"] for step in steps if step["done_at"] is None],
    }


def tell(
    connection: Connection,
    plan_id: str,
    kind: NoticeKind,
    *,
    key: str,
    at: datetime,
    reason: Mapping[Language, str],
) -> None:
    """Leave a notice of a turn of a plan; `reason` says in both languages what it is."""
    row = needed_plan(connection, plan_id)
    listing = list_plan(row)
    title = {"en": listing["title"]["en"], "zh-CN": listing["title"]["zh"]}
    content = {**listing, "title": title, "reason": reason}
    put_notice(connection, key=key, kind=kind, severity=_SEVERITY, at=at, content=content, drill=row.drill)


def _both(words: Words) -> dict[Language, str]:
    return {"en": words.en, "zh-CN": words.zh}
