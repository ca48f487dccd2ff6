"""Areas under the curve by counting pairs, and what intervals promise."""

import math
from functools import partial

import numpy as np
import pytest

from node.risk.model.ranking import Floats, Outcomes, area, intervals


def outcomes(*each: tuple[int, int, int]) -> Outcomes:
    """Take (invoices, late ones, customer) of each pair."""
    count, late, customer = np.array(each).T
    return Outcomes(count=count.astype(float), late=late.astype(float), customer=customer)


FOUR = outcomes((3, 1, 0), (2, 0, 1), (4, 2, 2), (1, 1, 3))


def by_counting(scores: list[float], of: Outcomes) -> float:
    late = [score for score, n in zip(scores, of.late, strict=True) for _ in range(int(n))]
    rest = of.count - of.late
    others = [score for score, n in zip(scores, rest, strict=True) for _ in range(int(n))]
    wins = sum((a > b) + (a == b) / 2 for a in late for b in others)
    return wins / (len(late) * len(others))


@pytest.mark.parametrize("scores", [[1, 2, 3, 4], [4, 3, 2, 1], [1, 1, 1, 1], [0.5, 0.1, 0.5, 0.2]])
def test_an_area_is_the_share_of_pairs_ranked_rightly(scores: list[float]) -> None:
    assert area(np.array(scores), FOUR) == pytest.approx(by_counting(scores, FOUR))


def test_a_pair_that_is_drawn_twice_counts_twice() -> None:
    scores = [0.5, 0.1, 0.4, 0.2]
    doubled = outcomes((3, 1, 0), (3, 1, 0), (2, 0, 1), (1, 1, 3))
    weighted = area(np.array(scores), FOUR, np.array([2.0, 1, 0, 1]))
    assert weighted == pytest.approx(by_counting([0.5, 0.5, 0.1, 0.2], doubled))


def test_where_nothing_is_late_there_is_no_area() -> None:
    assert math.isnan(area(np.array([1.0]), outcomes((2, 0, 0))))


def areas(scores: dict[str, Floats], of: Outcomes, weight: Floats) -> dict[str, float]:
    return {name: area(values, of, weight) for name, values in scores.items()}


def test_intervals_hold_the_area_and_are_the_same_again() -> None:
    random = np.random.default_rng(1)
    many = outcomes(*[(4, int(random.integers(0, 4)), place) for place in range(200)])
    scores = {"good": many.late + random.normal(size=200), "none": random.normal(size=200)}
    found = intervals(many.customer, partial(areas, scores, many), seed=7)
    assert found == intervals(many.customer, partial(areas, scores, many), seed=7)
    for name, values in scores.items():
        low, high = found[name]
        assert low < area(values, many) < high
    assert found["none"][1] < found["good"][0]


def test_an_interval_takes_a_customer_s_units_together() -> None:
    """Twenty copies of each customer's unit are no more customers: the interval stays as wide."""
    random = np.random.default_rng(2)
    alone = outcomes(*[(2, int(random.integers(0, 3)), place) for place in range(40)])
    scores = random.normal(size=40)
    twenty = {name: np.tile(getattr(alone, name), 20) for name in ("count", "late", "customer")}
    copies = Outcomes(**twenty)
    one = intervals(alone.customer, partial(areas, {"a": scores}, alone), seed=3)["a"]
    many = intervals(copies.customer, partial(areas, {"a": np.tile(scores, 20)}, copies), seed=3)["a"]
    assert many == pytest.approx(one)
