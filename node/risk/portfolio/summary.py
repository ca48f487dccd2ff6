"""The arithmetic of a portfolio: pure, exact in minor units, and silent where nothing is known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from node.risk.grades import GRADES, Grade
from node.risk.portfolio.position import COVERAGES, Cell, Coverage, Position

TOPS: Final = (1, 5, 10, 20)
"""Of how many of the largest customers the share is shown."""
HHI_SCALE: Final = 10_000
"""The Herfindahl-Hirschman index of a single customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mass:
    """How many customers, and what they owe. `unknown` of them have no known exposure."""

    customers: int
    exposure_minor: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMass:
    """What stands in one cell of the matrix."""

    cell: Cell
    mass: Mass


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How much hangs on few customers; None of a portfolio that owes nothing."""

    largest: tuple[tuple[int, float], ...]
    """(n, share of the exposure that the n largest owe)."""
    hhi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLoss:
    """Probability x loss given default x exposure, over the customers for whom there are all three.

    Nothing is extrapolated to the others: `customers` and `exposure_minor` say over whom it is.
    """

    amount_minor: int
    loss_given_default: float
    customers: int
    exposure_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A portfolio as a whole."""

    total: Mass
    grades: tuple[tuple[Grade, Mass], ...]
    """All of A to E and U, in this order."""
    cells: tuple[CellMass, ...]
    """Those in which somebody stands, by probability and impact."""
    outside: Mass
    """Who stands in no cell."""
    coverage: tuple[tuple[Coverage, Mass], ...]
    concentration: Concentration | None
    expected_loss: ExpectedLoss | None = field(default=None)
    """None where no customer has a calibrated probability, or the policy says nothing of losses."""


def summarize(positions: Sequence[Position], *, loss_given_default: float | None) -> Summary:
    """Return what positions come to together."""
    return Summary(
        total=_mass(positions),
        grades=tuple((grade, _mass(p for p in positions if p.grade == grade)) for grade in GRADES),
        cells=_cells(positions),
        outside=_mass(p for p in positions if p.cell is None),
        coverage=tuple((known, _mass(p for p in positions if p.coverage == known)) for known in COVERAGES),
        concentration=_concentration(positions),
        expected_loss=None if loss_given_default is None else _expected_loss(positions, loss_given_default),
    )


def _mass(positions: Iterable[Position]) -> Mass:
    exposures = [position.exposure_minor for position in positions]
    known = [exposure for exposure in exposures if exposure is not None]
    return Mass(customers=len(exposures), exposure_minor=sum(known), unknown=len(exposures) - len(known))


def _cells(positions: Iterable[Position]) -> tuple[CellMass, ...]:
    standing: dict[tuple[int, int], list[Position]] = {}
    cells: dict[tuple[int, int], Cell] = {}
    for position in positions:
        if position.cell is not None:
            place = position.cell.likelihood, position.cell.impact
            standing.setdefault(place, []).append(position)
            cells[place] = position.cell
    return tuple(CellMass(cell=cells[place], mass=_mass(standing[place])) for place in sorted(standing))


def _concentration(positions: Iterable[Position]) -> Concentration | None:
    owed = sorted((max(p.exposure_minor, 0) for p in positions if p.exposure_minor is not None), reverse=True)
    whole = sum(owed)
    if not whole:
        return None
    return Concentration(
        largest=tuple((n, sum(owed[:n]) / whole) for n in TOPS if n <= len(owed)),
        hhi=sum(exposure * exposure for exposure in owed) / (whole * whole) * HHI_SCALE,
    )


def _expected_loss(positions: Iterable[Position], loss_given_default: float) -> ExpectedLoss | None:
    known = [
        (Fraction(p.probability), p.exposure_minor)
        for p in positions
        if p.probability is not None and p.exposure_minor is not None
    ]
    if not known:
        return None
    # One rounding, of the sum: thousands of small losses would else round to nothing.
    amount = sum((p * max(exposure, 0) for p, exposure in known), Fraction()) * Fraction(loss_given_default)
    return ExpectedLoss(
        amount_minor=round(amount),
        loss_given_default=loss_given_default,
        customers=len(known),
        exposure_minor=sum(exposure for _, exposure in known),
    )


def levels(summary: Summary) -> Counter[str]:
    """Count customers by the level of the cell that they stand in."""
    counts: Counter[str] = Counter()
    for one in summary.cells:
        counts[one.cell.level] += one.mass.customers
    return counts
