"""One subject's lines of the firm's own book, as they stand on the day of its last import."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from hanse_ledger.ids import Month, month_at
from node.risk.signals.inputs import OwnInvoice
from node.risk.signals.sums import Basis, age

YEAR_DAYS: Final = 365


class Book(NamedTuple):
    """The lines on the book's day, an ordinal; `as_of` is the day on which it is read."""

    day: int
    as_of: date
    lines: Sequence[OwnInvoice]

    def basis(self, since: int, count: int) -> Basis:
        """Return what signals rest on that look at the time from a day on."""
        last, first = _month(self.day), _month(since)
        return Basis(months=(first, last), coverage=str(count), age_months=age(last, self.as_of))

    def is_open(self, one: OwnInvoice) -> bool:
        """Say whether a line is unpaid on the book's day."""
        return one.paid_date is None or one.paid_date > self.day


def book_of(lines: Iterable[OwnInvoice], *, book_day: date, as_of: date) -> Book:
    """Return the lines that the book knows on its day.

    One paid before its invoice date was open on no day and counts nowhere, as in rows.
    """
    day = book_day.toordinal()
    return Book(day, as_of, [one for one in lines if one.invoice_date <= day and not _is_prepaid(one)])


def amount(lines: Iterable[OwnInvoice]) -> int:
    """Add up amounts; a line without one adds nothing."""
    return sum(one.amount_minor or 0 for one in lines)


@lru_cache(maxsize=4096)
def _month(day: int) -> Month:
    return month_at(date.fromordinal(day))


def _is_prepaid(one: OwnInvoice) -> bool:
    return one.paid_date is not None and one.paid_date < one.invoice_date
