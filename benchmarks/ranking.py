"""How well scores rank what is late before what is not: the area under the ROC curve, with its spread.

The units are invoices, scored by their pair of member and customer. An interval resamples customers, as the
invoices of one customer are alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

RESAMPLES: Final = 1_000
_PERCENTILES: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of each pair's invoices: how many there are, how many were late; and whose they are."""

    count: Floats = field(repr=False)
    late: Floats = field(repr=False)
    customer: NDArray[np.int64] = field(repr=False)

    def only(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """Return those of some pairs."""
        return Outcomes(count=self.count[chosen], late=self.late[chosen], customer=self.customer[chosen])


def area(scores: Floats, outcomes: Outcomes, weight: Floats | None = None) -> float:
    """Return the share of pairs (late, not late) that the scores rank rightly, a tie being half right.

    `weight` counts each pair of member and customer so many times. NaN where nothing is late or all is.
    """
    times = np.ones(len(scores)) if weight is None else weight
    _, place = np.unique(scores, return_inverse=True)
    late = np.bincount(place, times * outcomes.late)
    others = np.bincount(place, times * (outcomes.count - outcomes.late))
    below = np.cumsum(others) - others
    total = late.sum() * others.sum()
    return float((late * (below + others / 2)).sum() / total) if total else float("nan")


def intervals(
    scores: Mapping[str, Floats], outcomes: Outcomes, differences: Sequence[tuple[str, str]], *, seed: int
) -> dict[str, list[float]]:
    """Return the 95% interval of each score's area, and of the differences of some, as `one-other`."""
    random = np.random.default_rng(seed)
    _, customer = np.unique(outcomes.customer, return_inverse=True)
    customers = int(customer.max(initial=-1)) + 1
    drawn: dict[str, list[float]] = {name: [] for name in (*scores, *map("-".join, differences))}
    for _ in range(RESAMPLES):
        times = np.bincount(random.integers(customers, size=customers), minlength=customers)
        weight = times[customer].astype(np.float64)
        areas = {name: area(values, outcomes, weight) for name, values in scores.items()}
        for name, value in areas.items():
            drawn[name].append(value)
        for one, other in differences:
            drawn[f"{one}-{other}"].append(areas[one] - areas[other])
    return {name: _middle(values) for name, values in drawn.items()}


def _middle(values: Sequence[float]) -> list[float]:
    return [round(float(end), 4) for end in np.nanpercentile(values, _PERCENTILES)]
