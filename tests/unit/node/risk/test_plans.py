"""Emergency plans over time: late steps, drills, and what opens one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_people import ANALYST, APPROVER, AUDITOR, Bench

from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.risk.alerting import Finding, raise_alert
from node.risk.monitoring.reasons import Ground
from node.storage.monitoring_schema import notice
from node.storage.tables import metadata

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
USCC = SubjectId("uscc:91350100M000100Y43")
FIRST, SECOND = "a" * 32, "b" * 32
TOUCHED_BY_A_DRILL = {"plan", "plan_step", "notice", "audit"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, NOW)
    made.own.monitor.step()  # the day's own look
    while made.own.monitor.step():
        pass
    yield made
    made.close()


def rows(bench: Bench) -> dict[str, list[Any]]:
    with bench.database.read() as connection:
        return {one.name: list(connection.execute(select(one))) for one in metadata.sorted_tables}


def told(bench: Bench) -> list[tuple[str, bool]]:
    with bench.database.read() as connection:
        found = connection.execute(select(notice.c.kind, notice.c.drill).order_by(notice.c.number))
        return [(row.kind, row.drill) for row in found]


def run_through(bench: Bench, plan_id: str, *, drill: bool) -> None:
    """Open, tick in time, be late, close."""
    plans = bench.own.plans
    plans.open(ANALYST, "insolvency", plan_id=plan_id, subject=USCC, drill=drill)
    plans.tick(ANALYST, plan_id, 1, note="held")
    bench.clock.time += timedelta(hours=25)
    for _ in range(2):
        while bench.own.monitor.step():
            pass
    plans.close(APPROVER, plan_id, summary="over")


def test_a_late_step_raises_one_critical_alert(bench: Bench) -> None:
    run_through(bench, FIRST, drill=False)
    [(_, alert)] = bench.own.alerts.listed(ANALYST, limit=10)
    assert (alert["rule"], alert["subject"], alert["severity"]) == ("plan:late", USCC, "critical")
    assert alert["reason"]["en"] == "Step 2 of the emergency plan was not ticked in time."
    assert told(bench) == [
        ("plan.opened", False), ("plan.late", False), ("alert.raised", False), ("plan.closed", False),
    ]  # fmt: skip
    shown = bench.own.plans.one(AUDITOR, FIRST)
    assert [step["late"] for step in shown["steps"]] == [False, True, False, False, False]
    assert (shown["report"]["late"], shown["report"]["left"]) == ([2], [2, 3, 4, 5])
    assert shown["report"]["took_hours"] == 25.0


def test_a_step_that_is_ticked_too_late_is_in_the_report_without_an_alert(bench: Bench) -> None:
    bench.own.plans.open(ANALYST, "insolvency", plan_id=FIRST)
    bench.clock.time += timedelta(hours=5)
    bench.own.plans.tick(ANALYST, FIRST, 1, note="held")
    while bench.own.monitor.step():
        pass
    assert bench.own.alerts.listed(ANALYST, limit=10) == []
    assert bench.own.plans.close(APPROVER, FIRST, summary="over")["report"]["late"] == [1]


def test_a_drill_changes_nothing_else_and_says_what_it_is(bench: Bench) -> None:
    bench.clock.time += timedelta(hours=25)
    while bench.own.monitor.step():
        pass
    bench.clock.time -= timedelta(hours=25)
    before = rows(bench)
    run_through(bench, FIRST, drill=True)
    after = rows(bench)
    assert {name for name, found in after.items() if found != before[name]} == TOUCHED_BY_A_DRILL
    assert told(bench) == [("plan.opened", True), ("plan.late", True), ("plan.closed", True)]
    audited = [row for row in after["audit"][len(before["audit"]) :] if row.action.startswith("plan.")]
    assert audited
    assert all('"drill":true' in row.content for row in audited)


def test_a_drill_may_name_an_alert_that_there_is(bench: Bench) -> None:
    ground = Ground(way="at_least", signal="fact.insolvency", bound=1)
    finding = Finding(rule="r", subject=USCC, severity="high", ground=ground, before=0, after=1)
    with bench.database.write() as connection:
        alert = raise_alert(connection, finding, occasion="one", at=NOW).id
    drill = bench.own.plans.open(ANALYST, "insolvency", plan_id=FIRST, alert=alert, drill=True)
    plan = bench.own.plans.open(ANALYST, "insolvency", plan_id=SECOND, alert=alert)
    assert (drill["id"], drill["subject"], plan["subject"]) == (FIRST, USCC, USCC)
    assert plan["id"] not in (FIRST, SECOND)
    for is_drill in (True, False):
        with pytest.raises(NotFoundError):
            bench.own.plans.open(ANALYST, "insolvency", plan_id="c" * 32, alert="f" * 32, drill=is_drill)


def test_a_closed_plan_is_late_no_more(bench: Bench) -> None:
    bench.own.plans.open(ANALYST, "insolvency", plan_id=FIRST)
    bench.own.plans.close(APPROVER, FIRST, summary="over")
    bench.clock.time += timedelta(hours=500)
    while bench.own.monitor.step():
        pass
    assert told(bench) == [("plan.opened", False), ("plan.closed", False)]


def test_a_later_policy_changes_nothing_of_a_plan(bench: Bench) -> None:
    bench.own.plans.open(ANALYST, "insolvency", plan_id=FIRST)
    before = bench.own.plans.one(AUDITOR, FIRST)
    raw = bench.own.policy.in_force()[0].raw
    bench.own.policy.adopt(APPROVER, raw.replace(b"Stop deliveries", b"Halt deliveries"), note="words")
    assert bench.own.plans.one(AUDITOR, FIRST) == before
    bench.own.plans.open(ANALYST, "insolvency", plan_id=SECOND)
    assert bench.own.plans.one(AUDITOR, SECOND)["steps"][0]["text"]["en"].startswith("Halt")


def test_an_alert_has_one_plan_about_its_subject(bench: Bench) -> None:
    ground = Ground(way="at_least", signal="fact.insolvency", bound=1)
    finding = Finding(
        rule="insolvency", subject=USCC, severity="critical", ground=ground, before=None, after=1
    )
    with bench.database.write() as connection:
        alert = raise_alert(connection, finding, occasion="fact 1", at=NOW).id
    one = bench.own.plans.open(ANALYST, "insolvency", plan_id=FIRST, alert=alert)
    two = bench.own.plans.open(ANALYST, "payment-stop", plan_id=SECOND, alert=alert)
    assert one["id"] == two["id"]
    assert (one["subject"], one["template"], two["template"]) == (USCC, "insolvency", "insolvency")
