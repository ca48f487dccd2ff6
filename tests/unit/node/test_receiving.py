"""A new or restored steward gets its values from two others, and answers nothing before all others agree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from support_clear import even_books, expected
from support_node import FIRST, MEMBERS, Bench
from support_postgres import Places
from support_transfers import (
    NEW,
    NEW_X,
    ask,
    bring_in,
    entrust,
    let_log_grow,
    lose,
    report_month,
    windows,
)

from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.privacy.voprf import public_share
from hanse_ledger.transfers import Kind, Unit, is_live, may_have
from node.own.changes import describe
from node.rendering.changes import proposal_lines
from node.roles import lacking
from node.storage import transfers
from node.storage.database import Moment
from node.storage.schema import frozen_month, opened, opened_month, window

CUSTOMERS = ("C1", "C2")
MONTHS = 5
BOOKS = even_books(MEMBERS[:4], customers=CUSTOMERS, first=FIRST, months=MONTHS)
CLEAR = expected(BOOKS, groups={}, first=FIRST, last=FIRST + MONTHS - 1, contributors_min=4)
RESTORED = PartyId("steward-4")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    yield made
    made.close()


@pytest.fixture
def anywhere(tmp_path: Path, places: Places) -> Iterator[Bench]:
    """As `bench`, over either kind of database."""
    made = Bench(tmp_path, places=places, members=MEMBERS[:4])
    yield made
    made.close()


def report(bench: Bench, months: int) -> None:
    for number in range(months):
        report_month(bench, BOOKS, FIRST + number)


def shown(bench: Bench, party: PartyId) -> dict[str, Any]:
    return describe(bench.state, bench.standing(party).database)


def table(bench: Bench, party: PartyId, of: Table) -> list[Any]:
    with bench.standing(party).database.read() as connection:
        return sorted(connection.execute(select(of)).all())


def given_of_last_year(bench: Bench, kind: Kind) -> bool:
    """Whether a steward that had its reports of last year is given any of them, as units of a kind."""
    old = [one.index for one in bench.state.reports.values() if not is_live(one, bench.state.log_month)]
    return any(may_have(bench.state, bench.party(1), Unit(kind=kind, place=index)) for index in old)


def test_it_answers_as_the_lost_one_would_have(bench: Bench) -> None:
    """Three months of a year that is over, one of the year that runs, and one in which it takes part."""
    report(bench, MONTHS - 1)
    lose(bench)
    entered = bring_in(bench)
    bench.work()
    assert bench.steward(NEW_X).shares == "not_voted"
    assert given_of_last_year(bench, Kind.COLUMNS)
    assert not given_of_last_year(bench, Kind.ROWS)
    assert public_share(bench.keys[NEW].key_share or b"") == entered.parties[NEW].token_key
    (told,) = shown(bench, NEW)["new_stewards"]
    assert (told["steward"], told["gets_rows"], told["members_needed"]) == (NEW, False, 4)
    entrust(bench, entered)
    bench.work()
    assert bench.steward(NEW_X).shares == "checking"
    with pytest.raises(UnavailableError):
        bench.steward(NEW_X).handle(MEMBERS[0], "answers", b"")
    with pytest.raises(UnavailableError):
        bench.steward(NEW_X).handle(MEMBERS[0], "disputes", b"")
    let_log_grow(bench)
    bench.work()
    assert bench.steward(NEW_X).shares == "whole"
    assert "This steward has all its values, and answers." in proposal_lines(shown(bench, NEW))

    # With another one down it is needed for a checked answer, also about the next month.
    report_month(bench, BOOKS, FIRST + MONTHS - 1)
    bench.silent.add(bench.party(1))
    for customer in CUSTOMERS:
        outcome = ask(bench, customer)
        assert (outcome.status, set(outcome.answers)) == ("checked", {StewardX(2), StewardX(3), NEW_X})
        assert windows(outcome) == [one._replace(groups=0) for one in CLEAR.windows[customer]]


def forget_everything(bench: Bench, party: PartyId) -> None:
    """Leave of a steward's vault what a backup of before the first report has: keys, seeds and the log."""
    with bench.standing(party).database.write() as connection:
        for of in (opened_month, opened, window, frozen_month):
            connection.execute(of.delete())
    bench.reopen(party)


def test_a_restored_one_gets_to_the_byte_what_it_had_without_a_vote(bench: Bench) -> None:
    report(bench, 2)
    had = {of: table(bench, RESTORED, of) for of in (opened, opened_month, window, frozen_month)}
    forget_everything(bench, RESTORED)
    bench.work()
    assert bench.steward(4).shares == "checking"
    assert set(ask(bench, "C1").answers) == {StewardX(x) for x in (1, 2, 3)}
    bench.work()
    assert bench.steward(4).shares == "whole"
    for of, rows in had.items():
        assert table(bench, RESTORED, of) == rows
    assert set(ask(bench, "C1").answers) == {StewardX(x) for x in (1, 2, 3, 4)}
    assert shown(bench, RESTORED)["new_stewards"] == []


def test_killed_at_every_write_it_goes_on(bench: Bench) -> None:
    """What had come is kept; what was on its way is asked for anew, with fresh masks."""
    report(bench, 1)
    had = table(bench, RESTORED, window), table(bench, RESTORED, opened)
    forget_everything(bench, RESTORED)
    left = iter(range(10_000))

    def crash(moment: Moment) -> None:
        if moment == ("before", "in", "after")[next(left) % 3]:
            raise RuntimeError

    crashes = 0
    bench.probes[RESTORED] = crash
    for _ in range(80):
        try:
            bench.steward(4).work()
            let_log_grow(bench)
        except RuntimeError:
            crashes += 1
            bench.reopen(RESTORED)
    del bench.probes[RESTORED]
    bench.reopen(RESTORED)
    bench.work()
    assert crashes
    assert bench.steward(4).shares == "whole"
    assert (table(bench, RESTORED, window), table(bench, RESTORED, opened)) == had


def test_restarted_with_half_of_a_month_s_windows_it_waits_for_the_rest(
    anywhere: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lacking, transfers):
        monkeypatch.setattr(module, "WINDOWS_AT_ONCE", 1)
    report(anywhere, 1)
    had = table(anywhere, RESTORED, window)
    forget_everything(anywhere, RESTORED)
    anywhere.steward(4).work()
    with anywhere.standing(RESTORED).database.write() as connection:
        come = sorted(unit for unit in transfers.received_units(connection) if unit.kind is Kind.WINDOWS)
        assert [unit.offset for unit in come] == [0, 1]
        transfers.drop_received(connection, come[1:])
    anywhere.reopen(RESTORED)
    for _ in range(2):
        let_log_grow(anywhere)
        anywhere.work()
    assert anywhere.steward(4).shares == "whole"
    assert table(anywhere, RESTORED, window) == had


def test_a_year_that_ends_meanwhile_leaves_no_shares_of_it_to_be_checked(bench: Bench) -> None:
    report(bench, 1)
    forget_everything(bench, RESTORED)
    bench.silent |= {(bench.party(x), "transfer-check") for x in (1, 2, 3)}
    for number in (1, 2):
        report_month(bench, BOOKS, FIRST + number)
    bench.work()
    assert bench.steward(4).shares == "checking"
    with bench.standing(RESTORED).database.read() as connection:
        assert {unit.kind for unit in transfers.received_units(connection)} == {Kind.COLUMNS, Kind.WINDOWS}
    bench.silent.clear()
    let_log_grow(bench)
    bench.work()
    assert bench.steward(4).shares == "whole"
    bench.silent.add(bench.party(1))
    assert (ask(bench, "C1").status, set(ask(bench, "C1").answers)) == (
        "checked",
        {StewardX(x) for x in (2, 3, 4)},
    )


def test_with_two_others_it_goes_on_answering_nothing(bench: Bench) -> None:
    """One of them that lies would go unnoticed: rows and windows are not even asked for."""
    report(bench, 1)
    lose(bench)
    forget_everything(bench, bench.party(3))
    bench.work()
    let_log_grow(bench)
    bench.work()
    assert bench.steward(3).shares == "too_few"
    assert (ask(bench, "C1").status, set(ask(bench, "C1").answers)) == (
        "unchecked",
        {StewardX(1), StewardX(2)},
    )
    assert not any(verb == "transfer" for _, _, verb in bench.asked)
