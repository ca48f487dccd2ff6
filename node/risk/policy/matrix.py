"""The risk matrix of a policy: five classes of likelihood by five of impact, and the level of each cell."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field

from node.risk.policy.scorecard import Bound
from node.risk.policy.source import Complaint

Level: TypeAlias = Literal["low", "medium-low", "medium-high", "high"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
CLASSES: Final = 5

Class: TypeAlias = Annotated[int, Field(ge=1, le=CLASSES)]
Row: TypeAlias = Annotated[tuple[Level, ...], Field(min_length=CLASSES, max_length=CLASSES)]
Bounds: TypeAlias = Annotated[tuple[Bound, ...], Field(min_length=CLASSES - 1, max_length=CLASSES - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeClasses:
    """The class of likelihood that each grade stands for; U stands for none."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    A: Class
    B: Class
    C: Class
    D: Class
    E: Class


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Where a case stands: bounds between classes belong to the higher class.

    `likelihood_from` says what decides where there are a grade and a probability. `probabilities` are of
    paying more than 30 days late, `impacts` shares of the firm's largest single exposure. The rows of `cells`
    are classes of likelihood from 5 down to 1, its columns classes of impact from 1 to 5.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    likelihood_from: Literal["worse", "grade", "probability"]
    grades: GradeClasses
    probabilities: Bounds
    impacts: Bounds
    cells: Annotated[tuple[Row, ...], Field(min_length=CLASSES, max_length=CLASSES)]

    def level(self, likelihood: int, impact: int) -> Level:
        """Return the level of a cell, both classes from 1."""
        return self.cells[CLASSES - likelihood][impact - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the firm can bear from one customer: an amount, or else a share of all that is open."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    largest_single_minor: Annotated[int, Field(ge=1)] | None = None
    largest_single_share: Annotated[float, Field(gt=0, le=1)]
    loss_given_default: Annotated[float, Field(gt=0, le=1)] | None = None
    """The part of an exposure that is lost where a customer does not pay: for expected losses alone."""

    def largest_single(self, firm_open_minor: int | None) -> int | None:
        """Return the largest single exposure in minor units; None where it is unknown."""
        if self.largest_single_minor is not None:
            return self.largest_single_minor
        return int(firm_open_minor * self.largest_single_share) if firm_open_minor else None


def complaints_of(matrix: Matrix) -> Iterator[Complaint]:
    """Yield what is wrong with a matrix beyond its fields."""
    for name, bounds in (("probabilities", matrix.probabilities), ("impacts", matrix.impacts)):
        if any(low >= high for low, high in itertools.pairwise(bounds)) or bounds[0] <= 0:
            yield ("matrix", name), f"{name}: each bound is above the one before it, and all are above 0"
    if matrix.probabilities[-1] >= 1:
        yield ("matrix", "probabilities"), "probabilities: each bound is below 1"
    grades = matrix.grades
    if list(classes := (grades.A, grades.B, grades.C, grades.D, grades.E)) != sorted(classes):
        yield ("matrix", "grades"), "a worse grade stands for no lower class"
    for place, row in enumerate(matrix.cells):
        ranks = [LEVELS.index(level) for level in row]
        above = [LEVELS.index(level) for level in matrix.cells[max(place - 1, 0)]]
        if ranks != sorted(ranks):
            yield ("matrix", "cells", place), "contradictory: a level falls as the impact grows"
        if any(rank > higher for rank, higher in zip(ranks, above, strict=True)):
            yield ("matrix", "cells", place), "contradictory: a level falls as the likelihood grows"
