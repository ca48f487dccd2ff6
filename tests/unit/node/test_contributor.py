"""A member's reporting over months: what is due, late or reported already, and what is sent anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_node import FIRST, MEMBERS, Bench, invoice, month, subject, take_book
from support_postgres import Places

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.bodies import Close, Report
from hanse_ledger.errors import UnavailableError
from hanse_ledger.filings import Alias
from hanse_ledger.ids import Month, StewardX
from hanse_ledger.statements import parse_statement
from node.member import MemberNode
from node.storage.schema import draft, own_row, share_out

ALDER, OTHER = MEMBERS[:2]
OCTOBER, NOVEMBER, DECEMBER, JANUARY = (Month(FIRST + i) for i in range(4))
LONG = invoice("R1", "2024-10-02", "2024-11-01")
"""Open from October on, and never paid."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:2])
    yield made
    made.close()


@pytest.fixture
def stored(tmp_path: Path, places: Places) -> Iterator[Bench]:
    """The same over databases of every kind."""
    made = Bench(tmp_path, places=places, members=MEMBERS[:2])
    yield made
    made.close()


def rows(member: MemberNode) -> list[tuple[str, Month, Month]]:
    """(customer, month, log month) of every row that was made, in order."""
    query = select(own_row.c.subject, own_row.c.month, draft.c.log_month).join(draft)
    with member.standing.database.read() as connection:
        found = connection.execute(query.order_by(draft.c.log_month, own_row.c.month, own_row.c.subject))
        return [(row.subject.rpartition(":")[2], Month(row.month), Month(row.log_month)) for row in found]


def reports(bench: Bench) -> list[Report]:
    """Alder's reports in the order of the log."""
    bodies = []
    for index, entry in bench.state.reports.items():
        body = parse_statement(bench.replica.log.entries(index, 1)[0]).body
        assert isinstance(body, Report)
        if entry.member == ALDER:
            bodies.append(body)
    return bodies


def test_nothing_is_due_before_the_month_has_ended(bench: Bench) -> None:
    member = bench.member(ALDER)
    take_book(member, {"C1": [LONG]})
    bench.work()
    bench.clock.time = datetime(2024, 10, 31, 23, 59, tzinfo=UTC)
    reported = member.report()
    assert (reported.month, reported.due, reported.reports, reported.rows) == (OCTOBER, False, 0, 0)
    assert not member.counts(OCTOBER)
    bench.clock.time = datetime(2024, 11, 1, tzinfo=UTC)
    reported = member.report()
    assert (reported.month, reported.due, reported.reports, reported.rows) == (OCTOBER, True, 1, 1)
    assert rows(member) == [("C1", OCTOBER, OCTOBER)]


def test_the_next_month_waits_for_the_close_of_this_one(bench: Bench) -> None:
    member = bench.member(ALDER)
    take_book(member, {"C1": [LONG]}, "2024-11-30")
    bench.work()
    bench.clock.time = datetime(2024, 12, 1, tzinfo=UTC)
    for _ in range(3):
        assert member.report().month == OCTOBER
        bench.work()
    assert member.report().counting == 1
    assert member.counts(OCTOBER)
    assert rows(member) == [("C1", OCTOBER, OCTOBER)]
    bench.end_month(OCTOBER)
    bench.end_month(NOVEMBER)
    assert rows(member) == [("C1", OCTOBER, OCTOBER), ("C1", NOVEMBER, NOVEMBER)]


def test_nothing_is_reported_twice(stored: Bench) -> None:
    member = stored.member(ALDER)
    take_book(member, {"C1": [LONG]})
    stored.work()
    for _ in range(5):
        stored.member(ALDER).report()
        stored.work()
        stored.reopen()
    stored.end_month(OCTOBER)
    # What the book says later of a month that was reported changes nothing of it.
    paid = invoice("R1", "2024-10-02", "2024-11-01", paid="2024-10-30")
    member = stored.member(ALDER)
    take_book(member, {"C1": [paid, invoice("R2", "2024-11-02", "2024-12-01")]}, "2024-11-30")
    stored.end_month(NOVEMBER)
    assert rows(member) == [("C1", OCTOBER, OCTOBER), ("C1", NOVEMBER, NOVEMBER)]
    assert len(reports(stored)) == 2


def test_a_member_without_rows_sends_64_of_padding(bench: Bench) -> None:
    bench.work()
    reported = bench.member(ALDER).report()
    assert (reported.reports, reported.rows) == (1, 0)
    (report,) = reports(bench)
    assert len(report.evidence_roots) == 64
    bench.work()
    assert bench.member(ALDER).report().counting == 1


def test_late_invoices_are_reported_for_the_open_months_of_the_year_only(stored: Bench) -> None:
    stored.work()
    stored.end_month(OCTOBER)
    member = stored.member(ALDER)
    take_book(member, {"LATE": [invoice("R7", "2024-09-02", "2024-10-02")]}, "2024-11-30")
    stored.end_month(NOVEMBER)
    assert rows(member) == [("LATE", OCTOBER, NOVEMBER), ("LATE", NOVEMBER, NOVEMBER)]
    stored.end_month(DECEMBER)
    # The year has closed: what comes to light now of its months can be in no window any more.
    take_book(member, {"TOO-LATE": [invoice("R8", "2024-12-02", "2025-01-02")]}, "2025-01-31")
    stored.end_month(JANUARY)
    assert [row for row in rows(member) if row[2] == JANUARY] == [
        ("LATE", JANUARY, JANUARY),
        ("TOO-LATE", JANUARY, JANUARY),
    ]
    assert month("2024-09") not in {at for _, at, _ in rows(member)}


def test_what_was_reported_under_another_id_is_not_reported_again_under_the_primary(bench: Bench) -> None:
    member = bench.member(ALDER)
    take_book(member, {"OLD": [LONG]})
    bench.work()
    bench.end_month(OCTOBER)
    bench.log(DESK_ID, Alias(other=subject("OLD"), primary=subject("NEW")))
    take_book(member, {"NEW": [invoice("R5", "2024-10-20", "2024-11-20")]}, "2024-11-30")
    bench.end_month(NOVEMBER)
    assert rows(member) == [("OLD", OCTOBER, OCTOBER), ("NEW", NOVEMBER, NOVEMBER)]
    with member.standing.database.read() as connection:
        peak = connection.execute(select(own_row.c.peak_minor).where(own_row.c.month == NOVEMBER)).scalar()
    # Both customers' invoices make the one row.
    assert peak == 2 * LONG.amount_minor


def drafted(member: MemberNode) -> list[Any]:
    with member.standing.database.read() as connection:
        return list(connection.execute(select(draft).order_by(draft.c.id)))


def test_after_a_null_the_same_rows_are_shared_afresh(tmp_path: Path) -> None:
    """A share that never comes: the steward says null, and the member seals the same rows anew."""
    bench = Bench(
        tmp_path, members=MEMBERS[:1], change=lambda document: document["policy"].update(share_hours=24)
    )
    member = bench.member(ALDER)
    take_book(member, {"C1": [LONG]})
    bench.work()
    bench.silent.add((STEWARDS[StewardX(2)], "shares"))
    member.report()
    assert bench.work() == 1
    assert bench.state.report_of(ALDER, 0).failed_at is None  # type: ignore[union-attr]
    bench.clock.time += timedelta(hours=24)
    before = drafted(member)
    assert bench.work() == 0
    entry = bench.state.report_of(ALDER, 0)
    assert entry is not None
    assert entry.failed_at is not None
    assert [entry.published[StewardX(x)] is None for x in (1, 2, 3, 4)] == [False, True, False, False]
    bench.silent.clear()
    member.report()
    assert bench.work() == 0
    assert member.report().counting == 1
    first, second = reports(bench)
    assert first.evidence_roots == second.evidence_roots
    assert first.rows_hash != second.rows_hash
    assert {share.sha256 for share in first.shares}.isdisjoint(share.sha256 for share in second.shares)
    for was, now in zip(before, drafted(member), strict=True):
        assert (was.id, was.rows, was.evidence_roots) == (now.id, now.rows, now.evidence_roots)
    with member.standing.database.read() as connection:
        assert connection.execute(select(share_out)).all() == []
    bench.close()


def test_a_share_is_sent_until_its_steward_has_said_its_word(bench: Bench) -> None:
    bench.work()
    bench.silent.add((STEWARDS[StewardX(3)], "shares"))
    bench.member(ALDER).report()
    assert bench.work() == 1
    bench.silent.clear()
    bench.reopen(ALDER)
    bench.asked.clear()
    bench.member(ALDER).report()
    sent = {party for caller, party, verb in bench.asked if (caller, verb) == (ALDER, "shares")}
    assert sent == {STEWARDS[StewardX(3)]}
    assert bench.work() == 0
    assert bench.member(ALDER).report().counting == 1


def counted_in(member: MemberNode) -> list[tuple[bool, int | None]]:
    """Whether each report counts, and the log month in which it began to."""
    with member.standing.database.read() as connection:
        found = connection.execute(select(draft.c.counted, draft.c.counted_in).order_by(draft.c.id))
        return [(row.counted, row.counted_in) for row in found]


def test_a_report_is_in_windows_from_the_log_month_on_in_which_it_counts(bench: Bench) -> None:
    member = bench.member(ALDER)
    take_book(member, {"C1": [LONG]})
    bench.work()
    member.report()
    assert counted_in(member) == [(False, None)]
    bench.end_month(OCTOBER)
    bench.end_month(NOVEMBER)
    member.report()
    assert counted_in(member) == [(True, OCTOBER), (True, NOVEMBER)]


def test_a_report_that_counts_after_its_month_has_closed_is_in_later_windows_only(bench: Bench) -> None:
    """A share is late, and two stewards close the month without waiting for it: acceptance does not look."""
    member = bench.member(ALDER)
    take_book(member, {"C1": [LONG]})
    bench.work()
    bench.silent.add((STEWARDS[StewardX(3)], "shares"))
    member.report()
    bench.work()
    for x in (1, 2):
        bench.log(STEWARDS[StewardX(x)], Close(month=OCTOBER))
    bench.silent.clear()
    member.report()
    bench.work()
    member.report()
    assert bench.state.last_closed() == OCTOBER
    assert counted_in(member)[0] == (True, NOVEMBER)


def test_what_a_database_of_before_does_not_say_is_filled_in(stored: Bench) -> None:
    member = stored.member(ALDER)
    take_book(member, {"C1": [LONG]})
    stored.work()
    stored.end_month(OCTOBER)
    with member.standing.database.write() as connection:
        connection.execute(draft.update().values(counted_in=None))
    member.report()
    assert counted_in(member)[0] == (True, OCTOBER)


def test_without_a_sealing_key_of_every_steward_nothing_is_sealed(bench: Bench) -> None:
    bench.work()
    bench.silent.add((STEWARDS[StewardX(4)], "sealing-keys"))
    member = bench.member(ALDER)
    take_book(member, {"C1": [LONG]})
    with pytest.raises(UnavailableError):
        member.report()
    assert reports(bench) == []
    assert len(drafted(member)) == 1
    bench.silent.clear()
    assert member.report().reports == 1
    assert len(reports(bench)) == 1
