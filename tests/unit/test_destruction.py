"""Which years' row shares are needed no more, by logs of closes, disputes and documents alone."""

from collections.abc import Callable

import pytest
from support_consortium import AUDITOR, BOTH, CHAMBER, DESK, Document, Ledger, adopt, dispute, founded

from hanse_ledger.bodies import Close, ClosePeriod
from hanse_ledger.destruction import closed_years, is_settled, reports_of
from hanse_ledger.filings import Resolution
from hanse_ledger.ids import Month

JANUARY = Month(2026 * 12)
"""The ledger's first month; disputes have two months, windows are kept for 36 and answers are two late."""
DECEMBER = Month(JANUARY + 11)
LAST_TO_DISPUTE = Month(DECEMBER + 2)


@pytest.fixture
def ledger() -> Ledger:
    return founded()


def close_through(ledger: Ledger, last: int) -> None:
    for month in range(ledger.state.log_month, last + 1):
        for steward in (CHAMBER, AUDITOR):
            ledger.accept(steward, Close(month=Month(month)))


def end_period(ledger: Ledger, *unopened: int) -> None:
    for steward in (CHAMBER, AUDITOR):
        ledger.accept(steward, ClosePeriod(period=ledger.state.next_period, unopened=unopened))


def open_dispute(ledger: Ledger, *, desk: str = DESK) -> int:
    """File a dispute and let it take effect."""
    index = ledger.accept(desk, dispute()).index
    end_period(ledger)
    return index


def resolve(ledger: Ledger, index: int) -> None:
    ledger.accept(DESK, Resolution(dispute=index, outcome=1))


def of_policy(**changes: int) -> Callable[[Document], object]:
    return lambda document: document["policy"].update(changes)


def test_a_year_without_disputes_is_settled_when_none_can_be_opened_any_more(ledger: Ledger) -> None:
    for month in range(DECEMBER - 1, LAST_TO_DISPUTE):
        close_through(ledger, month)
        assert not is_settled(ledger.state, JANUARY)
    close_through(ledger, LAST_TO_DISPUTE)
    assert is_settled(ledger.state, JANUARY)
    assert list(closed_years(ledger.state)) == [JANUARY]
    assert not is_settled(ledger.state, Month(JANUARY + 12))


def test_a_year_s_reports_stand_between_its_closes(ledger: Ledger) -> None:
    close_through(ledger, DECEMBER)
    before = ledger.state.size
    close_through(ledger, DECEMBER + 12)
    assert reports_of(ledger.state, JANUARY) == range(before - 1)
    assert reports_of(ledger.state, Month(JANUARY + 12)) == range(before, ledger.state.size - 1)
    assert list(closed_years(ledger.state)) == [JANUARY, JANUARY + 12]


@pytest.mark.parametrize("opened_in", [JANUARY, DECEMBER, LAST_TO_DISPUTE])
def test_an_open_dispute_holds_its_year_until_it_is_resolved(ledger: Ledger, opened_in: int) -> None:
    close_through(ledger, opened_in - 1)
    index = open_dispute(ledger)
    close_through(ledger, LAST_TO_DISPUTE + 3)
    assert not is_settled(ledger.state, JANUARY)
    resolve(ledger, index)
    assert is_settled(ledger.state, JANUARY)


def test_one_of_two_disputes_holds_its_year(ledger: Ledger) -> None:
    first, second = open_dispute(ledger), open_dispute(ledger)
    close_through(ledger, LAST_TO_DISPUTE)
    resolve(ledger, second)
    assert not is_settled(ledger.state, JANUARY)
    resolve(ledger, first)
    assert is_settled(ledger.state, JANUARY)


def test_a_dispute_that_comes_too_late_holds_the_next_year_alone(ledger: Ledger) -> None:
    close_through(ledger, LAST_TO_DISPUTE)
    index = open_dispute(ledger)
    assert is_settled(ledger.state, JANUARY)
    close_through(ledger, LAST_TO_DISPUTE + 12)
    assert not is_settled(ledger.state, Month(JANUARY + 12))
    resolve(ledger, index)
    assert is_settled(ledger.state, Month(JANUARY + 12))


def test_a_dispute_of_one_year_does_not_hold_the_next(ledger: Ledger) -> None:
    """It contests rows that counted before it took effect: none of the next year's."""
    open_dispute(ledger)
    close_through(ledger, LAST_TO_DISPUTE + 12)
    assert not is_settled(ledger.state, JANUARY)
    assert is_settled(ledger.state, Month(JANUARY + 12))


@pytest.mark.parametrize("is_void", [False, True])
def test_one_that_was_filed_in_time_holds_the_year_unless_it_is_void(
    ledger: Ledger, *, is_void: bool
) -> None:
    close_through(ledger, LAST_TO_DISPUTE - 1)
    index = ledger.accept(DESK, dispute()).index
    close_through(ledger, LAST_TO_DISPUTE)
    assert not is_settled(ledger.state, JANUARY)
    end_period(ledger, *([index] if is_void else []))
    assert is_settled(ledger.state, JANUARY) == is_void


def test_the_time_to_dispute_is_that_of_the_year_s_close(ledger: Ledger) -> None:
    close_through(ledger, DECEMBER)
    adopt(ledger, of_policy(dispute_months=9))
    close_through(ledger, LAST_TO_DISPUTE)
    assert is_settled(ledger.state, JANUARY)
    close_through(ledger, LAST_TO_DISPUTE + 12)
    assert not is_settled(ledger.state, Month(JANUARY + 12))


def test_what_a_desk_never_resolves_holds_a_year_no_longer_than_its_sums(ledger: Ledger) -> None:
    open_dispute(ledger, desk=BOTH)
    adopt(ledger, of_policy(retention_months=6))
    # Windows of December are answered until June, and kept two months longer.
    close_through(ledger, DECEMBER + 8)
    assert not is_settled(ledger.state, JANUARY)
    close_through(ledger, DECEMBER + 9)
    assert is_settled(ledger.state, JANUARY)
    # What is gone does not come back with a longer retention.
    adopt(ledger, of_policy(retention_months=60))
    close_through(ledger, DECEMBER + 11)
    assert is_settled(ledger.state, JANUARY)
