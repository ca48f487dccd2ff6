"""What people enter about a customer: dated, expiring, audited, and the newest counts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support_people import ANALYST, AUDITOR, Bench

from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.ids import SubjectId
from node.risk.local import Entry, Kind, describe_entry
from node.risk.roles import Actor
from node.risk.signals.compute import signals_of
from node.risk.signals.value import Signals
from node.storage.public_schema import public_alias

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBJECT, OTHER, THIRD = (SubjectId(f"ref:DEMO:{number}") for number in (1, 2, 3))
STATEMENT = {
    "model": "z2",
    "total_assets": "1000",
    "total_liabilities": "600",
    "working_capital": "150.5",
    "retained_earnings": "-200",
    "ebit": "80",
    "book_equity": "400",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, NOON)
    yield made
    made.close()


def enter(
    bench: Bench, kind: Kind, content: dict[str, Any], *, actor: Actor = ANALYST, until: str = "2026-12-31"
) -> Entry:
    return bench.own.local.enter(
        actor, SUBJECT, kind, content, as_of=date(2025, 12, 31), expires_on=date.fromisoformat(until)
    )


def known(bench: Bench, subject: SubjectId = SUBJECT) -> Signals:
    return signals_of(bench.own.inputs.one(subject))


def value(bench: Bench, name: Any) -> float | None:
    return known(bench)[name].value


def test_an_entry_becomes_a_signal_until_it_expires(bench: Bench) -> None:
    assert known(bench)["local.industry"].unknown == "not_given"
    enter(bench, "industry", {"outlook": -1})
    signal = known(bench)["local.industry"]
    assert (signal.value, signal.months) == (-1, (24311, 24311))
    assert known(bench, OTHER)["local.industry"].unknown == "not_given"
    bench.clock.time = datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert value(bench, "local.industry") == -1
    bench.clock.time = datetime(2027, 1, 1, tzinfo=UTC)
    assert value(bench, "local.industry") is None


def test_the_newest_that_has_not_expired_counts_and_all_stay(bench: Bench) -> None:
    enter(bench, "industry", {"outlook": 2})
    enter(bench, "industry", {"outlook": -2}, until="2026-06-30")
    assert value(bench, "local.industry") == -2
    bench.clock.time = datetime(2026, 7, 1, tzinfo=UTC)
    assert value(bench, "local.industry") == 2
    listed = bench.own.local.listed(AUDITOR, SUBJECT)
    assert [entry.content["outlook"] for entry in listed] == [-2, 2]


def test_the_same_again_is_entered_once(bench: Bench) -> None:
    first = enter(bench, "altman", STATEMENT)
    bench.clock.time = datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert enter(bench, "altman", STATEMENT) == first
    enter(bench, "industry", {"outlook": 0})
    assert enter(bench, "altman", STATEMENT | {"ebit": "81"}).content["ebit"] == "81"
    enter(bench, "altman", STATEMENT)
    assert len(bench.own.local.listed(AUDITOR, SUBJECT)) == len(bench.own.audit.rows(limit=10)) == 4


def test_the_newest_counts_by_whichever_id_of_the_subject_it_was_entered(bench: Bench) -> None:
    with bench.database.write() as connection:
        connection.execute(
            public_alias.insert(), [{"other": one, "primary": OTHER} for one in (SUBJECT, THIRD)]
        )
    days: dict[str, Any] = {"as_of": date(2025, 12, 31), "expires_on": date(2026, 12, 31)}
    for one, outlook in ((OTHER, 2), (SUBJECT, -1)):
        bench.own.local.enter(ANALYST, one, "industry", {"outlook": outlook}, **days)
    for one in (SUBJECT, OTHER, THIRD):
        assert known(bench, one)["local.industry"].value == -1
        assert [entry.subject for entry in bench.own.local.listed(AUDITOR, one)] == [SUBJECT, OTHER]
    bench.own.local.enter(ANALYST, OTHER, "industry", {"outlook": 1}, **days)
    assert {known(bench, one)["local.industry"].value for one in (SUBJECT, OTHER, THIRD)} == {1}


def test_figures_of_a_statement_give_z_on_one_scale(bench: Bench) -> None:
    entry = enter(bench, "altman", STATEMENT)
    # 6.56 x 0.1505 - 3.26 x 0.2 + 6.72 x 0.08 + 1.05 x 2/3 = 1.57288; (1.57288 - 1.1) / 1.5
    assert value(bench, "local.altman") == pytest.approx(0.315253, abs=1e-6)
    assert {name: describe_entry(entry)[name] for name in ("z", "zone")} == {"z": "1.57", "zone": "grey"}


def test_every_entry_is_in_the_audit_chain_without_its_figures(bench: Bench) -> None:
    enter(bench, "altman", STATEMENT)
    (row,) = bench.own.audit.rows(limit=10)
    assert (row.action, row.actor, row.subject) == ("local.entered", ANALYST, SUBJECT)
    assert row.content == {"kind": "altman", "as_of": "2025-12-31", "expires_on": "2026-12-31"}


WRONG: list[tuple[Kind, dict[str, Any]]] = [
    ("industry", {}),
    ("industry", {"outlook": 3}),
    ("industry", {"outlook": True}),
    ("industry", {"outlook": 1.0}),
    ("industry", {"outlook": 1, "more": 1}),
    ("altman", {}),
    ("altman", STATEMENT | {"model": "z9"}),
    ("altman", STATEMENT | {"ebit": "much"}),
    ("altman", STATEMENT | {"ebit": "NaN"}),
    ("altman", STATEMENT | {"ebit": "1" * 25}),
    ("altman", STATEMENT | {"ebit": "1e999999"}),
    ("altman", STATEMENT | {"ebit": "1e400"}),
    ("altman", STATEMENT | {"total_assets": "1e-999999"}),
    ("altman", STATEMENT | {"total_assets": "0"}),
    ("altman", STATEMENT | {"profit": "1"}),
    ("altman", {name: text for name, text in STATEMENT.items() if name != "ebit"}),
    ("altman", STATEMENT | {"model": "z1"}),
]


@pytest.mark.parametrize(("kind", "content"), WRONG)
def test_what_makes_no_sense_is_refused(bench: Bench, kind: Kind, content: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        enter(bench, kind, content)
    assert bench.own.local.listed(AUDITOR, SUBJECT) == []


@pytest.mark.parametrize(("as_of", "until"), [("2026-03-02", "2026-12-31"), ("2025-12-31", "2026-02-28")])
def test_days_that_make_no_sense_are_refused(bench: Bench, as_of: str, until: str) -> None:
    with pytest.raises(MalformedError):
        bench.own.local.enter(
            ANALYST,
            SUBJECT,
            "industry",
            {"outlook": 0},
            as_of=date.fromisoformat(as_of),
            expires_on=date.fromisoformat(until),
        )


def test_who_may_only_look_enters_nothing(bench: Bench) -> None:
    with pytest.raises(NotPermittedError):
        enter(bench, "industry", {"outlook": 0}, actor=AUDITOR)
