"""How classes become figures (ADR 0022): days of a delay class, firms of a contributor band."""

from collections.abc import Sequence
from math import inf
from operator import mul
from typing import Final, NamedTuple

from hanse_ledger.rows import DELAY_UPPER
from hanse_ledger.windows import BAND_LOWER

DELAY_LEAST: Final = (0, *(upper + 1 for upper in DELAY_UPPER))
DELAY_MIDDLE: Final = (0.0, 3.0, 8.0, 15.5, 25.5, 45.5, 75.5, 105.0)
"""The middle of each class; the open one stands for 105 days, as trade credit bureaus count 91+."""
BAND_UPPER: Final[tuple[float, ...]] = (*(lower - 1 for lower in BAND_LOWER[1:]), inf)


class Days(NamedTuple):
    """A mean of days of which only classes are known: it lies from `low` to `high`."""

    value: float
    low: float
    high: float


def mean_days(delays: Sequence[int]) -> Days | None:
    """Return the mean days of rows given how many lie in each delay class; None of no rows.

    Days of 0 or less count as 0. `high` is infinite where a row lies in the open class.
    """
    count = sum(delays)
    if not count:
        return None
    return Days(
        value=_weighted(delays, DELAY_MIDDLE) / count,
        low=_weighted(delays, DELAY_LEAST) / count,
        high=inf if delays[-1] else _weighted(delays[:-1], DELAY_UPPER) / count,
    )


def is_enough(band: int, minimum: int) -> bool:
    """Say whether a window of this band can have the minimum of groups.

    It had the minimum of its time; this leaves out what surely has fewer than a later, higher one.
    """
    return BAND_UPPER[band] >= minimum


def is_enough_without_own(band: int, minimum: int) -> bool:
    """Say whether the minimum of groups surely remains when one's own group is taken out of a window."""
    return BAND_LOWER[band] - 1 >= minimum


def _weighted(counts: Sequence[int], days: Sequence[float]) -> float:
    return sum(map(mul, counts, days), 0.0)
