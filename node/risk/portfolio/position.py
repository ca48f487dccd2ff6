"""One customer as a portfolio sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from hanse_ledger.ids import SubjectId
from node.risk.assessment import Assessment
from node.risk.grades import Grade
from node.risk.policy.matrix import Level
from node.risk.policy.rules import Strategy
from node.risk.signals.names import Unknown
from node.risk.signals.value import Signals

Coverage: TypeAlias = Literal["checked", "withheld", "unchecked", "none", "no_answer", "not_asked"]
"""What the network has said: sums that rules may use, only withheld ones, ones that no rule may use, that it
knows nothing, nothing (refused, in disagreement, not answered yet), or nobody has asked."""
COVERAGES: Final[tuple[Coverage, ...]] = get_args(Coverage)
_WITHOUT: Final[Mapping[Unknown, Coverage]] = {
    "withheld": "withheld",
    "unchecked": "unchecked",
    "no_window": "none",
    "refused": "no_answer",
    "disagreement": "no_answer",
    "unanswered": "no_answer",
    "not_asked": "not_asked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A place in the risk matrix."""

    likelihood: int
    impact: int
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A customer's standing at one moment. None is unknown and never counts as zero."""

    subject: SubjectId = field(repr=False)
    grade: Grade
    score: int | None
    cell: Cell | None
    exposure_minor: int | None = field(repr=False)
    """What may be lost: what is open, or the limit where that is more."""
    probability: float | None
    """Of paying more than 30 days late, where a calibrated model gives one."""
    coverage: Coverage
    response: Strategy | None = None
    customers: tuple[str, ...] = field(default=(), repr=False)
    """The firm's own numbers of this customer."""
    limit_minor: int | None = field(default=None, repr=False)


def position_of(assessment: Assessment, signals: Signals, customers: tuple[str, ...] = ()) -> Position:
    """Return where an assessed customer stands."""
    limit = signals["own.limit_minor"].value
    return Position(
        subject=assessment.subject,
        grade=assessment.grade,
        score=assessment.score.score,
        cell=_cell(assessment),
        exposure_minor=assessment.exposure_minor,
        probability=assessment.probability,
        coverage=coverage_of(signals),
        response=assessment.advice.response,
        customers=customers,
        limit_minor=None if limit is None else round(limit),
    )


def coverage_of(signals: Signals) -> Coverage:
    """Return what the network has said, by one of the signals that its windows give."""
    unknown = signals["network.breadth"].unknown
    return "checked" if unknown is None else _WITHOUT.get(unknown, "checked")


def _cell(assessment: Assessment) -> Cell | None:
    place = assessment.place
    if place.likelihood is None or place.impact is None or place.level is None:
        return None
    return Cell(likelihood=place.likelihood, impact=place.impact, level=place.level)
