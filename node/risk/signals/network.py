"""Signals from frozen sums, as the stewards answered them: every firm that reports, one's own included.

Nothing is taken out here, so each rests on at least as many groups as its windows did when they froze.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.windows import BAND_LOWER
from node.risk.signals.bands import BAND_UPPER
from node.risk.signals.inputs import Answered, Inputs
from node.risk.signals.names import SignalName
from node.risk.signals.sums import (
    LATE,
    LOST,
    OPEN,
    OPEN_61,
    OPEN_91,
    Basis,
    Sums,
    added,
    age,
    basis_of,
    usable,
)
from node.risk.signals.value import Signal, unknown, unknowns

_TREND_MONTHS: Final = 3
_SHARES: Final[tuple[tuple[SignalName, int], ...]] = (
    ("network.late_share", LATE),
    ("network.past_due_share", OPEN),
    ("network.past_due_61_share", OPEN_61),
    ("network.past_due_91_share", OPEN_91),
    ("network.lost_share", LOST),
)
_EXPOSURES: Final[tuple[SignalName, ...]] = (
    "network.exposure_0",
    "network.exposure_1",
    "network.exposure_2",
    "network.exposure_3",
    "network.exposure_4",
    "network.exposure_5",
)
_DUE: Final[tuple[SignalName, ...]] = ("network.days_beyond_terms", *(name for name, _ in _SHARES))
_WINDOWED: Final[tuple[SignalName, ...]] = (
    *_DUE,
    "network.trend",
    "network.exposure_band",
    *_EXPOSURES,
    "network.breadth",
)
_WARNED: Final[tuple[SignalName, ...]] = ("network.warning_level", "network.disputed")


def network_signals(inputs: Inputs) -> list[Signal]:
    """Return the signals of the newest checked answer."""
    answered = inputs.answered
    if answered is None:
        return unknowns((*_WINDOWED, *_WARNED), inputs.why_not)
    return [*_windowed(answered, inputs), *_warned(answered, inputs.as_of)]


def _windowed(answered: Answered, inputs: Inputs) -> Iterable[Signal]:
    windows, why_not = usable(answered.windows, answered.last_closed, inputs.minimum)
    if why_not is not None:
        return unknowns(_WINDOWED, why_not)
    basis = basis_of(windows, inputs.as_of)
    since = (answered.last_closed or 0) - _TREND_MONTHS
    newest = added([one for one in windows if one.months[-1] > since])
    earlier = added([one for one in windows if one.months[-1] <= since])
    return [
        *_due(newest + earlier, basis),
        _trend(newest, earlier, basis),
        *_exposure(windows, basis),
        _breadth(windows, inputs.as_of),
    ]


def _due(sums: Sums, basis: Basis) -> Iterable[Signal]:
    days = sums.days()
    yield (
        unknown("network.days_beyond_terms", "nothing_due")
        if days is None
        else basis.known("network.days_beyond_terms", days.value, (days.low, days.high))
    )
    for name, least in _SHARES:
        yield basis.known(name, sums.share(least)) if sums.due else unknown(name, "nothing_due")


def _trend(newest: Sums, earlier: Sums, basis: Basis) -> Signal:
    if not newest.rows or not earlier.rows:
        return unknown("network.trend", "no_earlier_window" if newest.rows else "no_recent_window")
    now, before = newest.days(), earlier.days()
    if now is None or before is None:
        return unknown("network.trend", "nothing_due")
    ends = (now.low - before.high, now.high - before.low)
    return basis.known("network.trend", now.value - before.value, ends)


def _exposure(windows: Sequence[WindowFigures], basis: Basis) -> Iterable[Signal]:
    counts = [sum(column) for column in zip(*(one.exposure or () for one in windows), strict=True)]
    rows = sum(counts)
    yield basis.known("network.exposure_band", _median_class(counts))
    for name, count in zip(_EXPOSURES, counts, strict=True):
        yield basis.known(name, count / rows)


def _median_class(counts: Sequence[int]) -> int:
    """Return the class of the middle row, the lower of two."""
    middle = (sum(counts) + 1) // 2
    return next(place for place in range(len(counts)) if sum(counts[: place + 1]) >= middle)


def _breadth(windows: Sequence[WindowFigures], as_of: date) -> Signal:
    newest = max(windows, key=lambda one: one.months[-1])
    lower, upper = BAND_LOWER[newest.band], BAND_UPPER[newest.band]
    return basis_of([newest], as_of).known("network.breadth", lower, (lower, upper))


def _warned(answered: Answered, as_of: date) -> Iterable[Signal]:
    last = answered.last_closed
    for name, value in zip(_WARNED, (answered.level, answered.disputed), strict=True):
        yield Signal(
            name=name,
            value=float(value),
            months=None if last is None else (last, last),
            age_months=None if last is None else age(last, as_of),
        )
