"""The scorecard of a policy: what each signal is worth, and when there is enough to say anything."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from node.risk.policy.conditions import HIGHER, LOWER, Conditions, When, predicates_in
from node.risk.policy.source import Complaint

POINTS_MOST: Final = 100

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Points: TypeAlias = Annotated[int, Field(ge=0, le=POINTS_MOST)]
Bound: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Worse: TypeAlias = Literal["higher", "lower", "neither"]
CappedGrade: TypeAlias = Literal["B", "C", "D", "E"]
NOT_ENOUGH: Final = "not_enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a signal up to a bound is worth, the bound included; the last band has none."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    points: Points
    up_to: Bound | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One signal's part in the score.

    `worse` declares which way is worse, and the bands must keep to it. `unknown` says what becomes of it
    where the signal is unknown: left out, so that the others' weights count for all; too little for any
    grade; or points of its own.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    signal: str
    weight: Annotated[int, Field(ge=1, le=POINTS_MOST)]
    worse: Worse
    unknown: Literal["leave_out", "not_enough"] | Points
    bands: Annotated[tuple[Band, ...], Field(min_length=2, max_length=50)]

    def points_at(self, value: float) -> int:
        """Return what a known value is worth, of 100."""
        return next(band.points for band in self.bands if band.up_to is None or value <= band.up_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """From which score on a grade is given; what is below D is E."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    A: Points
    B: Points
    C: Points
    D: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All factors, whose weights make 100; below `known_weight_least` known there is no grade."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    known_weight_least: Annotated[int, Field(ge=1, le=POINTS_MOST)]
    neutral: Points
    """A factor with fewer points speaks against the customer, one with more speaks for it."""
    grades: Grades
    factors: Annotated[tuple[Factor, ...], Field(min_length=1, max_length=50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A rule above the score: where it fits, the grade is no better than this one."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Name
    when: Annotated[When, Field(min_length=1)]
    grade: CappedGrade
    without_grade: bool = False
    """Whether it gives its grade also where too little is known for one."""


def complaints_of(card: Scorecard) -> Iterator[Complaint]:
    """Yield what is wrong with a scorecard beyond its fields."""
    weights = sum(factor.weight for factor in card.factors)
    if weights != POINTS_MOST:
        yield ("scorecard", "factors"), f"the weights of all factors make {weights}, not {POINTS_MOST}"
    grades = [card.grades.A, card.grades.B, card.grades.C, card.grades.D]
    if any(better <= worse for better, worse in itertools.pairwise(grades)):
        yield ("scorecard", "grades"), "each grade begins at a higher score than the next"
    seen = set[str]()
    for number, factor in enumerate(card.factors):
        if factor.signal in seen:
            yield ("scorecard", "factors", number, "signal"), "another factor has this signal"
        seen.add(factor.signal)
        for place, reason in _band_complaints(factor):
            yield ("scorecard", "factors", number, "bands", place), reason


def cap_complaints(
    caps: Sequence[Cap], worse_of: Mapping[str, str], conditions: Conditions
) -> Iterator[Complaint]:
    """Yield where a cap would give a better grade for a worse input. Conditions must be sound."""
    lifting = {"higher": LOWER, "lower": HIGHER, "neither": frozenset[str]()}
    for number, cap in enumerate(caps):
        for test in predicates_in(cap.when, conditions):
            worse = worse_of.get(test.about, "neither")
            if test.operator in lifting[worse]:
                reason = f"contradictory: of {test.about}, {worse} is worse, and would lift this cap"
                yield ("caps", number, "when"), reason


def _band_complaints(factor: Factor) -> Iterator[tuple[int, str]]:
    last = len(factor.bands) - 1
    for place, band in enumerate(factor.bands):
        if (band.up_to is None) != (place == last):
            yield place, "every band but the last has an 'up_to'"
    for place, (band, following) in enumerate(itertools.pairwise(factor.bands), 1):
        if band.up_to is not None and following.up_to is not None and band.up_to >= following.up_to:
            yield place, "unreachable: the band before it reaches as far"
        if factor.worse == "higher" and following.points > band.points:
            yield place, "more points for what is worse: this factor says that higher is worse"
        if factor.worse == "lower" and following.points < band.points:
            yield place, "fewer points for what is better: this factor says that lower is worse"
