"""How well scores rank what is late before what is not, by the area under the ROC curve, and how surely.

Intervals resample customers and never single cases or invoices, as those of one customer are alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Statistics: TypeAlias = Callable[[Floats], Mapping[str, float]]
"""Figures of a sample in which each unit counts so many times."""

RESAMPLES: Final = 1_000
_PERCENTILES: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of units: how many things each has, how many of them were late; and whose they are."""

    count: Floats = field(repr=False)
    late: Floats = field(repr=False)
    customer: NDArray[np.int64] = field(repr=False)

    def only(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """Return some of the units."""
        return Outcomes(count=self.count[chosen], late=self.late[chosen], customer=self.customer[chosen])


def area(scores: Floats, outcomes: Outcomes, weight: Floats | None = None) -> float:
    """Return the share of (late, not late) that the scores rank rightly, a tie being half right.

    `weight` counts each unit so many times. NaN where nothing is late or all is.
    """
    times = np.ones(len(scores)) if weight is None else weight
    _, place = np.unique(scores, return_inverse=True)
    late = np.bincount(place, times * outcomes.late)
    others = np.bincount(place, times * (outcomes.count - outcomes.late))
    below = np.cumsum(others) - others
    total = late.sum() * others.sum()
    return float((late * (below + others / 2)).sum() / total) if total else float("nan")


def intervals(customer: NDArray[np.int64], statistics: Statistics, *, seed: int) -> dict[str, list[float]]:
    """Return the 95% interval of each figure over samples of as many customers, drawn with replacement."""
    random = np.random.default_rng(seed)
    _, number = np.unique(customer, return_inverse=True)
    customers = int(number.max(initial=-1)) + 1
    drawn: dict[str, list[float]] = {}
    for _ in range(RESAMPLES):
        times = np.bincount(random.integers(customers, size=customers), minlength=customers)
        for name, value in statistics(times[number].astype(np.float64)).items():
            drawn.setdefault(name, []).append(value)
    return {name: _middle(values) for name, values in drawn.items()}


def _middle(values: Sequence[float]) -> list[float]:
    return [round(float(end), 4) for end in np.nanpercentile(values, _PERCENTILES)]
