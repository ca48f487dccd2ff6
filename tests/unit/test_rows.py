from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from support import vectors

from hanse_ledger.errors import MissingRateError, RejectedError
from hanse_ledger.ids import Month, month_of
from hanse_ledger.rows import (
    DELAY_UPPER,
    Invoice,
    Row,
    encode_cells,
    is_open_in,
    make_row,
    open_months,
    order_rows,
)

VECTORS = vectors("rows.json")
BOUNDS = VECTORS["bounds_minor"]


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def invoice(
    invoiced: str,
    due: str,
    paid: str | None = None,
    *,
    amount: int = 100,
    currency: str = "CNY",
    lost: str | None = None,
) -> Invoice:
    return Invoice(
        reference="R",
        invoice_date=date.fromisoformat(invoiced),
        due_date=date.fromisoformat(due),
        paid_date=day(paid),
        amount_minor=amount,
        currency=currency,
        lost_on=day(lost),
    )


def row_of(*invoices: Invoice, month: Month, rates: dict[str, int] | None = None) -> Row | None:
    return make_row(invoices, month=month, bounds_minor=BOUNDS, currency="CNY", rates=rates or {})


def existing_row(*invoices: Invoice, month: Month, rates: dict[str, int] | None = None) -> Row:
    row = row_of(*invoices, month=month, rates=rates)
    assert row is not None
    return row


@pytest.mark.parametrize(
    "case", VECTORS["cases"], ids=[f"{case['name']} {case['month']}" for case in VECTORS["cases"]]
)
def test_vectors(case: dict[str, Any]) -> None:
    invoices = [
        Invoice(
            reference=line["reference"],
            invoice_date=date.fromisoformat(line["invoice_date"]),
            due_date=date.fromisoformat(line["due_date"]),
            paid_date=day(line["paid_date"]),
            amount_minor=line["amount"],
            currency="CNY",
            lost_on=day(line["lost_on"]),
        )
        for line in case["invoices"]
    ]
    expected = None if case["row"] is None else Row(**case["row"])
    assert row_of(*invoices, month=Month(case["month"])) == expected
    assert row_of(*reversed(invoices), month=Month(case["month"])) == expected


def test_the_delay_classes_of_the_vectors() -> None:
    assert list(DELAY_UPPER) == VECTORS["delay_upper"]


JUNE = month_of(2026, 6)


@pytest.mark.parametrize(
    ("paid", "condition"), [("2026-06-10", 1), ("2026-06-11", 2), ("2026-06-30", 2), ("2026-07-01", 3)]
)
def test_condition_of_a_paid_invoice(paid: str, condition: int) -> None:
    assert existing_row(invoice("2026-06-01", "2026-06-10", paid), month=JUNE).condition == condition


@pytest.mark.parametrize(
    ("due", "condition"),
    [
        ("2026-06-30", 0),
        ("2026-06-29", 3),
        ("2026-05-31", 3),
        ("2026-05-30", 4),
        ("2026-05-01", 4),
        ("2026-04-30", 5),
        ("2026-04-01", 5),
        ("2026-03-31", 6),
    ],
)
def test_condition_by_age(due: str, condition: int) -> None:
    assert existing_row(invoice("2026-01-01", due), month=JUNE).condition == condition


def test_the_worst_condition_holds_even_if_the_lost_invoice_is_paid() -> None:
    good = invoice("2026-06-01", "2026-07-30")
    lost = invoice("2026-01-01", "2026-07-30", "2026-06-20", lost="2026-06-30")
    assert existing_row(good, lost, month=JUNE).condition == 7
    later = invoice("2026-01-01", "2026-07-30", "2026-06-20", lost="2026-07-01")
    assert existing_row(good, later, month=JUNE).condition == 1


@pytest.mark.parametrize(
    ("days", "amount", "mean", "delay"),
    [
        # (days late of one unit, the others paid on the due date)
        ([1], [1, 1], 1, 1),  # 0.5
        ([1], [1, 2], 0, 0),  # 0.33
        ([-1], [1, 1], 0, 0),  # -0.5 goes up
        ([-3], [1, 1], -1, 0),  # -1.5
        ([-2], [1, 2], -1, 0),  # -0.67
        ([11], [1, 1], 6, 2),  # 5.5
        ([21], [1, 1], 11, 3),  # 10.5
    ],
)
def test_rounding(days: list[int], amount: list[int], mean: int, delay: int) -> None:
    late = invoice(
        "2026-05-01", date.fromordinal(date(2026, 6, 25).toordinal() - days[0]).isoformat(), "2026-06-25"
    )
    even = invoice("2026-05-01", "2026-06-12", "2026-06-12", amount=100 * amount[1] // amount[0])
    row = existing_row(late, even, month=JUNE)
    assert (row.delay_days, row.delay) == (mean, delay)


def test_an_unpaid_invoice_weighs_only_from_the_day_after_it_is_due() -> None:
    late = invoice("2026-06-01", "2026-06-10", "2026-06-20")
    assert existing_row(late, invoice("2026-06-01", "2026-06-30"), month=JUNE).delay_days == 10
    assert existing_row(late, invoice("2026-06-01", "2026-06-29"), month=JUNE).delay_days == 6
    on_time = invoice("2026-06-01", "2026-06-30", "2026-06-30")
    assert existing_row(late, on_time, month=JUNE).delay_days == 5


def test_the_mean_is_exact_beyond_floating_point() -> None:
    huge = 10**30
    late = invoice("2026-06-01", "2026-06-10", "2026-06-11", amount=huge)
    even = invoice("2026-06-01", "2026-06-10", "2026-06-10", amount=huge + 1)
    assert existing_row(late, even, month=JUNE).delay_days == 0
    assert existing_row(late, late, even, even, month=JUNE).peak_minor == 4 * huge + 2
    even = invoice("2026-06-01", "2026-06-10", "2026-06-10", amount=huge)
    assert existing_row(late, even, month=JUNE).delay_days == 1


@pytest.mark.parametrize(
    ("amount", "exposure"),
    [(bound + step, place + step + 1) for place, bound in enumerate(BOUNDS) for step in (-1, 0)],
)
def test_exposure_classes(amount: int, exposure: int) -> None:
    row = existing_row(invoice("2026-06-01", "2026-07-10", amount=amount), month=JUNE)
    assert (row.exposure, row.peak_minor) == (exposure, amount)


def test_each_foreign_invoice_is_converted_by_itself() -> None:
    two = [invoice("2026-06-01", "2026-07-10", amount=3, currency="USD") for _ in range(2)]
    assert existing_row(*two, month=JUNE, rates={"USD": 500_000}).peak_minor == 2  # not floor(6 / 2)
    assert existing_row(two[0], month=JUNE, rates={"USD": 7_123_456}).peak_minor == 21


def test_a_foreign_invoice_that_converts_to_nothing_weighs_nothing() -> None:
    tiny = invoice("2026-06-01", "2026-06-02", "2026-06-30", amount=1, currency="JPY")
    row = existing_row(tiny, month=JUNE, rates={"JPY": 48_000})
    assert row == Row(condition=2, exposure=0, delay=0, peak_minor=0, delay_days=0)


def test_a_currency_without_a_rate_is_refused_where_it_counts() -> None:
    foreign = invoice("2026-07-01", "2026-07-10", currency="USD")
    own = invoice("2026-06-01", "2026-07-10")
    assert row_of(foreign, own, month=JUNE) == row_of(own, month=JUNE)
    with pytest.raises(MissingRateError) as refusal:
        row_of(foreign, own, month=Month(JUNE + 1), rates={"EUR": 1})
    assert isinstance(refusal.value, RejectedError)
    assert (refusal.value.code, refusal.value.currency) == ("missing_rate", "USD")


def test_an_amount_is_above_zero() -> None:
    for amount in (0, -1):
        with pytest.raises(ValueError, match="above zero"):
            invoice("2026-06-01", "2026-07-10", amount=amount)


@pytest.mark.parametrize(
    ("line", "months"),
    [
        (invoice("2026-05-31", "2026-06-10", "2026-06-01"), [5, 6]),
        (invoice("2026-05-31", "2026-06-10", "2026-05-31"), [5]),
        (invoice("2026-05-31", "2026-06-10", "2026-05-30"), []),
        (invoice("2026-06-30", "2026-06-10"), [6, 7, 8]),
        (invoice("2026-08-15", "2026-06-10"), [8]),
        (invoice("2026-08-16", "2026-06-10"), []),
        (invoice("2026-06-30", "2026-06-10", "2026-12-01"), [6, 7, 8]),
    ],
)
def test_open_months(line: Invoice, months: list[int]) -> None:
    until = open_months(line, as_of=date(2026, 8, 15))
    assert list(until) == [month_of(2026, month) for month in months]
    assert all(is_open_in(line, Month(month)) for month in until)
    for month in range(1, 8):
        assert is_open_in(line, month_of(2026, month)) == (month in months)


def test_a_year_turns() -> None:
    assert list(open_months(invoice("2025-12-31", "2026-06-10", "2026-01-01"), as_of=date(2026, 8, 1))) == [
        month_of(2025, 12),
        month_of(2026, 1),
    ]


def test_cells() -> None:
    cells = encode_cells([0, 7, 3], [0, 5, 2], [0, 7, 4])
    assert cells.dtype == np.uint32
    assert cells.shape == (3, 56)
    assert [list(np.flatnonzero(row)) for row in cells] == [[0, 48], [47, 55], [20, 52]]
    assert encode_cells([], [], []).shape == (0, 56)


@pytest.mark.parametrize("row", [(8, 0, 0), (0, 6, 0), (0, 0, 8), (-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_a_class_that_does_not_exist_is_refused(row: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="class outside"):
        encode_cells(*([value] for value in row))


def test_cells_stand_where_the_vectors_have_them() -> None:
    expected = np.array(vectors("shares.json")["rows"])
    condition, exposure = np.divmod(expected[:, :48].argmax(axis=1), 6)
    cells = encode_cells(condition, exposure, expected[:, 48:].argmax(axis=1))
    assert (cells == expected).all()


def test_order_is_by_month_and_then_by_bytes() -> None:
    months = [5, 4, 5, 4, 5]
    tokens = [b"\x80" * 32, b"\xff" * 32, b"\x7f" * 32, b"\x00" * 32, b"\x7f" * 31 + b"\x80"]
    order = order_rows(months, tokens)
    assert order == [3, 1, 2, 4, 0]
    assert all(
        (months[left], tokens[left]) <= (months[right], tokens[right]) for left, right in pairwise(order)
    )
