"""Rows against the protocol's sentences taken literally: day by day, with fractions."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse_ledger.ids import Month, month_at, month_end, month_of, month_start
from hanse_ledger.rows import Invoice, Row, encode_cells, is_open_in, make_row, open_months

FIRST, LAST = date(2025, 11, 1), date(2026, 3, 31)
BOUNDS = (100, 1_000, 5_000, 25_000, 100_000)
MONTHS = range(month_of(2025, 10), month_of(2026, 5))
RATE = 1_500_000

days = st.dates(min_value=FIRST, max_value=LAST)
invoices = st.builds(
    Invoice,
    reference=st.text(max_size=3),
    invoice_date=days,
    due_date=days,
    paid_date=st.none() | days,
    amount_minor=st.integers(1, 120_000),
    currency=st.sampled_from(["CNY", "USD"]),
    lost_on=st.none() | st.none() | days,
)
books = st.lists(invoices, max_size=6)


def literal_row(lines: Sequence[Invoice], month: Month) -> Row | None:
    end = month_end(month)
    every_day = [month_start(month) + timedelta(days=n) for n in range(end.day)]

    def is_open(line: Invoice, day: date) -> bool:
        return line.invoice_date <= day and (line.paid_date is None or day <= line.paid_date)

    def amount(line: Invoice) -> int:
        return line.amount_minor if line.currency == "CNY" else line.amount_minor * 3 // 2

    in_month = [line for line in lines if any(is_open(line, day) for day in every_day)]
    if not in_month:
        return None
    conditions, late = [], []
    for line in in_month:
        is_paid = line.paid_date is not None and line.paid_date <= end
        beyond = ((line.paid_date if is_paid and line.paid_date else end) - line.due_date).days
        if line.lost_on is not None and line.lost_on <= end:
            conditions.append(7)
        elif is_paid:
            conditions.append(1 if beyond <= 0 else 2)
        else:
            conditions.append(
                0 if beyond <= 0 else 3 if beyond <= 30 else 4 if beyond <= 60 else 5 if beyond <= 90 else 6
            )
        if is_paid or beyond > 0:
            late.append((beyond, amount(line)))
    weight = sum(each for _, each in late)
    mean = Fraction(sum(beyond * each for beyond, each in late), weight) if weight else Fraction(0)
    rounded = (mean + Fraction(1, 2)).__floor__()
    peak = max(sum(amount(line) for line in in_month if is_open(line, day)) for day in every_day)
    return Row(
        condition=max(conditions),
        exposure=sum(peak >= bound for bound in BOUNDS),
        delay=sum(rounded > upper for upper in (0, 5, 10, 20, 30, 60, 90)),
        peak_minor=peak,
        delay_days=rounded,
    )


@given(lines=books, month=st.sampled_from(MONTHS))
@settings(max_examples=300, deadline=None)
def test_a_row_is_what_the_protocol_says(lines: list[Invoice], month: int) -> None:
    row = make_row(lines, month=Month(month), bounds_minor=BOUNDS, currency="CNY", rates={"USD": RATE})
    assert row == literal_row(lines, Month(month))


@given(line=invoices, as_of=days)
@settings(max_examples=200, deadline=None)
def test_open_months_are_the_months_with_an_open_day(line: Invoice, as_of: date) -> None:
    months = open_months(line, as_of=as_of)
    until = [month for month in MONTHS if month <= month_at(as_of)]
    expected = [month for month in until if is_open_in(line, Month(month)) and line.invoice_date <= as_of]
    assert list(months) == expected


@given(
    classes=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 7)), min_size=1, max_size=20
    )
)
@settings(max_examples=50, deadline=None)
def test_cells_are_one_hot_in_both_parts_and_read_back(classes: list[tuple[int, int, int]]) -> None:
    condition, exposure, delay = zip(*classes, strict=True)
    cells = encode_cells(condition, exposure, delay)
    assert (cells[:, :48].sum(axis=1) == 1).all()
    assert (cells[:, 48:].sum(axis=1) == 1).all()
    both = cells[:, :48].argmax(axis=1)
    back = np.stack([both // 6, both % 6, cells[:, 48:].argmax(axis=1)], axis=1)
    assert back.tolist() == [list(each) for each in classes]
