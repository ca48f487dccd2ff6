"""Stewards destroy row shares once their year is settled; what is asked afterwards is answered as before."""

import logging
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_contests import (
    ACME,
    ALDER,
    DECEMBER,
    JANUARY,
    LI,
    NOVEMBER,
    OCTOBER,
    OTHER,
    SELLERS,
    cases,
    figures,
    play_period,
    reported_bench,
    withdrawals,
    withheld,
)
from support_node import Bench, BenchLink, after, invoice, take_book
from support_postgres import Places
from support_transfers import let_log_grow

from hanse_ledger.filings import DisputeOutcome
from hanse_ledger.ids import Month, PartyId
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.transfers import Kind
from node.ports import StewardVerb
from node.roles.destroying import Destroying
from node.roles.freezing import Freezer
from node.storage.database import Database, Moment
from node.storage.schema import frozen_month, opened, opened_month, window
from node.storage.transfer_schema import received_unit
from node.storage.vault import destroy_shares

FEBRUARY = Month(JANUARY + 1)
MARCH = Month(JANUARY + 2)
RESTORED = PartyId("steward-4")
YEAR, NEXT_YEAR = (OCTOBER, DECEMBER), (JANUARY, MARCH)


@pytest.fixture(scope="module")
def january(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of six members of whom five report on ACME and OTHER, from October to January."""
    made = reported_bench(tmp_path_factory.mktemp("january"))
    go_on(made, JANUARY)
    made.close()
    return made.folder


@pytest.fixture
def bench(january: Path, tmp_path: Path) -> Iterator[Bench]:
    """A month before the ledger's first year, which has three, is settled."""
    made = Bench(Path(shutil.copytree(january, tmp_path / "bench")))
    # Another stream of chance: what was drawn before is not drawn again.
    made.entropy = random.Random(3).randbytes
    yield made
    made.close()


@pytest.fixture
def early(tmp_path: Path) -> Iterator[Bench]:
    """October alone is closed."""
    made = reported_bench(tmp_path)
    yield made
    made.close()


def go_on(bench: Bench, through: Month) -> None:
    """Report and close month after month: rows on ACME in January and February too."""
    for month in range(bench.state.log_month, through + 1):
        if month == JANUARY:
            for member in SELLERS:
                sold = [
                    invoice(f"R{m}", f"2025-0{m}-02", f"2025-0{m}-20", paid=f"2025-0{m}-19") for m in (1, 2)
                ]
                take_book(bench.member(member), {"ACME": sold}, "2025-02-28")
        bench.end_month(Month(month))
    bench.work()


def stored(bench: Bench, party: PartyId, of: Any) -> list[Any]:
    with bench.standing(party).database.read() as connection:
        return sorted(connection.execute(select(of)).all())


def is_of(bench: Bench, entry: int, months: tuple[Month, Month]) -> bool:
    first, last = months
    return first <= bench.state.reports[entry].log_month <= last


def with_share(bench: Bench, party: PartyId, months: tuple[Month, Month]) -> list[bool]:
    """Say of each report of some log months that a steward has opened whether it has its share yet."""
    rows = [row for row in stored(bench, party, opened) if row.tokens is not None]
    return [row.share is not None for row in rows if is_of(bench, row.entry, months)]


def stewards(bench: Bench) -> list[PartyId]:
    return [party.id for party in bench.state.consortium.stewards.values()]


def are_destroyed(bench: Bench, months: tuple[Month, Month] = YEAR) -> set[bool]:
    """Return of each steward whether no share of the months is left; each has opened reports of them."""
    found = [with_share(bench, party, months) for party in stewards(bench)]
    assert all(found)
    return {not any(one) for one in found}


def in_files(bench: Bench, party: PartyId, contents: list[bytes]) -> list[bool]:
    """Say of each whether some of it, as little as fits one page, stands in the database's files."""
    files = b"".join(path.read_bytes() for path in bench.folder.glob(f"{party}.sqlite*"))
    return [any(one[i : i + 64] in files for i in range(0, len(one), 64)) for one in contents]


def test_a_settled_year_s_shares_go_everywhere_and_answers_stay(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="node.roles.destroying")
    assert are_destroyed(bench) == {False}
    before = [figures(bench, of) for of in (ACME, OTHER)]
    shares = [row.share for row in stored(bench, RESTORED, opened) if is_of(bench, row.entry, YEAR)]
    kept = {of: stored(bench, RESTORED, of) for of in (opened_month, window, frozen_month)}
    columns = {row.entry: (row.member, row.tokens, row.months) for row in stored(bench, RESTORED, opened)}
    assert all(in_files(bench, RESTORED, shares))

    go_on(bench, FEBRUARY)
    assert are_destroyed(bench) == {True}
    assert are_destroyed(bench, NEXT_YEAR) == {False}
    assert not any(in_files(bench, RESTORED, shares))
    assert caplog.messages == ["the row shares of 18 reports of 2024 are destroyed"] * 4
    for steward in stewards(bench):
        assert bench.steward(int(steward[-1])).shares == "whole"
    after = {row.entry: (row.member, row.tokens, row.months) for row in stored(bench, RESTORED, opened)}
    assert columns.items() <= after.items()
    assert all(set(rows) <= set(stored(bench, RESTORED, of)) for of, rows in kept.items())
    assert figures(bench, OTHER).windows == before[1].windows

    # The year that runs freezes as ever, and a node that starts anew finds nothing lacking.
    bench.reopen()
    go_on(bench, MARCH)
    found = figures(bench)
    assert found.windows[: len(before[0].windows)] == before[0].windows
    assert [one.months for one in found.windows[-2:]] == [(JANUARY,), (FEBRUARY,)]
    assert found.stewards == (1, 2, 3, 4)


def test_an_open_dispute_keeps_the_shares_until_it_is_resolved(early: Bench) -> None:
    """Silence has withheld the window long before; what is withheld stays so without the shares."""
    index = cases(early).open(ACME, "D-1").index
    play_period(early)
    go_on(early, MARCH)
    assert are_destroyed(early) == {False}
    found = figures(early)
    assert "2024-10" in withheld(early)
    cases(early).resolve(index, DisputeOutcome.UPHELD)
    early.work()
    assert are_destroyed(early) == {True}
    early.reopen()
    assert figures(early).windows == found.windows
    assert figures(early).stewards == (1, 2, 3, 4)


def test_rows_whose_shares_are_destroyed_are_still_contested_and_withdrawn(bench: Bench) -> None:
    go_on(bench, FEBRUARY)
    assert are_destroyed(bench) == {True}
    withdrawals(bench, ALDER).withdraw(LI, OTHER, OCTOBER, Code.ERROR)
    cases(bench).open(ACME, "D-2")
    play_period(bench)
    assert figures(bench).disputed
    assert withheld(bench, OTHER) == []
    go_on(bench, MARCH)
    assert withheld(bench, OTHER) == ["2024-10"]
    assert figures(bench, OTHER).stewards == (1, 2, 3, 4)


def close_by_two(bench: Bench, through: Month) -> None:
    """Let all but the one that is restored close month after month, without a report."""
    for month in map(Month, range(bench.state.log_month, through + 1)):
        bench.clock.time = after(month)
        for x in (1, 2):
            assert bench.steward(x).close_month(month) == month
    for x in (1, 2, 3):
        bench.steward(x).work()
        assert not any(with_share(bench, bench.party(x), YEAR))


def test_killed_at_every_write_a_steward_destroys_all_the_same(bench: Bench) -> None:
    close_by_two(bench, FEBRUARY)
    left = iter(range(1_000))

    def crash(moment: Moment) -> None:
        if moment == ("before", "in", "after")[next(left) % 3]:
            raise RuntimeError

    crashes = 0
    bench.probes[RESTORED] = crash
    for _ in range(30):
        try:
            bench.steward(4).work()
        except RuntimeError:
            crashes += 1
            bench.reopen(RESTORED)
    del bench.probes[RESTORED]
    assert crashes
    assert are_destroyed(bench) == {True}
    assert figures(bench).stewards == (1, 2, 3, 4)


def test_nothing_is_destroyed_before_what_is_closed_is_frozen(bench: Bench) -> None:
    """As while windows are on their way to a steward: it may still have to sum."""
    close_by_two(bench, FEBRUARY)
    standing = bench.standing(RESTORED)
    standing.catch_up()
    freezer = Freezer(standing)
    destroying = Destroying(standing=standing, freezer=freezer)
    destroying.work()
    assert all(with_share(bench, RESTORED, YEAR))
    freezer.freeze_closed()
    destroying.work()
    assert not any(with_share(bench, RESTORED, YEAR))


def test_what_is_opened_when_its_year_is_settled_is_not_stored(
    early: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A steward that was away for months says what it has to say of reports, and keeps no share of them."""
    go_on(early, NOVEMBER)
    early.clock.time = after(DECEMBER)
    late = early.state.size
    for member in early.members:
        early.member(member).report()
    for _ in range(3):
        for x in (1, 2, 3):
            early.steward(x).work()
    close_by_two(early, FEBRUARY)
    reports = [entry.index for entry in early.state.reports.values() if entry.index >= late]
    assert {(early.state.reports[one].log_month, early.state.reports[one].counts_at) for one in reports} == {
        (DECEMBER, None)
    }
    with monkeypatch.context() as patched:
        # It has not heard of the seeds yet: what is settled is destroyed before it opens them.
        patched.setattr(early.steward(4)._seeds, "usable", lambda *_of: None)
        early.steward(4).work()
    early.work()
    assert all(early.state.reports[one].counts_at is not None for one in reports)
    assert are_destroyed(early) == {True}
    assert set(reports) <= {row.entry for row in stored(early, RESTORED, opened) if row.tokens is not None}
    assert figures(early).stewards == (1, 2, 3, 4)


def forget_everything(bench: Bench) -> None:
    """Leave of one steward's vault what a backup of before the first report has: keys, seeds and the log."""
    with bench.standing(RESTORED).database.write() as connection:
        for of in (opened_month, opened, window, frozen_month):
            connection.execute(of.delete())
    bench.reopen(RESTORED)


def become_whole(bench: Bench) -> None:
    """Let the restored one get what it lacks, and answer like the others."""
    for _ in range(2):
        bench.work()
        let_log_grow(bench)
    bench.work()
    assert bench.steward(4).shares == "whole"
    assert are_destroyed(bench) == {True}
    assert figures(bench).stewards == (1, 2, 3, 4)


def test_one_restored_from_nothing_wants_no_share_that_is_destroyed(bench: Bench) -> None:
    go_on(bench, FEBRUARY)
    before = figures(bench)
    had = {of: stored(bench, RESTORED, of) for of in (opened, opened_month, window, frozen_month)}
    forget_everything(bench)
    become_whole(bench)
    assert figures(bench).windows == before.windows
    for of, rows in had.items():
        assert stored(bench, RESTORED, of) == rows


def test_a_copy_that_brings_shares_back_is_freed_of_them(bench: Bench) -> None:
    bench.reopen(RESTORED)
    file = bench.folder / f"{RESTORED}.sqlite"
    copy = file.read_bytes()
    go_on(bench, FEBRUARY)
    before = figures(bench)
    bench.reopen(RESTORED)
    file.write_bytes(copy)
    assert any(with_share(bench, RESTORED, YEAR))
    become_whole(bench)
    assert figures(bench).windows == before.windows


def test_rows_on_their_way_when_their_year_ends_hold_nobody_up(
    early: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They came while the year ran, and were being held against those that the others destroy meanwhile."""
    go_on(early, NOVEMBER)
    forget_everything(early)
    early.work()
    let_log_grow(early)
    ask_now = BenchLink.ask

    def ask(link: BenchLink, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        return Future() if verb == "transfer-check" else ask_now(link, verb, body, insist=insist)

    with monkeypatch.context() as patched:
        patched.setattr(BenchLink, "ask", ask)
        early.steward(4).work()
    assert Kind.ROWS in {row.kind for row in stored(early, RESTORED, received_unit)}
    close_by_two(early, FEBRUARY)
    become_whole(early)
    assert stored(early, RESTORED, received_unit) == []


def test_shares_between_two_places_go_on_every_kind_of_database(places: Places) -> None:
    database = Database(places("vault"))
    rows = {3: b"a", 5: b"b", 6: None, 8: b"c", 9: b"d"}
    with database.write() as connection:
        columns = {"member": "alder", "validity": b"v", "tokens": b"t", "months": b"m"}
        connection.execute(
            opened.insert(), [{"entry": at, "share": one, **columns} for at, one in rows.items()]
        )
    for expected in (2, 0):
        with database.write() as connection:
            assert destroy_shares(connection, range(5, 9)) == expected
        database.forget()
        with database.read() as connection:
            left = connection.execute(select(opened.c.entry, opened.c.share, opened.c.tokens)).all()
        assert {row.entry: row.share for row in left} == {**rows, 5: None, 8: None}
        assert {row.tokens for row in left} == {b"t"}
    database.close()
