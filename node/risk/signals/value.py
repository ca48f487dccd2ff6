"""A signal: a figure with what it rests on, or the reason why it is not known. Unknown is never zero."""

from collections.abc import Iterable, Mapping
from functools import cache
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias

from hanse_ledger.ids import Month, month_text
from node.risk.signals.names import SignalName, Unknown

_DIGITS: Final = 6


class Signal(NamedTuple):
    """One figure about one subject. Either `value` is known, or `unknown` says why not: never both.

    `interval` is what the figure lies in for certain, where classes or open invoices leave it loose; an end
    of infinity is open. `months` are the first and last month it was computed from, `coverage` how much
    stands behind it (a band of contributors, or a number of invoices), `age_months` how many months ago the
    last of them ended.
    """

    name: SignalName
    value: float | None = None
    interval: tuple[float, float] | None = None
    months: tuple[Month, Month] | None = None
    coverage: str | None = None
    age_months: int | None = None
    unknown: Unknown | None = None


Signals: TypeAlias = Mapping[SignalName, Signal]
"""All signals of one subject: every name of the catalogue, known or not."""


@cache
def unknown(name: SignalName, reason: Unknown) -> Signal:
    """Return a signal that is not known: the same object each time, as most of a portfolio's are such."""
    return Signal(name=name, unknown=reason)


def unknowns(names: Iterable[SignalName], reason: Unknown) -> list[Signal]:
    """Return signals that are not known for one reason."""
    return [unknown(name, reason) for name in names]


def describe(signal: Signal) -> dict[str, Any]:
    """Return a signal as JSON shows it; null for an open end of an interval."""
    months = None if signal.months is None else [month_text(month) for month in signal.months]
    return {
        "name": signal.name,
        "value": None if signal.value is None else round(signal.value, _DIGITS),
        "interval": None if signal.interval is None else [_end(end) for end in signal.interval],
        "months": months,
        "coverage": signal.coverage,
        "age_months": signal.age_months,
        "unknown": signal.unknown,
    }


def _end(end: float) -> float | None:
    return None if abs(end) == inf else round(end, _DIGITS)
