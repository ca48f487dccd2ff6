"""Where a customer stands in the firm's matrix: how likely trouble is, and what it would mean to the firm."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from node.risk.grades import UNKNOWN, Grade
from node.risk.policy.matrix import Level, Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the matrix; a class that is unknown leaves the level unknown."""

    likelihood: int | None
    impact: int | None
    level: Level | None

    def describe(self) -> dict[str, Any]:
        """Return the place as it is shown."""
        return {"likelihood": self.likelihood, "impact": self.impact, "level": self.level}


def place(
    matrix: Matrix,
    *,
    grade: Grade,
    probability: float | None,
    exposure_minor: int | None,
    largest_single_minor: int | None,
) -> Place:
    """Return where a case stands by its grade, the probability of paying late, and its exposure."""
    likelihood = _likelihood(matrix, grade, probability)
    impact = impact_of(matrix, exposure_minor, largest_single_minor)
    if likelihood is None or impact is None:
        return Place(likelihood=likelihood, impact=impact, level=None)
    return Place(likelihood=likelihood, impact=impact, level=matrix.level(likelihood, impact))


def impact_of(matrix: Matrix, exposure_minor: int | None, largest_single_minor: int | None) -> int | None:
    """Return the class of impact of losing an exposure, None where one of the amounts is unknown."""
    if exposure_minor is None or not largest_single_minor:
        return None
    return 1 + bisect_right(matrix.impacts, exposure_minor / largest_single_minor)


def exposure_of(open_minor: int | None, limit_minor: int | None) -> int | None:
    """Return what may be lost: what is open, or the limit that may be drawn where that is more."""
    return max((amount for amount in (open_minor, limit_minor) if amount is not None), default=None)


def _likelihood(matrix: Matrix, grade: Grade, probability: float | None) -> int | None:
    by_grade = None if grade == UNKNOWN else int(getattr(matrix.grades, grade))
    by_model = None if probability is None else 1 + bisect_right(matrix.probabilities, probability)
    if matrix.likelihood_from == "grade":
        return by_grade
    if matrix.likelihood_from == "probability":
        return by_model
    return max((one for one in (by_grade, by_model) if one is not None), default=None)
