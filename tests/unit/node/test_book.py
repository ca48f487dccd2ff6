"""Taking exports into a member's book: all or nothing, and what they change of what was reported."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from support_node import FIRST, MEMBERS, Bench, invoice, reading, subject
from support_postgres import Places

from consortium_config.sample import DESK_ID
from hanse_ledger.filings import Alias
from hanse_ledger.ids import Month
from hanse_ledger.rows import Invoice
from node.receivables.outcome import Reading
from node.roles.book import BookChange, OlderExportError
from node.storage.book import load_invoices
from node.storage.database import Moment
from node.storage.schema import book_import
from node.storage.schema import invoice as invoice_table

ALDER = MEMBERS[0]
R1 = invoice("R1", "2024-10-02", "2024-10-20")
R2 = invoice("R2", "2024-10-05", "2024-11-05", minor=5_000)
OTHER = invoice("R1", "2024-10-09", "2024-10-29")
"""The same reference at another customer."""


@pytest.fixture
def bench(tmp_path: Path, places: Places) -> Iterator[Bench]:
    made = Bench(tmp_path, places=places, members=MEMBERS[:1])
    yield made
    made.close()


def take(bench: Bench, read: Reading, as_of: str = "2024-10-31", sha256: bytes = bytes(32)) -> BookChange:
    return bench.member(ALDER).import_book(read, sha256=sha256, as_of=date.fromisoformat(as_of))


def book(bench: Bench) -> dict[str, list[Invoice]]:
    with bench.standing(ALDER).database.read() as connection:
        return {one.rpartition(":")[2]: found for one, found in load_invoices(connection).items()}


def counts(change: BookChange) -> tuple[int, int, int, int, int]:
    return change.new, change.changed, change.unchanged, change.customers, change.subjects


def test_new_changed_and_unchanged_lines_are_counted(bench: Bench) -> None:
    assert counts(take(bench, reading({"C1": [R1, R2], "C2": [OTHER]}))) == (3, 0, 0, 2, 2)
    assert counts(take(bench, reading({"C1": [R1, R2], "C2": [OTHER]}))) == (0, 0, 3, 2, 2)
    paid = replace(R1, paid_date=date(2024, 10, 31))
    fresh = invoice("R3", "2024-10-30", "2024-11-30")
    assert counts(take(bench, reading({"C1": [paid, fresh], "C2": [OTHER]}))) == (1, 1, 1, 2, 2)
    # The line that the last export did not have stays.
    assert book(bench) == {"C1": [paid, R2, fresh], "C2": [OTHER]}


def test_any_field_that_differs_is_a_change(bench: Bench) -> None:
    take(bench, reading({"C1": [R1]}))
    for other in (
        replace(R1, amount_minor=1),
        replace(R1, due_date=date(2024, 10, 21)),
        replace(R1, invoice_date=date(2024, 10, 1)),
        replace(R1, lost_on=date(2024, 10, 30)),
        replace(R1, paid_date=date(2024, 10, 30)),
        replace(R1, currency="USD"),
    ):
        assert counts(take(bench, reading({"C1": [other]}))) == (0, 1, 0, 1, 1)
    moved = reading({"C1": [R1]})
    (record,) = moved.records
    disputed = replace(moved, records=(replace(record, disputed=True),))
    take(bench, reading({"C1": [R1]}))
    assert counts(take(bench, disputed)) == (0, 1, 0, 1, 1)
    elsewhere = replace(moved, records=(replace(record, subject=subject("C9")),))
    assert counts(take(bench, elsewhere)) == (0, 1, 0, 1, 1)
    assert list(book(bench)) == ["C9"]


def test_an_older_export_is_refused_and_changes_nothing(bench: Bench) -> None:
    take(bench, reading({"C1": [R1]}), "2024-10-31")
    with pytest.raises(OlderExportError):
        take(bench, reading({"C1": [R2]}), "2024-10-30", b"o" * 32)
    assert book(bench) == {"C1": [R1]}
    assert not bench.member(ALDER).has_imported(b"o" * 32)
    # Of the same day it is taken, and what was refused once can be taken as of a later day.
    take(bench, reading({"C1": [R2]}), "2024-10-31", b"o" * 32)
    assert book(bench) == {"C1": [R1, R2]}
    assert bench.member(ALDER).has_imported(b"o" * 32)


def test_a_loss_keeps_the_first_day_that_is_known(bench: Bench) -> None:
    take(bench, reading({"C1": [replace(R1, lost_on=date(2024, 12, 3))]}), "2024-12-31")
    for again, kept in ((date(2025, 1, 7), date(2024, 12, 3)), (date(2024, 11, 30), date(2024, 11, 30))):
        take(bench, reading({"C1": [replace(R1, lost_on=again)]}), "2025-01-31")
        assert book(bench)["C1"][0].lost_on == kept
    # A line that says no more that it is lost is believed.
    take(bench, reading({"C1": [R1]}), "2025-01-31")
    assert book(bench)["C1"][0].lost_on is None


def test_a_later_loss_day_alone_is_no_change(bench: Bench) -> None:
    take(bench, reading({"C1": [replace(R1, lost_on=date(2024, 10, 30))]}))
    change = take(bench, reading({"C1": [replace(R1, lost_on=date(2024, 10, 31))]}))
    assert counts(change) == (0, 0, 1, 1, 1)


@pytest.mark.parametrize(("moment", "is_kept"), [("before", False), ("in", False), ("after", True)])
def test_an_import_is_whole_or_not_at_all(bench: Bench, moment: Moment, *, is_kept: bool) -> None:
    take(bench, reading({"C1": [R1]}))

    def fail(now: Moment) -> None:
        if now == moment:
            raise OSError("the disk says no")

    bench.probes[ALDER] = fail
    changed = reading({"C1": [replace(R1, amount_minor=7), R2]})
    with pytest.raises(OSError, match="disk"):
        take(bench, changed, sha256=b"2" * 32)
    bench.probes.clear()
    bench.reopen(ALDER)
    expected = [replace(R1, amount_minor=7), R2] if is_kept else [R1]
    assert book(bench) == {"C1": expected}
    assert bench.member(ALDER).has_imported(b"2" * 32) is is_kept
    with bench.standing(ALDER).database.read() as connection:
        assert len(connection.execute(select(book_import)).all()) == (2 if is_kept else 1)


def test_which_import_a_line_is_from(bench: Bench) -> None:
    take(bench, reading({"C1": [R1, R2]}))
    take(bench, reading({"C1": [R1, replace(R2, amount_minor=9)]}))
    with bench.standing(ALDER).database.read() as connection:
        rows = connection.execute(select(invoice_table.c.reference, invoice_table.c.import_id)).all()
    assert sorted(map(tuple, rows)) == [("R1", 1), ("R2", 2)]


def report_october(bench: Bench) -> None:
    bench.work()
    bench.end_month(FIRST)


def test_what_was_reported_and_would_be_otherwise_now_is_listed(bench: Bench) -> None:
    take(bench, reading({"C1": [R1], "C2": [OTHER]}))
    report_october(bench)
    paid = replace(R1, paid_date=date(2024, 10, 15))
    change = take(bench, reading({"C1": [paid], "C2": [OTHER]}), "2024-11-30")
    (difference,) = change.differences
    assert (difference.subject, difference.month) == (subject("C1"), FIRST)
    assert (difference.reported.condition, difference.reported.delay_days) == (3, 11)
    assert difference.now is not None
    assert (difference.now.condition, difference.now.delay_days) == (1, -5)
    # Said again only when something changes again, and gone when the book is as it was.
    assert take(bench, reading({"C1": [paid]}), "2024-11-30").differences == ()
    assert take(bench, reading({"C1": [R1]}), "2024-11-30").differences == ()


def test_an_invoice_that_moves_to_another_subject_changes_both(bench: Bench) -> None:
    take(bench, reading({"C1": [R1], "C2": [OTHER]}))
    report_october(bench)
    moved = reading({"C1": [R1]})
    elsewhere = replace(moved, records=(replace(moved.records[0], subject=subject("C2")),))
    found = {one.subject: one.now for one in take(bench, elsewhere, "2024-11-30").differences}
    assert found[subject("C1")] is None
    assert found[subject("C2")] is not None


def test_a_change_that_no_reported_row_feels_is_no_difference(bench: Bench) -> None:
    take(bench, reading({"C1": [R1]}))
    report_october(bench)
    later = replace(R1, paid_date=date(2024, 11, 20))
    change = take(bench, reading({"C1": [later, invoice("R7", "2024-11-02", "2024-12-02")]}), "2024-11-30")
    assert (change.new, change.changed, change.differences) == (1, 1, ())


def test_a_row_of_a_subject_with_another_id_is_compared_with_the_invoices_of_both(bench: Bench) -> None:
    """Before the alias a row was of one id's invoices, since then it is of both ids'."""
    take(bench, reading({"OLD": [R1], "NEW": [OTHER]}))
    report_october(bench)
    bench.log(DESK_ID, Alias(other=subject("OLD"), primary=subject("NEW")))
    november = invoice("R6", "2024-11-02", "2024-11-12", minor=50)
    untouched = take(bench, reading({"OLD": [R1, R2], "NEW": [OTHER, november]}), "2024-11-30")
    # R2 is new in October, under the id whose row of October it would have been in.
    assert [(one.subject, one.month) for one in untouched.differences] == [(subject("OLD"), FIRST)]
    bench.end_month(Month(FIRST + 1))
    assert take(bench, reading({"NEW": [november]}), "2024-12-31").differences == ()
    paid = replace(R1, paid_date=date(2024, 11, 20))
    found = take(bench, reading({"OLD": [paid]}), "2024-12-31").differences
    assert {(one.subject, one.month) for one in found} == {
        (subject("OLD"), FIRST),
        (subject("NEW"), Month(FIRST + 1)),
    }
