"""Cases: what was known on a past day, and what became of it. Nothing later is in what was known."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_model import BOOK_DAY, history
from support_signals import SUBJECT, answered, own_row, window

from hanse_ledger.ids import Month, month_of
from node.risk.model.cases import case_days, cases_of, inputs_on, known_from, outcome_of
from node.risk.signals.inputs import Inputs, OwnInvoice, StandingFact

DAY = date(2025, 12, 31)
AFTER = DAY.toordinal()


def line(
    *, due: int, paid: int | None = None, made: int | None = None, lost: int | None = None
) -> OwnInvoice:
    """Return an invoice; days are counted from `DAY`."""
    return OwnInvoice(
        invoice_date=AFTER + (due - 30 if made is None else made),
        due_date=AFTER + due,
        paid_date=None if paid is None else AFTER + paid,
        amount_minor=100,
        lost_on=None if lost is None else AFTER + lost,
        contested=False,
    )


def book(*lines: OwnInvoice, **more: object) -> Inputs:
    base = Inputs(subject=SUBJECT, as_of=BOOK_DAY, minimum=4, book_day=BOOK_DAY, invoices=lines)
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (line(due=-20, paid=10), False),  # 30 days late: not more
        (line(due=-20, paid=11), True),
        (line(due=-20, paid=0), None),  # paid on the day already
        (line(due=-31, paid=5), None),  # late before the day began
        (line(due=-30, paid=5), True),  # late from the day after on
        (line(due=20, made=5, paid=52), True),  # made after the day
        (line(due=59), True),  # late from the last day of the three months
        (line(due=60), None),
        (line(due=20, lost=30), True),
        (line(due=20, lost=60, paid=25), False),
        (line(due=20, lost=-1), None),
        (line(due=10, made=9, paid=5), None),  # prepaid
    ],
)
def test_an_outcome_is_whether_an_invoice_becomes_more_than_thirty_days_late(
    one: OwnInvoice, *, expected: bool | None
) -> None:
    assert known_from(DAY) == DAY + timedelta(days=90)
    assert outcome_of(book(one), DAY) is expected


def test_one_late_invoice_among_others_is_late_and_a_contested_one_is_none() -> None:
    late, prompt = line(due=10, paid=50), line(due=10, paid=10)
    assert outcome_of(book(prompt, late), DAY) is True
    assert outcome_of(book(prompt, late._replace(contested=True)), DAY) is False


def test_days_are_month_ends_whose_time_after_is_over() -> None:
    days = case_days({SUBJECT: history(SUBJECT, [False] * 18)})
    assert (days[0], days[-1]) == (date(2025, 4, 30), date(2026, 3, 31))
    assert len(days) == 12
    assert case_days({SUBJECT: book()}) == case_days({}) == []


WHOLE = book(
    line(due=-200, paid=-190),
    line(due=-60, paid=-1),
    answered=answered(
        window(month=month_of(2025, 10)),
        window(month=month_of(2025, 11)),
        last_closed=month_of(2025, 11),
    ),
    rows=(own_row(month=month_of(2025, 10)), own_row(month=month_of(2025, 11))),
)


@given(
    paid=st.none() | st.integers(1, 150),
    lost=st.none() | st.integers(1, 150),
    made=st.integers(1, 150),
    month=st.integers(month_of(2025, 12), month_of(2026, 6)),
    limit_minor=st.none() | st.integers(0, 10**9),
    contested=st.booleans(),
)
def test_whatever_comes_after_the_day_changes_nothing_that_was_known(
    *, paid: int | None, lost: int | None, made: int, month: int, limit_minor: int | None, contested: bool
) -> None:
    is_open = line(due=-10, made=-30)
    before = replace(WHOLE, invoices=(*WHOLE.invoices, is_open))
    later = line(due=made + 10, made=made, paid=paid)
    changed = is_open._replace(
        paid_date=None if paid is None else AFTER + paid,
        lost_on=None if lost is None else AFTER + lost,
        contested=contested,
    )
    assert WHOLE.answered is not None
    after = replace(
        WHOLE,
        as_of=BOOK_DAY + timedelta(days=made),
        book_day=BOOK_DAY + timedelta(days=made),
        invoices=(*WHOLE.invoices, changed, later),
        answered=replace(
            WHOLE.answered,
            windows=(*WHOLE.answered.windows, window(month=Month(month))),
            last_closed=Month(month),
            level=2,
            disputed=True,
        ),
        rows=(*WHOLE.rows, own_row(month=month_of(2025, 11), counted_in=Month(month))),
        limit_minor=limit_minor,
        facts=(StandingFact("judgment", DAY + timedelta(days=made), 1),),
    )
    assert inputs_on(after, DAY) == inputs_on(before, DAY)


def test_what_was_known_before_the_day_is_kept() -> None:
    then = inputs_on(WHOLE, DAY)
    assert then.invoices == WHOLE.invoices
    assert then.rows == WHOLE.rows
    assert then.answered is not None
    assert WHOLE.answered is not None
    assert then.answered.windows == WHOLE.answered.windows
    assert (then.as_of, then.book_day) == (DAY, DAY)


def test_a_customer_of_whom_nothing_was_known_is_no_case() -> None:
    # What is made after the day says nothing on it, though it has an outcome.
    fresh = book(
        line(due=40, made=25, paid=30), line(due=-300, made=-320, paid=-310)._replace(contested=True)
    )
    old = history(SUBJECT, [False] * 18)
    other = replace(fresh, subject=SUBJECT)
    days = {case.day for case in cases_of({SUBJECT: old})}
    assert DAY in days
    assert outcome_of(other, DAY) is False
    assert all(case.features[0] is not None for case in cases_of({SUBJECT: old}))
