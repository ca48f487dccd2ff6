"""Signals from the firm's own book: exact, as of the day of its last import.

An invoice that the customer contests is in the open balance and in a figure of its own, and nowhere late.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from hanse_ledger.rows import AGE_UPPER
from node.risk.signals.book import YEAR_DAYS, Book, amount, book_of
from node.risk.signals.delays import DELAYS, delay_signals
from node.risk.signals.inputs import Inputs, OwnInvoice
from node.risk.signals.names import SignalName
from node.risk.signals.sums import Basis
from node.risk.signals.value import Signal, unknown, unknowns

_ORDER_DAYS: Final = 90
_BUCKET_DAYS: Final = (0, 15, 45, 75, 105)
"""What a day of each ageing bucket counts for, as trade credit bureaus weigh balances."""
_BUCKETS: Final[tuple[SignalName, ...]] = (
    "own.ageing_current_minor",
    "own.ageing_1_30_minor",
    "own.ageing_31_60_minor",
    "own.ageing_61_90_minor",
    "own.ageing_91_minor",
)
_SHARES: Final[tuple[tuple[SignalName, int], ...]] = (
    ("own.past_due_share", 1),
    ("own.past_due_61_share", 3),
    ("own.past_due_91_share", 4),
)
_OF_OPEN: Final[tuple[SignalName, ...]] = ("own.days_beyond_terms", *(name for name, _ in _SHARES))
_BALANCES: Final[tuple[SignalName, ...]] = (
    "own.open_minor",
    "own.contested_minor",
    "own.lost_minor",
    *_BUCKETS,
    "own.utilisation",
    *_OF_OPEN,
)
_ORDERS: Final[tuple[SignalName, ...]] = ("own.orders_90d", "own.order_change", "own.invoices")
_AMOUNTS: Final[tuple[SignalName, ...]] = (*DELAYS, *_BALANCES, "own.terms_days")


def own_signals(inputs: Inputs) -> list[Signal]:
    """Return the signals of the firm's own book and limit."""
    return [_limit(inputs.limit_minor), *_book_signals(inputs)]


def _book_signals(inputs: Inputs) -> Iterable[Signal]:
    if inputs.book_day is None:
        return unknowns((*_AMOUNTS, *_ORDERS), "no_book")
    book = book_of(inputs.invoices, book_day=inputs.book_day, as_of=inputs.as_of)
    if not book.lines:
        return unknowns((*_AMOUNTS, *_ORDERS), "no_invoice")
    if any(one.amount_minor is None for one in book.lines):
        return [*_orders(book), *unknowns(_AMOUNTS, "no_rate")]
    return [*_orders(book), _terms(book), *delay_signals(book), *_balances(book, inputs.limit_minor)]


def _limit(limit_minor: int | None) -> Signal:
    if limit_minor is None:
        return unknown("own.limit_minor", "no_limit")
    return Signal(name="own.limit_minor", value=float(limit_minor))


def _orders(book: Book) -> Iterable[Signal]:
    ages = [book.day - one.invoice_date for one in book.lines]
    recent = sum(days < _ORDER_DAYS for days in ages)
    earlier = sum(_ORDER_DAYS <= days < 2 * _ORDER_DAYS for days in ages)
    yield book.basis(book.day - _ORDER_DAYS + 1, recent).known("own.orders_90d", recent)
    if earlier:
        basis = book.basis(book.day - 2 * _ORDER_DAYS + 1, recent + earlier)
        yield basis.known("own.order_change", recent / earlier - 1)
    else:
        yield unknown("own.order_change", "no_earlier_invoice")
    yield book.basis(book.day - max(ages), len(ages)).known("own.invoices", len(ages))


def _terms(book: Book) -> Signal:
    since = book.day - YEAR_DAYS + 1
    recent = [one for one in book.lines if one.invoice_date >= since]
    weight = amount(recent)
    if not weight:
        return unknown("own.terms_days", "no_recent_invoice")
    days = sum((one.due_date - one.invoice_date) * (one.amount_minor or 0) for one in recent)
    return book.basis(since, len(recent)).known("own.terms_days", days / weight)


def _balances(book: Book, limit_minor: int | None) -> Iterable[Signal]:
    lines = [one for one in book.lines if book.is_open(one)]
    basis = book.basis(book.day, len(lines))
    total = amount(lines)
    buckets = _buckets(book.day, [one for one in lines if not one.contested])
    yield basis.known("own.open_minor", total)
    yield basis.known("own.contested_minor", amount(one for one in lines if one.contested))
    yield basis.known("own.lost_minor", amount(one for one in lines if _is_lost(one, book.day)))
    for name, open_minor in zip(_BUCKETS, buckets, strict=True):
        yield basis.known(name, open_minor)
    yield _utilisation(total, limit_minor, basis)
    yield from _of_open(buckets, total, basis)


def _buckets(day: int, lines: Iterable[OwnInvoice]) -> list[int]:
    """Return the open amounts by how long they are past due."""
    amounts = [0] * len(_BUCKETS)
    for one in lines:
        amounts[bisect_left(AGE_UPPER, day - one.due_date)] += one.amount_minor or 0
    return amounts


def _utilisation(total: int, limit_minor: int | None, basis: Basis) -> Signal:
    if limit_minor is None:
        return unknown("own.utilisation", "no_limit")
    # A firm that grants nothing has a limit of zero: any open balance is then far beyond it.
    return basis.known("own.utilisation", total / max(1, limit_minor))


def _of_open(buckets: Sequence[int], total: int, basis: Basis) -> Iterable[Signal]:
    if not total:
        yield from unknowns(_OF_OPEN, "nothing_open")
        return
    weighted = sum(days * part for days, part in zip(_BUCKET_DAYS, buckets, strict=True))
    yield basis.known("own.days_beyond_terms", weighted / total)
    for name, first in _SHARES:
        yield basis.known(name, sum(buckets[first:]) / total)


def _is_lost(one: OwnInvoice, day: int) -> bool:
    return one.lost_on is not None and one.lost_on <= day
