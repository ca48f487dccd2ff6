"""One round over some subjects: who of them is watched now, and which conditions turn. One transaction.

What a round writes (the watch list, the conditions, alerts, plans, notices, how far the event is) is there
together or not at all, so a round that was cut off is done again as if it had not begun.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select

from hanse_ledger.ids import Month, SubjectId
from node.risk.alerting import Finding, raise_alert, say_over
from node.risk.audit import AuditChain
from node.risk.monitoring.conditions import Judgment, Standing, judge
from node.risk.monitoring.reasons import Unit, ground_of
from node.risk.monitoring.watchlist import put_sources, sources_of
from node.risk.planning import Opening, open_plan, plan_of_alert
from node.risk.policy.watching import AlertRule
from node.risk.policy.whole import RiskPolicy
from node.risk.roles import SYSTEM
from node.storage.bulk import bulk_insert
from node.storage.monitoring_schema import alert_condition

Figures: TypeAlias = Mapping[str, float | None]
"""A subject's figures by name, None for one that is not known."""
_Key: TypeAlias = tuple[SubjectId, str]
_NEW: Final = Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round goes by. `occasion` names what happened; `close` is the month, where one closed."""

    policy: RiskPolicy
    figures: Mapping[SubjectId, Figures] = field(repr=False)
    occasion: str
    close: Month | None
    unit: Unit
    at: datetime


def do_round(connection: Connection, audit: AuditChain, of: Round) -> None:
    """Bring the watch list up to date, and look at every alert rule for each of the subjects on it."""
    wanted = {subject: sources_of(of.policy.watch, figures) for subject, figures in of.figures.items()}
    sources = put_sources(connection, wanted, at=of.at)
    on_list = sorted(subject for subject, found in sources.items() if found)
    standings = _load(connection, on_list)
    judged = {
        (subject, rule.id): _look(connection, audit, of, rule, subject, standings.get((subject, rule.id)))
        for subject in on_list
        for rule in of.policy.alerts
    }
    changed = {key: one for key, one in judged.items() if standings.get(key) != one.standing}
    _store(connection, changed)


def _look(
    connection: Connection,
    audit: AuditChain,
    of: Round,
    rule: AlertRule,
    subject: SubjectId,
    standing: Standing | None,
) -> Judgment:
    figure = of.figures[subject].get(rule.signal)
    judged = judge(rule, standing or _NEW, figure, of.close)
    if judged.turn == "raised":
        finding = Finding(
            rule=rule.id,
            subject=subject,
            severity=rule.severity,
            ground=ground_of(rule, of.unit),
            before=judged.before,
            after=figure,
        )
        _raise(connection, audit, of, rule, finding)
    elif judged.turn == "over":
        say_over(connection, rule.id, subject, at=of.at)
    return judged


def _raise(connection: Connection, audit: AuditChain, of: Round, rule: AlertRule, finding: Finding) -> None:
    raised = raise_alert(connection, finding, occasion=of.occasion, at=of.at)
    if not raised.is_new:
        return
    content: dict[str, Any] = {"alert": raised.id, "rule": rule.id, "severity": rule.severity}
    audit.append(
        connection, actor=SYSTEM, action="alert.raised", subject=finding.subject, content=content, at=of.at
    )
    for template in of.policy.plans:
        if template.id == rule.plan:
            opening = Opening(template=template, subject=finding.subject, alert=raised.id)
            plan_id = plan_of_alert(raised.id)
            open_plan(connection, audit, opening, plan_id=plan_id, actor=SYSTEM, at=of.at)


def _load(connection: Connection, subjects: Collection[SubjectId]) -> dict[_Key, Standing]:
    query = select(alert_condition).where(alert_condition.c.subject.in_(list(subjects)))
    return {
        (SubjectId(row.subject), row.rule): Standing(
            held=row.held,
            raised=row.raised,
            value=json.loads(row.value),
            close=None if row.close is None else Month(row.close),
        )
        for row in connection.execute(query)
    }


def _store(connection: Connection, judged: Mapping[_Key, Judgment]) -> None:
    for subject, rule in judged:
        is_it = (alert_condition.c.subject == subject) & (alert_condition.c.rule == rule)
        connection.execute(alert_condition.delete().where(is_it))
    rows = [
        {
            "subject": subject,
            "rule": rule,
            "held": one.standing.held,
            "raised": one.standing.raised,
            "value": json.dumps(one.standing.value),
            "close": one.standing.close,
        }
        for (subject, rule), one in judged.items()
    ]
    if rows:
        bulk_insert(connection, alert_condition, rows)
