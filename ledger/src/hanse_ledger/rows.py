"""How a member's invoices with one subject make one row a month (protocol section 3).

All amounts are whole minor units, all days are whole days, and every figure is exact integer
arithmetic: two members with the same books make the same row.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from hanse_ledger.errors import MissingRateError
from hanse_ledger.ids import Month, month_at, month_end, month_start

CONDITIONS: Final = 8
EXPOSURES: Final = 6
DELAYS: Final = 8
CELLS: Final = CONDITIONS * EXPOSURES + DELAYS
"""48 cells for condition * 6 + exposure, then 8 for delay: one 1 in each part."""

AGE_UPPER: Final = (0, 30, 60, 90)
"""Highest number of days past due of conditions 0, 3, 4 and 5; more is condition 6."""
DELAY_UPPER: Final = (0, 5, 10, 20, 30, 60, 90)
"""Highest mean number of days of delay classes 0 to 6; more is class 7."""

_BY_AGE: Final = (0, 3, 4, 5, 6)
_PAID_ON_TERMS, _PAID_LATE, _LOST = 1, 2, 7
_RATE_UNIT: Final = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One line of a member's books, as it stands there.

    `amount_minor` is above zero (a credit note is no invoice: ValueError); `lost_on` is the day on
    which it was marked as placed for collection, charged off or insolvent.
    """

    reference: str
    invoice_date: date
    due_date: date
    paid_date: date | None
    amount_minor: int
    currency: str
    lost_on: date | None

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError("an invoice's amount is above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a member reports on a subject for a month, and the two exact figures behind it.

    `peak_minor` is in the reporting currency, `delay_days` is the rounded mean; neither leaves the
    member.
    """

    condition: int
    exposure: int
    delay: int
    peak_minor: int
    delay_days: int


def is_open_in(invoice: Invoice, month: Month) -> bool:
    """Say whether the invoice is open on some day of the month; the day of payment is an open day."""
    return bool(open_in((invoice,), month))


def open_in(invoices: Iterable[Invoice], month: Month) -> list[Invoice]:
    """Return those invoices that are open on some day of the month, in the order given."""
    first, last = month_start(month), month_end(month)
    return [
        invoice
        for invoice in invoices
        if invoice.invoice_date <= last
        and (invoice.paid_date is None or first <= invoice.paid_date >= invoice.invoice_date)
    ]


def open_months(invoice: Invoice, *, as_of: date) -> range:
    """Return the months in which the invoice is open on some day up to `as_of`."""
    last = as_of if invoice.paid_date is None else min(invoice.paid_date, as_of)
    if last < invoice.invoice_date:
        return range(0)
    return range(month_at(invoice.invoice_date), month_at(last) + 1)


def make_row(
    invoices: Iterable[Invoice],
    *,
    month: Month,
    bounds_minor: Sequence[int],
    currency: str,
    rates: Mapping[str, int],
) -> Row | None:
    """Return the row that one subject's invoices make for a month, or None where none was open in it.

    `bounds_minor` are the five rising lower ends of exposure classes 1 to 5 in minor units of `currency`;
    `rates` are the month's, in millionths of such a unit for one foreign minor unit. Raises
    MissingRateError for an invoice open in the month in a currency without a rate.
    """
    first, last = month_start(month), month_end(month)
    lines = [
        (invoice, _converted(invoice, currency=currency, rates=rates)) for invoice in open_in(invoices, month)
    ]
    if not lines:
        return None
    peak_minor = _peak(lines, first=first, last=last)
    delay_days = _mean_delay(lines, last=last)
    return Row(
        condition=max(_condition(invoice, last=last) for invoice, _ in lines),
        exposure=bisect_right(bounds_minor, peak_minor),
        delay=bisect_left(DELAY_UPPER, delay_days),
        peak_minor=peak_minor,
        delay_days=delay_days,
    )


def encode_cells(
    conditions: npt.ArrayLike, exposures: npt.ArrayLike, delays: npt.ArrayLike
) -> npt.NDArray[np.uint32]:
    """Return the (n, 56) one-hot matrix of n rows. Raises ValueError for a class that does not exist."""
    columns = [np.asarray(column, dtype=np.int64) for column in (conditions, exposures, delays)]
    for column, classes in zip(columns, (CONDITIONS, EXPOSURES, DELAYS), strict=True):
        if np.any((column < 0) | (column >= classes)):
            raise ValueError(f"a class outside 0 to {classes - 1}")
    condition, exposure, delay = columns
    cells = np.zeros((len(condition), CELLS), dtype=np.uint32)
    rows = np.arange(len(condition))
    cells[rows, condition * EXPOSURES + exposure] = 1
    cells[rows, CONDITIONS * EXPOSURES + delay] = 1
    return cells


def order_rows(months: Sequence[int], tokens: Sequence[bytes]) -> list[int]:
    """Return the places of the rows in the order of a report: by month, then by the token's bytes."""
    keys = list(zip(months, tokens, strict=True))
    return sorted(range(len(keys)), key=keys.__getitem__)


def _converted(invoice: Invoice, *, currency: str, rates: Mapping[str, int]) -> int:
    if invoice.currency == currency:
        return invoice.amount_minor
    rate = rates.get(invoice.currency)
    if rate is None:
        raise MissingRateError(currency=invoice.currency)
    return invoice.amount_minor * rate // _RATE_UNIT


def _condition(invoice: Invoice, *, last: date) -> int:
    if invoice.lost_on is not None and invoice.lost_on <= last:
        return _LOST
    if invoice.paid_date is None or invoice.paid_date > last:
        return _BY_AGE[bisect_left(AGE_UPPER, (last - invoice.due_date).days)]
    return _PAID_ON_TERMS if invoice.paid_date <= invoice.due_date else _PAID_LATE


def _peak(lines: Sequence[tuple[Invoice, int]], *, first: date, last: date) -> int:
    """Return the largest sum of open amounts on one day, from at most two changes an invoice."""
    changes: dict[int, int] = {}
    start = first.toordinal()
    for invoice, amount in lines:
        opened = max(invoice.invoice_date.toordinal(), start)
        changes[opened] = changes.get(opened, 0) + amount
        if invoice.paid_date is not None and invoice.paid_date < last:
            gone = invoice.paid_date.toordinal() + 1  # still open on the day of payment
            changes[gone] = changes.get(gone, 0) - amount
    peak = balance = 0
    for day in sorted(changes):
        balance += changes[day]
        peak = max(peak, balance)
    return peak


def _mean_delay(lines: Sequence[tuple[Invoice, int]], *, last: date) -> int:
    """Return the mean days beyond terms, weighted by amount, rounded half up (-0.5 to 0, 0.5 to 1)."""
    weighted = weight = 0
    for invoice, amount in lines:
        if invoice.paid_date is not None and invoice.paid_date <= last:
            days = (invoice.paid_date - invoice.due_date).days
        else:
            days = (last - invoice.due_date).days
            if days <= 0:
                continue
        weighted += days * amount
        weight += amount
    # Amounts that convert to nothing weigh nothing, like no amounts at all.
    return (2 * weighted + weight) // (2 * weight) if weight else 0
