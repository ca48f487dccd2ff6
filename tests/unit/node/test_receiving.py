"""A new steward gets its values from two others, and answers nothing before all others were asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_clear import even_books, expected
from support_node import FIRST, MEMBERS, Bench
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

from hanse_ledger.ids import StewardX
from hanse_ledger.privacy.voprf import public_share

CUSTOMERS = ("C1", "C2")
MONTHS = 5
BOOKS = even_books(MEMBERS[:4], customers=CUSTOMERS, first=FIRST, months=MONTHS)
CLEAR = expected(BOOKS, groups={}, first=FIRST, last=FIRST + MONTHS - 1, contributors_min=4)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Four months, of which three of a year that is over; then a steward is lost."""
    made = Bench(tmp_path, members=MEMBERS[:4])
    for number in range(MONTHS - 1):
        report_month(made, BOOKS, FIRST + number)
    yield made
    made.close()


def test_it_answers_as_the_lost_one_would_have(bench: Bench) -> None:
    lose(bench)
    entered = bring_in(bench)
    bench.work()
    assert bench.steward(NEW_X).shares == "not_voted"
    assert public_share(bench.keys[NEW].key_share or b"") == entered.parties[NEW].token_key
    entrust(bench, entered)
    bench.work()
    assert bench.steward(NEW_X).shares == "checking"
    let_log_grow(bench)
    bench.work()
    assert bench.steward(NEW_X).shares == "whole"

    # With another one down it is needed for a checked answer, also about the next month.
    report_month(bench, BOOKS, FIRST + MONTHS - 1)
    bench.silent.add(bench.party(1))
    for customer in CUSTOMERS:
        outcome = ask(bench, customer)
        assert (outcome.status, set(outcome.answers)) == ("checked", {StewardX(2), StewardX(3), NEW_X})
        assert windows(outcome) == [one._replace(groups=0) for one in CLEAR.windows[customer]]
