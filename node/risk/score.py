"""The score of a customer: points of 100 that the factors of a policy make, and the grade that follows.

Integers alone. The score is the weighted mean of the known factors' points, rounded down; each factor's
points are its exact share of it, rounded so that together they make the score (largest remainder), to the
last point. As the mean falls when any factor's points fall, worse inputs never give a better score.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from node.risk.grades import UNKNOWN, Grade
from node.risk.policy.conditions import Case, Conditions, hold
from node.risk.policy.scorecard import NOT_ENOUGH, POINTS_MOST, Cap, Factor, Grades, Scorecard

Direction: TypeAlias = Literal["for", "against", "neither"]
Kind: TypeAlias = Literal["factor", "cap"]


class Reason(NamedTuple):
    """Why a score is what it is: the points that a factor brings, or that a cap takes.

    `about` is the factor's signal or the cap's name. `most` is what the factor could have brought, so that
    `most - points` is what it costs. A cap without a score has no points.
    """

    kind: Kind
    about: str
    direction: Direction
    points: int
    most: int
    is_unknown: bool = False
    """Whether these are the policy's points for an unknown signal."""

    @property
    def code(self) -> str:
        """A stable code: of a factor its signal and direction, of a cap its name."""
        return f"{self.about}:{self.direction}" if self.kind == "factor" else f"cap:{self.about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A score with its grade; None and U where too little is known.

    The points of all `reasons` make the score. `known_weight` is how much of the scorecard was known, of 100.
    """

    score: int | None
    grade: Grade
    reasons: tuple[Reason, ...]
    known_weight: int
    left_out: tuple[str, ...]
    """Signals that are unknown and were left out."""


def score_of(card: Scorecard, caps: Sequence[Cap], conditions: Conditions, case: Case) -> Score:
    """Return the score of a case by a scorecard and the caps above it."""
    known = [(factor, case.get(factor.signal)) for factor in card.factors]
    left_out = tuple(factor.signal for factor, value in known if value is None)
    known_weight = sum(factor.weight for factor, value in known if value is not None)
    fitting = [cap for cap in caps if hold(cap.when, case, conditions)]
    too_little = any(value is None and factor.unknown == NOT_ENOUGH for factor, value in known)
    if too_little or known_weight < card.known_weight_least:
        return _without_score(fitting, known_weight, left_out)
    points = [(factor, _points(factor, value), value is None) for factor, value in known]
    counted = [(factor, worth, unknown) for factor, worth, unknown in points if worth is not None]
    reasons = _factor_reasons(card, counted)
    total = sum(reason.points for reason in reasons)
    capped, taken = _cap(total, fitting, card.grades)
    return Score(
        score=capped,
        grade=grade_of(capped, card.grades),
        reasons=(*reasons, *taken),
        known_weight=known_weight,
        left_out=left_out,
    )


def grade_of(score: int, grades: Grades) -> Grade:
    """Return the grade of a score."""
    if score >= grades.A:
        return "A"
    if score >= grades.B:
        return "B"
    if score >= grades.C:
        return "C"
    return "D" if score >= grades.D else "E"


def apportion(whole: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Divide a whole by weights into integers that make it exactly, none above its `most`.

    What rounding down leaves goes to the largest remainders that have room, of equal ones to the first.
    Together the `most` have room for the whole.
    """
    total = sum(weights)
    parts = [whole * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: -(whole * weights[place] % total))
    left = whole - sum(parts)
    for place in itertools.cycle(order):
        if not left:
            break
        if parts[place] < most[place]:
            parts[place] += 1
            left -= 1
    return parts


def _points(factor: Factor, value: object) -> int | None:
    if isinstance(value, (float, int)):
        return factor.points_at(value)
    return factor.unknown if isinstance(factor.unknown, int) else None


def _factor_reasons(card: Scorecard, counted: Sequence[tuple[Factor, int, bool]]) -> list[Reason]:
    weights = tuple(factor.weight for factor, _, _ in counted)
    weighted = [factor.weight * worth for factor, worth, _ in counted]
    score = sum(weighted) // sum(weights)
    most = _most(weights)
    points = apportion(score, weighted, most) if score else [0] * len(weighted)
    return [
        Reason(
            kind="factor",
            about=factor.signal,
            direction=_direction(worth, card.neutral),
            points=brought,
            most=could,
            is_unknown=unknown,
        )
        for (factor, worth, unknown), brought, could in zip(counted, points, most, strict=True)
    ]


@cache
def _most(weights: tuple[int, ...]) -> list[int]:
    """Return what factors of these weights can bring, of 100; a portfolio has few different sets of them."""
    return apportion(POINTS_MOST, weights, [POINTS_MOST] * len(weights))


def _direction(worth: int, neutral: int) -> Direction:
    if worth == neutral:
        return "neither"
    return "for" if worth > neutral else "against"


def _cap(score: int, caps: Sequence[Cap], grades: Grades) -> tuple[int, list[Reason]]:
    """Return the score under the lowest of some caps, and what each of them takes, one after the other."""
    highest: Mapping[str, int] = {
        "B": grades.A - 1,
        "C": grades.B - 1,
        "D": grades.C - 1,
        "E": grades.D - 1,
    }
    reasons = []
    for cap in sorted(caps, key=lambda cap: cap.grade, reverse=True):
        taken = max(0, score - highest[cap.grade])
        score -= taken
        reasons.append(Reason(kind="cap", about=cap.name, direction="against", points=-taken, most=0))
    return score, reasons


def _without_score(caps: Sequence[Cap], known_weight: int, left_out: tuple[str, ...]) -> Score:
    giving = [cap for cap in caps if cap.without_grade]
    grade: Grade = max((cap.grade for cap in giving), default=UNKNOWN)
    reasons = tuple(
        Reason(kind="cap", about=cap.name, direction="against", points=0, most=0) for cap in giving
    )
    return Score(score=None, grade=grade, reasons=reasons, known_weight=known_weight, left_out=left_out)
