from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse_ledger.ids import SubjectId
from node.risk.grades import GRADES
from node.risk.portfolio.position import COVERAGES, Cell, Position
from node.risk.portfolio.summary import HHI_SCALE, levels, summarize


def position(number: int, exposure_minor: int | None, **given: object) -> Position:
    said: dict[str, object] = {
        "grade": "B",
        "score": 70.0,
        "cell": None,
        "probability": None,
        "coverage": "checked",
        **given,
    }
    return Position(subject=SubjectId(f"ref:T:{number}"), exposure_minor=exposure_minor, **said)  # type: ignore[arg-type]


@st.composite
def positions(draw: st.DrawFn) -> Position:
    return position(
        draw(st.integers(0, 10**6)),
        draw(st.none() | st.integers(0, 10**12)),
        grade=draw(st.sampled_from(GRADES)),
        coverage=draw(st.sampled_from(COVERAGES)),
        probability=draw(st.none() | st.floats(0, 1)),
        cell=draw(
            st.none()
            | st.builds(Cell, likelihood=st.integers(1, 5), impact=st.integers(1, 5), level=st.just("high"))
        ),
    )


def test_an_empty_portfolio_says_nothing_that_it_does_not_know() -> None:
    found = summarize([], loss_given_default=0.6)
    assert found.total.customers == 0
    assert found.concentration is None
    assert found.expected_loss is None


def test_concentration_by_hand() -> None:
    found = summarize([position(n, e) for n, e in enumerate((50, 30, 20))], loss_given_default=0.6)
    assert found.concentration is not None
    assert found.concentration.largest == ((1, 0.5),)
    assert found.concentration.hhi == pytest.approx((0.25 + 0.09 + 0.04) * HHI_SCALE)


def test_what_nobody_knows_is_counted_and_not_taken_for_zero() -> None:
    found = summarize([position(1, None), position(2, 100)], loss_given_default=0.6)
    assert (found.total.exposure_minor, found.total.unknown) == (100, 1)
    assert found.concentration is not None
    assert found.concentration.largest == ((1, 1.0),)


def test_expected_loss_is_over_those_with_a_probability_alone() -> None:
    found = summarize(
        [position(1, 10_000, probability=0.25), position(2, 50_000), position(3, None, probability=0.5)],
        loss_given_default=0.5,
    )
    assert found.expected_loss is not None
    assert found.expected_loss.amount_minor == 1_250
    assert (found.expected_loss.customers, found.expected_loss.exposure_minor) == (1, 10_000)


def test_small_losses_do_not_round_to_nothing() -> None:
    many = [position(n, 10, probability=0.01) for n in range(1_000)]
    found = summarize(many, loss_given_default=0.5)
    assert found.expected_loss is not None
    assert found.expected_loss.amount_minor == round(1_000 * 10 * Fraction(0.01) / 2)


def test_levels_are_counted_over_cells() -> None:
    low, high = Cell(likelihood=1, impact=1, level="low"), Cell(likelihood=5, impact=5, level="high")
    found = summarize(
        [position(1, 1, cell=low), position(2, 2, cell=high), position(3, 3, cell=high)],
        loss_given_default=0.6,
    )
    assert levels(found) == {"low": 1, "high": 2}
    assert found.outside.customers == 0


@given(st.lists(positions(), max_size=30))
def test_every_breakdown_adds_up_to_the_whole(drawn: list[Position]) -> None:
    found = summarize(drawn, loss_given_default=0.6)
    for parts in (
        [mass for _, mass in found.grades],
        [mass for _, mass in found.coverage],
        [*(one.mass for one in found.cells), found.outside],
    ):
        assert sum(part.customers for part in parts) == found.total.customers
        assert sum(part.exposure_minor for part in parts) == found.total.exposure_minor
        assert sum(part.unknown for part in parts) == found.total.unknown


@given(st.lists(positions(), max_size=30))
def test_concentration_lies_between_its_bounds(drawn: list[Position]) -> None:
    found = summarize(drawn, loss_given_default=0.6).concentration
    if found is None:
        return
    shares = [share for _, share in found.largest]
    assert shares == sorted(shares)
    assert all(0 < share <= 1 for share in shares)
    owing = sum(bool(p.exposure_minor) for p in drawn)
    assert HHI_SCALE / owing <= found.hhi * (1 + 1e-9)
    assert found.hhi <= HHI_SCALE * (1 + 1e-9)
