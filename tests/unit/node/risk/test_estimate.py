"""Estimates worked out by hand, and what must hold of any."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_signals import BOOK_DAY, inputs_of, invoice, own_row, window

from hanse_ledger.ids import month_of
from hanse_ledger.rows import DELAY_UPPER, DELAYS
from node.risk.estimate import (
    ROW_WEIGHT,
    STRENGTH,
    Evidence,
    chance,
    estimates,
    evidence_of,
    learn,
)
from node.risk.signals.inputs import Inputs, OwnInvoice

NOTHING = (0.0,) * DELAYS
COUNTS = st.lists(st.integers(0, 20), min_size=DELAYS, max_size=DELAYS).map(tuple)


def book(*invoices: OwnInvoice, **more: object) -> Inputs:
    return inputs_of(**{"answered": None, "book_day": BOOK_DAY, "invoices": invoices} | more)


def of_classes(*ended: float) -> Evidence:
    return Evidence(ended=(*ended, *NOTHING[len(ended) :]), still_open=NOTHING)


def late(evidence: Evidence, *others: Evidence, days: int = 10) -> float:
    return chance(evidence, learn([evidence, *others]), days=days)


def test_invoices_are_counted_by_how_late_they_were_paid() -> None:
    found = evidence_of(
        book(
            invoice(due=40, paid=41),  # a day early
            invoice(due=40, paid=28),  # 12 days late
            invoice(due=45, paid=4),  # 41 days late
            invoice(due=7),  # open, 7 days past due so far
            invoice(due=-5),  # not due
            invoice(due=0),  # due today
            invoice(due=20, contested=True),
            invoice(due=20, lost=3),
            invoice(due=500, paid=480),  # too long ago
        )
    )
    assert found.size == 5
    assert list(found.ended) == [1, 0, 0, 1, 0, 1, 0, 1]
    assert list(found.still_open) == [0, 0, 1, 0, 0, 0, 0, 0]


def test_rows_in_which_something_fell_due_count_beside_them() -> None:
    whole = window(condition=(2, 5, 2, 0, 0, 0, 0, 0), delay=(7, 0, 1, 0, 0, 1, 0, 0), band=2)
    found = evidence_of(inputs_of(whole))
    assert found.ended == tuple(ROW_WEIGHT * count for count in (5, 0, 1, 0, 0, 1, 0, 0))
    mine = own_row(condition=2, delay=5)
    assert evidence_of(inputs_of(whole, rows=(mine,))).ended[5] == 0


def test_one_s_own_row_stays_in_where_too_few_firms_would_remain() -> None:
    thin = window(condition=(0, 3, 1, 0, 0, 0, 0, 0), delay=(3, 0, 0, 1, 0, 0, 0, 0), band=1)
    assert evidence_of(inputs_of(thin, rows=(own_row(condition=2, delay=3),))).ended[3] == ROW_WEIGHT


def test_withheld_and_old_windows_say_nothing() -> None:
    old = window(month=month_of(2018, 11), months=(month_of(2018, 11),))
    assert evidence_of(inputs_of(window(withheld=True), old)).size == 0


def test_the_chance_is_the_product_of_shrunken_shares() -> None:
    prior = learn([of_classes(50, 50)])
    evidence = of_classes(4, 2, 1, 3)
    one, two, three = prior.unseen[:3]
    expected = (
        (6 + STRENGTH * one) / (10 + STRENGTH)
        * (4 + STRENGTH * two) / (6 + STRENGTH)
        * (3 + STRENGTH * three) / (4 + STRENGTH)
    )  # fmt: skip
    assert chance(evidence, prior, days=10) == pytest.approx(expected)


def test_what_is_open_counts_as_far_as_it_has_come() -> None:
    prior = learn([of_classes(50, 50)])
    some = Evidence(ended=NOTHING, still_open=(0, 0, 1, 0, 0, 0, 0, 0))
    one, two, three = prior.unseen[:3]
    passed_two = (1 + STRENGTH * one) / (1 + STRENGTH) * (1 + STRENGTH * two) / (1 + STRENGTH)
    # Whether it comes later than 10 days is not known yet: that share is the usual one.
    assert chance(some, prior, days=10) == pytest.approx(passed_two * three)


def test_a_customer_counts_in_the_prior_more_the_more_is_known_but_never_as_many() -> None:
    steady, late_once = of_classes(1_000), of_classes(0, 0, 0, 0, 0, 0, 0, 1)
    with_one = learn([steady, late_once]).unseen[0]
    assert 0.1 < with_one < 0.5
    assert learn([steady] * 9 + [late_once]).unseen[0] < with_one


def test_subjects_without_windows_have_a_prior_of_their_own() -> None:
    seen = replace(of_classes(40), windows=(window(),))
    prior = learn([*[seen] * 50, *[of_classes(0, 0, 0, 0, 0, 20)] * 50])
    assert prior.seen[0] < 0.3
    assert prior.unseen[0] > 0.7


def test_a_subject_of_whom_nothing_is_known_has_no_estimate() -> None:
    known, unknown = book(invoice(due=40, paid=41)), book(invoice(due=-5))
    prior = learn([evidence_of(known)])
    assert estimates(unknown, prior) == {}
    assert set(estimates(known, prior)) == {"estimate.late10", "estimate.late30"}


def test_an_estimate_says_what_it_rests_on() -> None:
    prior = learn([of_classes(9, 1)])
    own = estimates(book(invoice(due=40, paid=41), invoice(due=9)), prior)
    assert own["estimate.late10"].coverage == "2"
    assert own["estimate.late10"].months is None
    whole = inputs_of(window(band=2), window(month=month_of(2019, 10), band=1))
    both = estimates(whole, prior)["estimate.late30"]
    assert both.coverage == "4-5"
    assert both.months == (month_of(2019, 10), month_of(2019, 12))


@given(COUNTS, COUNTS, st.data(), st.sampled_from([10, 30]))
def test_a_payment_beyond_the_bound_in_place_of_one_within_never_lowers_the_chance(
    ended: tuple[int, ...], still_open: tuple[int, ...], data: st.DataObject, days: int
) -> None:
    prior = learn([of_classes(30, 10, 5, 3, 2, 1, 1, 1)])
    bound = DELAY_UPPER.index(days)
    within, beyond = data.draw(st.integers(0, bound)), data.draw(st.integers(bound + 1, DELAYS - 1))
    better = Evidence(ended=_one_more(ended, within), still_open=still_open)
    worse = Evidence(ended=_one_more(ended, beyond), still_open=still_open)
    low, high = (chance(one, prior, days=days) for one in (better, worse))
    assert 0 < low < high < 1


@given(COUNTS, COUNTS)
def test_being_later_than_thirty_days_is_never_likelier_than_ten(
    ended: tuple[int, ...], still_open: tuple[int, ...]
) -> None:
    evidence = Evidence(ended=ended, still_open=still_open)
    assert late(evidence, days=30) <= late(evidence, days=10)


def _one_more(counts: tuple[int, ...], place: int) -> tuple[int, ...]:
    return (*counts[:place], counts[place] + 1, *counts[place + 1 :])
