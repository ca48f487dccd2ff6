from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support_monitor import ANALYST, Firm, import_everywhere
from support_node import FIRST, Bench, subject
from support_postgres import Places

from hanse_ledger.bodies import Inquiry
from hanse_ledger.ids import Month
from hanse_ledger.statements import parse_statement
from node.storage.monitoring_schema import notice, risk_event
from node.storage.schema import inquiry

K1, K2 = subject("K1"), subject("K2")
RULES = """
[[alerts]]
id = "late"
signal = "network.days_beyond_terms"
severity = "high"
at_least = 10
until = 5
[[alerts]]
id = "owed"
signal = "own.open_minor"
severity = "medium"
at_least = 100_000
"""


def _firm(bench: Bench) -> Iterator[Firm]:
    made = Firm(bench)
    yield made
    made.close()
    bench.close()


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    yield from _firm(Bench(tmp_path))


@pytest.fixture
def firm_anywhere(tmp_path: Path, places: Places) -> Iterator[Firm]:
    """In each kind of database."""
    yield from _firm(Bench(tmp_path, places=places))


def events(firm: Firm) -> list[tuple[str, str, bool]]:
    with firm.own._database.read() as connection:
        rows = connection.execute(select(risk_event).order_by(risk_event.c.number)).all()
    return [(row.kind, row.key, row.done_at is not None) for row in rows if row.kind != "expiry"]


def notices(firm: Firm) -> list[str]:
    with firm.own._database.read() as connection:
        return list(connection.execute(select(notice.c.kind).order_by(notice.c.number)).scalars())


def test_a_close_has_the_watched_inquired_anew_and_raises_an_alert(
    firm_anywhere: Firm,
) -> None:
    firm = firm_anywhere
    firm.adopt(RULES)
    firm.own.watch.add(ANALYST, K1, reason="new customer")
    import_everywhere(firm.bench, FIRST, paid_after=15)
    import_everywhere(firm.bench, FIRST, customer="K2", paid_after=15)
    firm.bench.end_month(FIRST)
    firm.bench.member(firm.bench.members[0]).standing.catch_up()
    firm.work_off()
    assert ("month_closed", "2024-10", True) in events(firm)
    # K2 pays as late, and nobody watches it: nothing was asked about it and no alert raised.
    with firm.own._database.read() as connection:
        asked = connection.execute(select(inquiry.c.subject, inquiry.c.purpose, inquiry.c.status)).all()
    assert [tuple(row) for row in asked] == [(K1, "monitoring", "checked")]
    [alert] = firm.alerts()
    assert (alert["rule"], alert["subject"], alert["severity"]) == ("late", K1, "high")
    assert alert["before"] is None
    assert alert["after"] >= 10
    assert alert["reason"]["en"].startswith("Days beyond terms")
    assert "天" in alert["reason"]["zh-CN"] or "日" in alert["reason"]["zh-CN"]
    assert notices(firm) == ["alert.raised"]


def test_a_second_run_over_the_same_raises_nothing(firm: Firm) -> None:
    firm.adopt(RULES)
    firm.own.watch.add(ANALYST, K1, reason="new customer")
    import_everywhere(firm.bench, FIRST, paid_after=15)
    firm.bench.end_month(FIRST)
    firm.bench.member(firm.bench.members[0]).standing.catch_up()
    firm.work_off()
    before = firm.alerts()
    with firm.own._database.write() as connection:
        connection.execute(risk_event.update(), {"done_at": None, "reached": None})
    firm.work_off()
    assert firm.alerts() == before
    assert notices(firm) == ["alert.raised"]
    # Nor does it cost another inquiry.
    with firm.own._database.read() as connection:
        assert len(connection.execute(select(inquiry.c.subject)).all()) == 1


def test_an_import_is_looked_at_without_asking_anybody(
    firm_anywhere: Firm,
) -> None:
    firm = firm_anywhere
    firm.adopt(RULES + "[watch]\nopen_minor_least = 100_000\n")
    import_everywhere(firm.bench, FIRST, paid_after=None)
    firm.work_off()
    assert events(firm)[-1] == ("book_imported", "1", True)
    assert firm.raised() == [("owed", K1, None, 120_000.0)]
    [entry] = firm.own.watch.listed(ANALYST, limit=10)
    assert (entry.subject, entry.source, entry.person) == (K1, "balance", "system")
    assert not any(
        isinstance(parse_statement(raw).body, Inquiry) for raw in firm.bench.replica.log.entries(0, 1_000)
    )


def test_who_no_longer_owes_leaves_the_list_and_the_alert_says_so(firm: Firm) -> None:
    firm.adopt(RULES + "[watch]\nopen_minor_least = 100_000\n")
    import_everywhere(firm.bench, FIRST, paid_after=None)
    firm.work_off()
    firm.own.watch.add(ANALYST, K1, reason="looked at")
    import_everywhere(firm.bench, FIRST, paid_after=3)
    firm.work_off()
    assert [one.source for one in firm.own.watch.listed(ANALYST, limit=10)] == ["hand"]
    [alert] = firm.alerts()
    steps = firm.own.alerts.one(ANALYST, alert["id"])["steps"]
    assert [(step["person"], step["action"]) for step in steps] == [("system", "raised"), ("system", "over")]


def test_a_rule_puts_subjects_on_the_list(firm: Firm) -> None:
    rule = '[[watch.rules]]\nid = "owes"\nsignal = "own.open_minor"\nat_least = 1\n'
    firm.adopt(rule + RULES)
    import_everywhere(firm.bench, FIRST, paid_after=None)
    firm.work_off()
    assert [one.source for one in firm.own.watch.listed(ANALYST, limit=10)] == ["rule:owes"]
    assert [one["rule"] for one in firm.alerts()] == ["owed"]


def test_only_as_many_are_asked_as_the_policy_allows_those_named_by_hand_first(firm: Firm) -> None:
    firm.adopt("[watch]\nopen_minor_least = 1\ninquiries_most = 2\n")
    for customer in ("K1", "K2", "K3"):
        import_everywhere(firm.bench, FIRST, customer=customer, paid_after=None)
    firm.work_off()
    firm.own.watch.add(ANALYST, subject("K3"), reason="large")
    firm.bench.end_month(FIRST)
    firm.bench.member(firm.bench.members[0]).standing.catch_up()
    firm.work_off()
    with firm.own._database.read() as connection:
        asked = sorted(connection.execute(select(inquiry.c.subject)).scalars())
    assert asked == [K1, subject("K3")]


def test_while_stewards_are_out_of_reach_a_close_waits_and_other_events_do_not(firm: Firm) -> None:
    firm.adopt(RULES)
    firm.own.watch.add(ANALYST, K1, reason="new customer")
    import_everywhere(firm.bench, FIRST, paid_after=None)
    firm.bench.end_month(FIRST)
    firm.bench.member(firm.bench.members[0]).standing.catch_up()
    silent = [party.id for party in firm.bench.consortium.stewards.values()][:3]
    firm.bench.silent |= set(silent)
    firm.work_off()
    assert ("month_closed", "2024-10", False) in events(firm)
    assert [one["rule"] for one in firm.alerts()] == ["owed"]
    firm.bench.clock.time += timedelta(hours=13)
    firm.work_off()
    assert ("month_closed", "2024-10", True) in events(firm)
    firm.bench.silent.clear()


def test_of_two_closes_that_wait_the_last_is_looked_at(firm: Firm) -> None:
    firm.adopt(RULES)
    for month in (FIRST, Month(FIRST + 1)):
        import_everywhere(firm.bench, month, paid_after=15)
        firm.bench.end_month(month)
        firm.bench.member(firm.bench.members[0]).standing.catch_up()
    firm.own.watch.add(ANALYST, K1, reason="new customer")
    firm.work_off()
    assert all(is_done for _, _, is_done in events(firm))
    kinds = [kind for kind, _, _ in events(firm)]
    assert (kinds.count("month_closed"), kinds.count("bulletin_closed")) == (2, 1)
    with firm.own._database.read() as connection:
        assert len(connection.execute(select(inquiry.c.subject)).all()) == 1


def test_every_day_is_looked_at_once_for_what_has_expired(firm: Firm) -> None:
    firm.work_off()
    firm.work_off()
    firm.bench.clock.time += timedelta(days=1)
    firm.work_off()
    with firm.own._database.read() as connection:
        days = connection.execute(select(risk_event.c.key).where(risk_event.c.kind == "expiry")).scalars()
        assert list(days) == ["2024-11-01", "2024-11-02"]
