"""Frozen sums put together: the windows that signals look at, and what several of them add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import add, sub
from typing import Final, NamedTuple

from hanse_ledger.ids import Month, month_at
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import CONDITIONS, DELAYS
from hanse_ledger.windows import BAND_TEXT
from node.risk.signals.bands import Days, is_enough, mean_days
from node.risk.signals.names import SignalName, Unknown
from node.risk.signals.value import Signal

LOOK_BACK_MONTHS: Final = 12
"""A window is looked at if its last month is one of the last twelve closed at the answer."""
_NO_CONDITION: Final = (0,) * CONDITIONS
_NO_DELAY: Final = (0,) * DELAYS
LATE, OPEN, OPEN_61, OPEN_91, LOST = 2, 3, 5, 6, 7
"""The least condition of each share: all that is as bad or worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Counts of rows by class over some windows."""

    condition: tuple[int, ...]
    delay: tuple[int, ...]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.condition)

    @property
    def due(self) -> int:
        """The rows in which something fell due."""
        return sum(self.condition[1:])

    def share(self, least: int) -> float:
        """Return the share, of rows in which something fell due, of a condition or worse ones."""
        return sum(self.condition[least:]) / self.due

    def days(self) -> Days | None:
        """Return the days beyond terms of the rows in which something fell due."""
        # A row in which nothing fell due lies in delay class 0 by definition (protocol section 3).
        return mean_days((max(0, self.delay[0] - self.condition[0]), *self.delay[1:]))

    def __add__(self, other: "Sums") -> "Sums":
        """Put rows together."""
        return Sums(
            condition=tuple(map(add, self.condition, other.condition)),
            delay=tuple(map(add, self.delay, other.delay)),
        )

    def __sub__(self, other: "Sums") -> "Sums":
        """Take some of the rows out."""
        return Sums(
            condition=tuple(map(sub, self.condition, other.condition)),
            delay=tuple(map(sub, self.delay, other.delay)),
        )


class Basis(NamedTuple):
    """What signals rest on: first and last month, the thinnest contributor band, and how old that is."""

    months: tuple[Month, Month]
    coverage: str | None
    age_months: int

    def known(self, name: SignalName, value: float, interval: tuple[float, float] | None = None) -> Signal:
        """Return a signal that rests on this."""
        return Signal(name, value, interval, *self)


def usable(
    windows: Sequence[WindowFigures], last_closed: Month | None, minimum: int
) -> tuple[list[WindowFigures], Unknown | None]:
    """Return the windows that signals look at; the reason, where there is none."""
    if not windows or last_closed is None:
        return [], "no_window"
    recent = [one for one in windows if one.months[-1] > last_closed - LOOK_BACK_MONTHS]
    if not recent:
        return [], "no_recent_window"
    shown = [one for one in recent if one.condition is not None]
    if not shown:
        return [], "withheld"
    enough = [one for one in shown if is_enough(one.band, minimum)]
    return enough, None if enough else "too_few_firms"


def added(windows: Sequence[WindowFigures]) -> Sums:
    """Add up windows that have figures."""
    return Sums(
        condition=tuple(map(sum, zip(_NO_CONDITION, *(one.condition or () for one in windows), strict=True))),
        delay=tuple(map(sum, zip(_NO_DELAY, *(one.delay or () for one in windows), strict=True))),
    )


def basis_of(windows: Sequence[WindowFigures], as_of: date) -> Basis:
    """Return what signals from these windows rest on."""
    last = max(one.months[-1] for one in windows)
    return Basis(
        months=(min(one.months[0] for one in windows), last),
        coverage=BAND_TEXT[min(one.band for one in windows)],
        age_months=age(last, as_of),
    )


def age(month: Month, as_of: date) -> int:
    """Return how many months ago a month ended, 0 for one that has not."""
    return max(0, month_at(as_of) - month)
