"""When a report counts (section 7), with real shares of 64 rows and the values computed from them."""

import itertools

import pytest
from support_consortium import (
    ALDER,
    BIRCH,
    STEWARDS,
    XS,
    Ledger,
    founded,
    publish,
    report,
    shared_rows,
    values_of,
)
from support_tlog import Tree

from hanse_ledger.bodies import P
from hanse_ledger.ids import StewardX
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.state import ReportEntry

SHARES = shared_rows()
FIRST, SECOND, THIRD, FOURTH = XS


@pytest.fixture
def ledger() -> Ledger:
    """A log with one report, at index 1."""
    made = founded()
    made.accept(ALDER, report())
    return made


def entry(ledger: Ledger, index: int = 1) -> ReportEntry:
    return ledger.state.reports[index]


def say(ledger: Ledger, x: StewardX, *entries: tuple[int, tuple[int, ...] | None]) -> None:
    ledger.accept(STEWARDS[x], publish(*entries))


@pytest.mark.parametrize("order", list(itertools.permutations(XS)), ids=str)
def test_it_counts_when_all_have_published_in_any_order(ledger: Ledger, order: tuple[StewardX, ...]) -> None:
    values = values_of(entry(ledger), SHARES)
    for x in order:
        assert (entry(ledger).counts_at, entry(ledger).failed_at) == (None, None)
        say(ledger, x, (1, values[x]))
    assert (entry(ledger).counts_at, entry(ledger).failed_at) == (5, None)


def test_an_entry_keeps_the_root_before_it(ledger: Ledger) -> None:
    ledger.accept(BIRCH, report())
    for index in (1, 2):
        assert entry(ledger, index).root_before == Tree(ledger.entries[:index]).frontier.root()
        assert entry(ledger, index).leaf == leaf_hash(ledger.entries[index])


def test_values_are_bound_to_the_place_of_the_entry(ledger: Ledger) -> None:
    ledger.accept(ALDER, report())
    values = values_of(entry(ledger), SHARES)
    assert values != values_of(entry(ledger, 2), SHARES)
    for x in XS[:3]:
        say(ledger, x, (2, values_of(entry(ledger, 2), SHARES)[x]))
    say(ledger, FOURTH, (2, values[FOURTH]))
    assert (entry(ledger, 2).counts_at, entry(ledger, 2).failed_at) == (None, 6)


@pytest.mark.parametrize("liar", XS)
@pytest.mark.parametrize("place", [0, 3, 4, 7])
def test_it_never_counts_with_one_value_that_does_not_fit(ledger: Ledger, liar: StewardX, place: int) -> None:
    values = values_of(entry(ledger), SHARES)
    lie = list(values[liar])
    lie[place] = (lie[place] + 1) % P
    for x in XS:
        say(ledger, x, (1, tuple(lie) if x == liar else values[x]))
    assert (entry(ledger).counts_at, entry(ledger).failed_at) == (None, 5)


@pytest.mark.parametrize("silent", XS)
def test_it_never_counts_with_a_null_and_has_failed_from_there_on(ledger: Ledger, silent: StewardX) -> None:
    values = values_of(entry(ledger), SHARES)
    for x in XS:
        say(ledger, x, (1, None if x == silent else values[x]))
    assert (entry(ledger).counts_at, entry(ledger).failed_at) == (None, 2 + XS.index(silent))
    assert entry(ledger).published == {**values, silent: None}


def test_the_first_null_is_where_it_failed(ledger: Ledger) -> None:
    for x in XS:
        say(ledger, x, (1, None))
    assert (entry(ledger).counts_at, entry(ledger).failed_at) == (None, 2)


@pytest.mark.parametrize("rows", ["two ones", "no one", "minus one"])
def test_rows_that_are_not_one_hot_never_count(ledger: Ledger, rows: str) -> None:
    shares = {x: share.copy() for x, share in SHARES.items()}
    at = {"two ones": (0, 1), "no one": (0, 0), "minus one": (0, 1)}[rows]
    change = 1 if rows == "two ones" else P - 1
    for share in shares.values():  # the same at every x: the row itself changes
        share[at] = (int(share[at]) + change) % P
    values = values_of(entry(ledger), shares)
    for x in XS:
        say(ledger, x, (1, values[x]))
    assert (entry(ledger).counts_at, entry(ledger).failed_at) == (None, 5)


def test_entries_are_settled_one_by_one(ledger: Ledger) -> None:
    ledger.accept(BIRCH, report())
    one, two = (values_of(entry(ledger, index), SHARES) for index in (1, 2))
    say(ledger, FIRST, (1, one[FIRST]), (2, two[FIRST]))
    say(ledger, SECOND, (2, two[SECOND]))
    say(ledger, THIRD, (1, one[THIRD]), (2, two[THIRD]))
    say(ledger, FOURTH, (1, one[FOURTH]), (2, two[FOURTH]))
    assert (entry(ledger).counts_at, entry(ledger, 2).counts_at) == (None, 6)
    say(ledger, SECOND, (1, one[SECOND]))
    assert (entry(ledger).counts_at, entry(ledger, 2).counts_at) == (7, 6)
    assert entry(ledger, 2).published == two


def test_two_entries_can_count_with_one_statement(ledger: Ledger) -> None:
    ledger.accept(BIRCH, report())
    one, two = (values_of(entry(ledger, index), SHARES) for index in (1, 2))
    for x in XS:
        say(ledger, x, (1, one[x]), (2, two[x]))
    assert (entry(ledger).counts_at, entry(ledger, 2).counts_at) == (6, 6)
