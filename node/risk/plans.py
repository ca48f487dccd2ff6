"""What people do with emergency plans: open them, tick their steps, drill, close them with a report."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.errors import NotFoundError, PlanStateError
from node.ports import Clock
from node.risk.alerting import find_alert
from node.risk.audit import AuditChain
from node.risk.planning import (
    Opening,
    PlanState,
    find_plan,
    list_plan,
    needed_plan,
    open_plan,
    plan_of_alert,
    report_on,
    show_plan,
    steps_of,
    tell,
)
from node.risk.policy.plans import PlanTemplate
from node.risk.roles import Actor, require
from node.risk.typed import typed
from node.storage.database import Database
from node.storage.facts import primary_id
from node.storage.monitoring_schema import plan as plan_table
from node.storage.monitoring_schema import plan_step
from node.texts import Language


class Plans:
    """One member's emergency plans. Any thread may use it; every look and change is in the audit chain."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: AuditChain,
        templates: Callable[[], Sequence[PlanTemplate]],
    ) -> None:
        """`templates` gives those of the policy in force."""
        self._database, self._clock, self._templates = database, clock, templates
        self._audit, self._note = audit, audit.noting(clock)

    def templates(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the templates of the policy in force."""
        require(actor, "plan.view")
        return [asdict(template) for template in self._templates()]

    def open(
        self,
        actor: Actor,
        template_id: str,
        *,
        plan_id: str,
        subject: str | None = None,
        alert: str | None = None,
        drill: bool = False,
    ) -> dict[str, Any]:
        """Open a plan by hand; under an id that there is already, return that one. Raises NotFoundError.

        With an alert it is about the alert's subject; an alert has one plan, and drills beside it.
        """
        require(actor, "plan.drill" if drill else "plan.open")
        template = self._template(template_id)
        about = None if subject is None else parse_subject(subject).id
        with self._database.write() as connection:
            if alert is not None:
                of_alert, about = _of_alert(connection, alert)
                plan_id = plan_id if drill else of_alert
            elif about is not None:
                about = primary_id(connection, about)
            if find_plan(connection, plan_id) is None:
                opening = Opening(template=template, subject=about, alert=alert, drill=drill)
                open_plan(
                    connection, self._audit, opening, plan_id=plan_id, actor=actor, at=self._clock.now()
                )
            return show_plan(connection, plan_id)

    def listed(
        self, actor: Actor, *, state: PlanState | None = None, before: int | None = None, limit: int
    ) -> list[tuple[int, dict[str, Any]]]:
        """Return plans with their numbers, the newest first, without their steps."""
        require(actor, "plan.view")
        query = select(plan_table).order_by(plan_table.c.number.desc()).limit(limit)
        if state is not None:
            query = query.where(plan_table.c.state == state)
        if before is not None:
            query = query.where(plan_table.c.number < before)
        with self._database.write() as connection:
            found = [(row.number, list_plan(row)) for row in connection.execute(query)]
            self._note(connection, actor, "plans.viewed", None, {"plans": len(found)})
        return found

    def one(self, actor: Actor, plan_id: str) -> dict[str, Any]:
        """Return a plan with its steps; raises NotFoundError."""
        require(actor, "plan.view")
        with self._database.write() as connection:
            row = needed_plan(connection, plan_id)
            self._note(connection, actor, "plan.viewed", row.subject, {"plan": plan_id})
            return show_plan(connection, plan_id)

    def tick(self, actor: Actor, plan_id: str, number: int, *, note: str) -> dict[str, Any]:
        """Say that a step, counted from 1, is done, by whom and when; again changes nothing.

        Raises NotFoundError, PlanStateError for a closed plan.
        """
        require(actor, "plan.tick")
        text, now = typed(note), self._clock.now()
        with self._database.write() as connection:
            row = _open(connection, plan_id)
            is_it = (plan_step.c.plan == plan_id) & (plan_step.c.number == number)
            step = connection.execute(select(plan_step).where(is_it)).one_or_none()
            if step is None:
                raise NotFoundError("the plan has no step of this number")
            if step.done_at is None:
                done = {"done_at": now.isoformat(), "done_by": actor.name, "note": text}
                connection.execute(plan_step.update().where(is_it).values(done))
                content = {"plan": plan_id, "step": number, "text": text, "drill": row.drill}
                self._note(connection, actor, "plan.ticked", row.subject, content)
            return show_plan(connection, plan_id)

    def close(self, actor: Actor, plan_id: str, *, summary: str) -> dict[str, Any]:
        """End a plan with a report of what was done, when, by whom, what was late and what was left.

        Raises PlanStateError for a closed one.
        """
        require(actor, "plan.close")
        text, now = typed(summary), self._clock.now()
        with self._database.write() as connection:
            row = _open(connection, plan_id)
            report = report_on(row, steps_of(connection, row), actor=actor, summary=text, at=now)
            values = {"state": "closed", "closed_at": now.isoformat(), "report": json.dumps(report)}
            connection.execute(plan_table.update().where(plan_table.c.id == plan_id).values(values))
            content = {"plan": plan_id, "text": text, "drill": row.drill}
            self._note(connection, actor, "plan.closed", row.subject, content)
            tell(connection, plan_id, "plan.closed", key=plan_id, at=now, reason=_in_both(text))
            return show_plan(connection, plan_id)

    def _template(self, template_id: str) -> PlanTemplate:
        for template in self._templates():
            if template.id == template_id:
                return template
        raise NotFoundError("the policy has no template of this id")


def _of_alert(connection: Connection, alert_id: str) -> tuple[str, SubjectId | None]:
    row = find_alert(connection, alert_id)
    if row is None:
        raise NotFoundError("no alert has this id")
    return plan_of_alert(alert_id), None if row.subject is None else SubjectId(row.subject)


def _open(connection: Connection, plan_id: str) -> Any:
    row = needed_plan(connection, plan_id)
    if row.state != "open":
        raise PlanStateError("the plan is closed")
    return row


def _in_both(text: str) -> dict[Language, str]:
    """Return what a person typed, in whichever language, for readers of both."""
    return {"en": text, "zh-CN": text}
