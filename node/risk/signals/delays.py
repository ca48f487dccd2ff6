"""How late the firm itself was paid: days beyond terms weighted by amount, early as 0.

What is open past due counts as late as it is so far; it can only become later, so the interval is open above.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from math import inf
from typing import Final, NamedTuple

from node.risk.signals.book import YEAR_DAYS, Book
from node.risk.signals.inputs import OwnInvoice
from node.risk.signals.names import SignalName
from node.risk.signals.value import Signal, unknowns

DELAYS: Final[tuple[SignalName, ...]] = (
    "own.delay_mean_days",
    "own.delay_median_days",
    "own.delay_p90_days",
)
_TENTHS: Final = (5, 9)


class _Late(NamedTuple):
    """Days beyond terms, and the amount they are of."""

    days: int
    amount_minor: int


def delay_signals(book: Book) -> Iterable[Signal]:
    """Return mean, median and 90th percentile of the delay over a year; contested invoices count nowhere."""
    counted = [one for one in book.lines if not one.contested and _counts(one, book)]
    late = sorted(_Late(_days(one, book), one.amount_minor or 0) for one in counted)
    sums = list(accumulate(one.amount_minor for one in late))
    if not sums or not sums[-1]:
        return unknowns(DELAYS, "no_recent_invoice")
    basis = book.basis(book.day - YEAR_DAYS + 1, len(late))
    is_loose = any(book.is_open(one) for one in counted)
    mean = sum(one.days * one.amount_minor for one in late) / sums[-1]
    # The least days within which so many tenths of the amount lie.
    quantiles = (late[bisect_left(sums, -(-tenths * sums[-1] // 10))] for tenths in _TENTHS)
    values = (mean, *(float(one.days) for one in quantiles))
    return [
        basis.known(name, value, (value, inf if is_loose else value))
        for name, value in zip(DELAYS, values, strict=True)
    ]


def _counts(one: OwnInvoice, book: Book) -> bool:
    if book.is_open(one):
        return one.due_date < book.day
    return book.day - (one.paid_date or 0) < YEAR_DAYS


def _days(one: OwnInvoice, book: Book) -> int:
    paid = book.day if book.is_open(one) else one.paid_date or book.day
    return max(0, paid - one.due_date)
