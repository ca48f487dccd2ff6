"""One customer as a portfolio sees it."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from hanse_ledger.ids import SubjectId

Coverage: TypeAlias = Literal["checked", "withheld", "unchecked", "none", "not_asked"]
"""What the network has said: sums that rules may use, only withheld ones, ones that no rule may use, nothing
that is known, or nobody asked."""
COVERAGES: Final[tuple[Coverage, ...]] = ("checked", "withheld", "unchecked", "none", "not_asked")
GRADES: Final = ("A", "B", "C", "D", "E", "U")
LEVELS: Final = ("low", "medium-low", "medium-high", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A place in the risk matrix."""

    probability: int
    impact: int
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A customer's standing at one moment. None is unknown and never counts as zero."""

    subject: SubjectId = field(repr=False)
    grade: str
    score: float | None
    cell: Cell | None
    exposure_minor: int | None = field(repr=False)
    """What is open at the firm."""
    probability: float | None
    """Of paying more than 30 days late, where a calibrated model gives one."""
    coverage: Coverage
    response: str | None = None
    customers: tuple[str, ...] = field(default=(), repr=False)
    """The firm's own numbers of this customer."""
    limit_minor: int | None = field(default=None, repr=False)
