"""Altman's Z' for private manufacturers and Z'' for other firms, from the figures of a financial statement.

Coefficients and zones as in docs/risk.md (Altman 1983 and 1995). Both are put on one scale, so that one band
of a scorecard fits both: 0 where the zone of distress ends, 1 where that of safety begins.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from hanse_ledger.errors import MalformedError

Model: TypeAlias = Literal["z1", "z2"]
"""`z1` is Z', for private manufacturers; `z2` is Z'', for everybody else."""
Zone: TypeAlias = Literal["distress", "grey", "safe"]

_ZONES: Final[dict[Model, tuple[Decimal, Decimal]]] = {
    "z1": (Decimal("1.23"), Decimal("2.9")),
    "z2": (Decimal("1.1"), Decimal("2.6")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The figures of one financial statement, all in the same unit of money. Sales matter to Z' alone."""

    total_assets: Decimal
    total_liabilities: Decimal
    working_capital: Decimal
    retained_earnings: Decimal
    ebit: Decimal
    book_equity: Decimal
    sales: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what no ratio can be made of; raises MalformedError."""
        if self.total_assets <= 0 or self.total_liabilities <= 0:
            raise MalformedError("total assets and total liabilities are above 0")
        if self.sales is not None and self.sales < 0:
            raise MalformedError("sales are not below 0")


def z_of(statement: Statement, model: Model) -> Decimal:
    """Return Z' or Z''; raises MalformedError for Z' without sales."""
    assets, liabilities = statement.total_assets, statement.total_liabilities
    capital = statement.working_capital / assets
    retained = statement.retained_earnings / assets
    ebit = statement.ebit / assets
    equity = statement.book_equity / liabilities
    if model == "z2":
        return (
            Decimal("6.56") * capital
            + Decimal("3.26") * retained
            + Decimal("6.72") * ebit
            + Decimal("1.05") * equity
        )
    if statement.sales is None:
        raise MalformedError("Z' needs sales")
    return (
        Decimal("0.717") * capital
        + Decimal("0.847") * retained
        + Decimal("3.107") * ebit
        + Decimal("0.420") * equity
        + Decimal("0.998") * statement.sales / assets
    )


def zone_of(z: Decimal, model: Model) -> Zone:
    """Return the zone of a Z; its borders belong to the grey one."""
    low, high = _ZONES[model]
    if z < low:
        return "distress"
    return "safe" if z > high else "grey"


def on_one_scale(z: Decimal, model: Model) -> float:
    """Return Z on the scale of both models: below 0 distress, above 1 safety."""
    low, high = _ZONES[model]
    return float((z - low) / (high - low))
