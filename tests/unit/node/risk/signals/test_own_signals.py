"""Figures here are worked out by hand; days are counted back from the book's day, 2020-01-10."""

from math import inf

import pytest
from support_signals import BOOK_DAY, book_signals, invoice

from hanse_ledger.ids import month_of
from node.risk.signals.names import SignalName

AGEING: tuple[SignalName, ...] = (
    "own.ageing_current_minor",
    "own.ageing_1_30_minor",
    "own.ageing_31_60_minor",
    "own.ageing_61_90_minor",
    "own.ageing_91_minor",
)
DELAYS: tuple[SignalName, ...] = ("own.delay_mean_days", "own.delay_median_days", "own.delay_p90_days")


def test_a_balance_of_60_20_10_5_5_makes_16_5_days_beyond_terms() -> None:
    found = book_signals(
        invoice(due=0, amount_minor=60),
        invoice(due=30, amount_minor=20),
        invoice(due=31, amount_minor=10),
        invoice(due=90, amount_minor=5),
        invoice(due=91, amount_minor=5),
        limit_minor=200,
    )
    assert found["own.days_beyond_terms"].value == 16.5
    assert [found[name].value for name in AGEING] == [60, 20, 10, 5, 5]
    assert found["own.open_minor"].value == 100
    assert found["own.past_due_share"].value == 0.4
    assert found["own.past_due_61_share"].value == 0.1
    assert found["own.past_due_91_share"].value == 0.05
    assert found["own.utilisation"].value == 0.5


def test_delays_are_weighted_by_amount_and_early_counts_as_on_time() -> None:
    found = book_signals(
        invoice(due=100, paid=110, amount_minor=50),  # ten days early
        invoice(due=100, paid=98, amount_minor=30),  # two days late
        invoice(due=100, paid=60, amount_minor=20),  # forty days late
    )
    assert [found[name].value for name in DELAYS] == [(2 * 30 + 40 * 20) / 100, 0, 40]
    assert found["own.delay_mean_days"].interval == (8.6, 8.6)
    assert found["own.delay_mean_days"].coverage == "3"
    assert found["own.delay_mean_days"].months == (month_of(2019, 1), month_of(2020, 1))


def test_what_is_open_past_due_counts_as_late_so_far_and_leaves_the_interval_open() -> None:
    found = book_signals(invoice(due=100, paid=100), invoice(due=20))
    assert found["own.delay_mean_days"].value == 10
    assert found["own.delay_mean_days"].interval == (10.0, inf)
    assert found["own.delay_p90_days"].interval == (20.0, inf)


def test_what_is_not_yet_due_says_nothing_about_delay() -> None:
    assert book_signals(invoice(due=-5))["own.delay_mean_days"].unknown == "no_recent_invoice"
    assert book_signals(invoice(due=0))["own.delay_mean_days"].unknown == "no_recent_invoice"


def test_payments_of_more_than_a_year_ago_are_not_counted() -> None:
    assert book_signals(invoice(due=400, paid=365))["own.delay_mean_days"].unknown == "no_recent_invoice"
    assert book_signals(invoice(due=400, paid=364))["own.delay_mean_days"].value == 36


def test_a_contested_invoice_is_open_and_nowhere_late() -> None:
    found = book_signals(invoice(due=95, contested=True), invoice(due=-5, amount_minor=300))
    assert found["own.open_minor"].value == 400
    assert found["own.contested_minor"].value == 100
    assert [found[name].value for name in AGEING] == [300, 0, 0, 0, 0]
    assert found["own.past_due_share"].value == 0
    assert found["own.delay_mean_days"].unknown == "no_recent_invoice"


def test_losses_are_what_is_open_and_marked_by_the_day() -> None:
    found = book_signals(
        invoice(due=95, lost=3),
        invoice(due=95, lost=-3, amount_minor=7),
        invoice(due=95, lost=3, paid=1, amount_minor=9),
    )
    assert found["own.lost_minor"].value == 100


def test_orders_and_their_change() -> None:
    recent = [invoice(due=59 - 30, paid=0), invoice(due=0, paid=0, terms=0), invoice(due=89 - 30, paid=0)]
    earlier = [invoice(due=90 - 30, paid=0), invoice(due=179 - 30, paid=0)]
    found = book_signals(*recent, *earlier, invoice(due=180 - 30, paid=0))
    assert found["own.orders_90d"].value == 3
    assert found["own.order_change"].value == 0.5
    assert found["own.invoices"].value == 6
    assert book_signals(*recent)["own.order_change"].unknown == "no_earlier_invoice"
    assert book_signals(*earlier)["own.order_change"].value == -1


def test_terms_are_weighted_by_amount_over_a_year() -> None:
    found = book_signals(
        invoice(due=10, terms=30, amount_minor=300),
        invoice(due=10, terms=60, amount_minor=100),
        invoice(due=350, terms=90, paid=300),
    )
    assert found["own.terms_days"].value == (30 * 300 + 60 * 100) / 400


def test_when_all_is_paid_the_balance_is_zero_and_its_shares_are_unknown() -> None:
    found = book_signals(invoice(due=20, paid=10), limit_minor=50)
    assert found["own.open_minor"].value == 0
    assert found["own.utilisation"].value == 0
    assert found["own.past_due_share"].unknown == "nothing_open"
    assert found["own.days_beyond_terms"].unknown == "nothing_open"


def test_the_limit_is_known_without_a_book_and_utilisation_is_not() -> None:
    found = book_signals(book_day=None, limit_minor=500)
    assert found["own.limit_minor"].value == 500
    assert found["own.utilisation"].unknown == "no_book"
    assert book_signals(invoice(due=1))["own.utilisation"].unknown == "no_limit"


def test_beyond_a_limit_of_zero_any_balance_is_far_over_it() -> None:
    found = book_signals(invoice(due=-1, amount_minor=250), limit_minor=0)
    assert found["own.utilisation"].value == 250


def test_an_amount_without_a_rate_leaves_amounts_unknown_and_orders_known() -> None:
    found = book_signals(invoice(due=10, amount_minor=None), invoice(due=10))
    assert found["own.open_minor"].unknown == "no_rate"
    assert found["own.terms_days"].unknown == "no_rate"
    assert found["own.invoices"].value == 2


@pytest.mark.parametrize("name", [*AGEING, *DELAYS, "own.orders_90d", "own.invoices", "own.terms_days"])
def test_without_a_book_or_an_invoice_nothing_is_zero(name: SignalName) -> None:
    assert book_signals(book_day=None)[name].unknown == "no_book"
    assert book_signals()[name].unknown == "no_invoice"


def test_what_the_book_does_not_know_yet_on_its_day_counts_nowhere() -> None:
    tomorrow = BOOK_DAY.toordinal() + 1
    future = invoice(due=-31, terms=30)
    assert future.invoice_date == tomorrow
    assert book_signals(future)["own.invoices"].unknown == "no_invoice"
    paid_later = invoice(due=10)._replace(paid_date=tomorrow)
    assert book_signals(paid_later)["own.open_minor"].value == 100


def test_an_invoice_paid_before_its_date_was_never_open() -> None:
    prepaid = invoice(due=10, terms=30, paid=41)
    assert book_signals(prepaid)["own.invoices"].unknown == "no_invoice"
