"""Stored lines of the book as signals read them: days as ordinals, amounts in the reporting currency."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from hanse_ledger.consortium import Policy
from hanse_ledger.ids import Month, month_at
from node.risk.signals.inputs import OwnInvoice

_RATE_UNIT: Final = 10**6


class Rates(NamedTuple):
    """What converts amounts: the reporting currency, and the rates of the book's month."""

    currency: str
    rates: Mapping[str, int]

    @classmethod
    def of(cls, policy: Policy, book_day: date | None) -> "Rates":
        """Return the rates of the month in which the book's day lies."""
        rates = {} if book_day is None else policy.rates_of(Month(month_at(book_day)))
        return cls(policy.currency, rates)

    def convert(self, amount_minor: int, currency: str) -> int | None:
        """Return an amount in the reporting currency, None without a rate."""
        if currency == self.currency:
            return amount_minor
        rate = self.rates.get(currency)
        return None if rate is None else amount_minor * rate // _RATE_UNIT


class Lines:
    """Reads lines as `stored.book_lines` gives them."""

    def __init__(self, rates: Rates) -> None:
        self._rates, self._days = rates, _Days()

    def read(self, row: Any) -> OwnInvoice:
        """Return one line."""
        _, made, due, paid, amount_minor, currency, lost, contested = row
        return OwnInvoice(
            self._days[made],
            self._days[due],
            None if paid is None else self._days[paid],
            self._rates.convert(amount_minor, currency),
            None if lost is None else self._days[lost],
            contested,
        )


class _Days(dict[str, int]):
    """Ordinals of days written as ISO text: a book has few days and many lines."""

    def __missing__(self, text: str) -> int:
        self[text] = date.fromisoformat(text).toordinal()
        return self[text]
