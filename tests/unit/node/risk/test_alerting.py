"""Alerts in the database: raised once, again, over, snoozed and awake."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from sqlalchemy import select
from support_people import ANALYST, AUDITOR, Bench

from hanse_ledger.ids import SubjectId
from node.risk.alerting import Finding, Raised, raise_alert, say_over
from node.risk.alerts import Which
from node.risk.monitoring.reasons import Ground, in_words
from node.storage.monitoring_schema import notice

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
USCC = SubjectId("uscc:91350100M000100Y43")
GROUND = Ground(way="rises_by", signal="own.delay_mean_days", bound=10)
FINDING = Finding(rule="later", subject=USCC, severity="high", ground=GROUND, before=2.0, after=14.5)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, NOW)
    yield made
    made.close()


def find(bench: Bench, finding: Finding = FINDING, *, occasion: str = "book_imported 1") -> Raised:
    with bench.database.write() as connection:
        return raise_alert(connection, finding, occasion=occasion, at=bench.clock.now())


def told(bench: Bench) -> list[str]:
    with bench.database.read() as connection:
        return list(connection.execute(select(notice.c.kind).order_by(notice.c.number)).scalars())


def steps(bench: Bench, alert: str) -> list[str]:
    return [step["action"] for step in bench.own.alerts.one(AUDITOR, alert)["steps"]]


def test_the_same_occasion_raises_one_alert(bench: Bench) -> None:
    first, again = find(bench), find(bench)
    assert (first.is_new, again.is_new, first.id == again.id) == (True, False, True)
    assert told(bench) == ["alert.raised"]


def test_another_occasion_raises_an_open_alert_again_once(bench: Bench) -> None:
    alert = find(bench).id
    for _ in range(2):
        assert find(bench, replace(FINDING, before=14.5, after=30.0), occasion="book_imported 2").id == alert
    shown = bench.own.alerts.one(AUDITOR, alert)
    assert (shown["before"], shown["after"]) == (14.5, 30.0)
    assert steps(bench, alert) == ["raised", "again"]
    assert told(bench) == ["alert.raised", "alert.again"]


def test_after_a_close_another_occasion_raises_another_alert(bench: Bench) -> None:
    alert = find(bench).id
    bench.own.alerts.close(ANALYST, alert, outcome="watched", text="nothing more")
    assert find(bench, occasion="book_imported 2").is_new
    # The occasion that raised the closed one does not raise it anew.
    assert find(bench) == Raised(id=alert, is_new=False)
    assert len(bench.own.alerts.listed(ANALYST, Which(state="open"), limit=10)) == 1


def test_what_is_over_is_a_step_of_the_open_alert_alone(bench: Bench) -> None:
    alert = find(bench).id
    with bench.database.write() as connection:
        say_over(connection, "later", USCC, at=NOW)
        say_over(connection, "other", USCC, at=NOW)
    bench.own.alerts.close(ANALYST, alert, outcome="acted", text="done")
    with bench.database.write() as connection:
        say_over(connection, "later", USCC, at=NOW)
    assert steps(bench, alert) == ["raised", "over", "closed"]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-10))])
def test_a_snoozed_alert_is_open_again_when_its_time_has_come(bench: Bench, zone: tzinfo) -> None:
    alert = find(bench).id
    until = (NOW + timedelta(days=3)).astimezone(zone)
    bench.own.alerts.snooze(ANALYST, alert, until=until, reason="promised")
    for hours, state in ((71, "snoozed"), (72, "open"), (96, "open")):
        bench.clock.time = NOW + timedelta(hours=hours)
        while bench.own.monitor.step():
            pass
        shown = bench.own.alerts.one(AUDITOR, alert)
        assert (shown["state"], shown["snoozed_until"] is None) == (state, state == "open")
    assert steps(bench, alert) == ["raised", "snoozed", "awake"]
    assert told(bench) == ["alert.raised", "alert.awake"]


def test_reasons_in_both_languages() -> None:
    def words(ground: Ground, before: float | None, after: float | None) -> str:
        return in_words(ground, before, after)["en"]

    assert words(GROUND, 2.0, 14.5) == (
        "Your mean delay has risen from 2 days to 14.5 days since the last close of a month."
    )
    amount = Ground(way="at_least", signal="own.open_minor", bound=5_000_000, currency="CNY", exponent=2)
    assert words(amount, None, 7_512_345) == (
        "Your open balance is CN¥75,123.45; the rule allows less than CN¥50,000.00."
    )
    grade = Ground(way="rises_by", signal="assessment.grade", bound=1)
    assert words(grade, 2, 4) == "Grade has risen from B to D since the last close of a month."
    lasting = Ground(way="at_most", signal="assessment.score", bound=40, closes=3)
    assert words(lasting, 50, 35) == ("Score is 35, and was 40 or less at 3 closes of a month in a row.")
    lost = Ground(way="unknown", signal="network.late_share")
    assert words(lost, 0.125, None) == "Late was 12.5% and is not known any more."
    assert in_words(lost, 0.125, None)["zh-CN"].endswith("现已无法得知。")
