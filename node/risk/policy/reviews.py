"""What a policy says of reviews: how many months may pass until a customer is looked at again."""

from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

from pydantic import ConfigDict, Field

from node.risk.grades import Grade
from node.risk.policy.matrix import Class

_MONTHS_MOST: Final = 36
_EXPOSURES_MOST: Final = 5
Months: TypeAlias = Annotated[int, Field(ge=1, le=_MONTHS_MOST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeMonths:
    """Months between reviews by grade."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    A: Months = 12
    B: Months = 12
    C: Months = 6
    D: Months = 3
    E: Months = 3
    U: Months = 12

    def __post_init__(self) -> None:
        from_best = [self.A, self.B, self.C, self.D, self.E]
        if from_best != sorted(from_best, reverse=True):
            raise ValueError("a worse grade is reviewed no less often")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureMonths:
    """Months between reviews where the exposure is at least of a class of impact, whatever the grade."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    impact_at_least: Class
    months: Months


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCalendar:
    """When each customer is looked at again: by grade, and sooner where much is at stake."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    months: GradeMonths = field(default_factory=GradeMonths)
    exposures: Annotated[tuple[ExposureMonths, ...], Field(max_length=_EXPOSURES_MOST)] = ()

    def months_for(self, grade: Grade, impact: int | None) -> int:
        """Return how many months may pass; an impact that is unknown makes none sooner."""
        by_grade: int = getattr(self.months, grade)
        by_exposure = [
            one.months for one in self.exposures if impact is not None and impact >= one.impact_at_least
        ]
        return min([by_grade, *by_exposure])
