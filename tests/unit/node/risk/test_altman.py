"""Altman's scores, worked out by hand from the formulas in docs/risk.md."""

from decimal import Decimal

import pytest

from hanse_ledger.errors import MalformedError
from node.risk.altman import Model, Statement, on_one_scale, z_of, zone_of

FIGURES = {
    "total_assets": Decimal(1000),
    "total_liabilities": Decimal(600),
    "working_capital": Decimal(150),
    "retained_earnings": Decimal(200),
    "ebit": Decimal(80),
    "book_equity": Decimal(400),
    "sales": Decimal(1500),
}
STATEMENT = Statement(**FIGURES)


def test_both_models() -> None:
    # 0.717 x 0.15 + 0.847 x 0.2 + 3.107 x 0.08 + 0.420 x 2/3 + 0.998 x 1.5
    assert round(z_of(STATEMENT, "z1"), 5) == Decimal("2.30251")
    # 6.56 x 0.15 + 3.26 x 0.2 + 6.72 x 0.08 + 1.05 x 2/3
    assert round(z_of(STATEMENT, "z2"), 5) == Decimal("2.87360")


@pytest.mark.parametrize(
    ("model", "z", "zone", "scaled"),
    [
        ("z1", "1.22", "distress", -0.005988),
        ("z1", "1.23", "grey", 0),
        ("z1", "2.9", "grey", 1),
        ("z1", "2.91", "safe", 1.005988),
        ("z2", "1.09", "distress", -0.006667),
        ("z2", "1.85", "grey", 0.5),
        ("z2", "2.6", "grey", 1),
        ("z2", "2.61", "safe", 1.006667),
    ],
)
def test_zones_of_both_models_lie_on_one_scale(model: Model, z: str, zone: str, scaled: float) -> None:
    assert zone_of(Decimal(z), model) == zone
    assert on_one_scale(Decimal(z), model) == pytest.approx(scaled, abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"total_assets": Decimal(0)},
        {"total_assets": Decimal(-5)},
        {"total_liabilities": Decimal(0)},
        {"sales": Decimal(-1)},
    ],
)
def test_figures_that_no_ratio_can_be_made_of(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(MalformedError):
        Statement(**(FIGURES | wrong))


def test_the_model_for_manufacturers_needs_sales() -> None:
    without = Statement(**{name: value for name, value in FIGURES.items() if name != "sales"})
    assert z_of(without, "z2") == z_of(STATEMENT, "z2")
    with pytest.raises(MalformedError):
        z_of(without, "z1")
