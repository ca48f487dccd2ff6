"""Scores worked out by hand on a small card."""

from typing import Any

import pytest

from node.risk.policy.conditions import Named, Predicate
from node.risk.policy.scorecard import Band, Cap, Factor, Grades, Scorecard
from node.risk.score import Score, apportion, score_of

DELAY = Factor(
    signal="own.delay_mean_days",
    weight=50,
    worse="higher",
    unknown="leave_out",
    bands=(Band(up_to=5, points=100), Band(up_to=30, points=50), Band(points=0)),
)
TREND = Factor(
    signal="network.trend",
    weight=30,
    worse="higher",
    unknown=40,
    bands=(Band(up_to=0, points=90), Band(points=10)),
)
ALTMAN = Factor(
    signal="local.altman",
    weight=20,
    worse="lower",
    unknown="leave_out",
    bands=(Band(up_to=0, points=0), Band(points=75)),
)
CARD = Scorecard(
    known_weight_least=40,
    neutral=60,
    grades=Grades(A=85, B=70, C=55, D=35),
    factors=(DELAY, TREND, ALTMAN),
)
INSOLVENT = Cap(
    name="insolvency", when=(Predicate("fact.insolvency", ">=", 1),), grade="E", without_grade=True
)
WARNED = Cap(name="warned", when=(Predicate("network.warning_level", ">=", 2),), grade="C")


def score(*caps: Cap, card: Scorecard = CARD, **case: Any) -> Score:
    """Return the score of a case; `own_x` stands for `own.x`."""
    return score_of(card, caps, {}, {name.replace("_", ".", 1): value for name, value in case.items()})


def points(found: Score) -> dict[str, tuple[int, int, str]]:
    return {reason.code: (reason.points, reason.most, reason.direction) for reason in found.reasons}


def test_all_known() -> None:
    found = score(own_delay_mean_days=5, network_trend=1, local_altman=1)
    # (50 * 100 + 30 * 10 + 20 * 75) / 100 = 68; the exact shares are 50, 3 and 15.
    assert (found.score, found.grade, found.known_weight, found.left_out) == (68, "C", 100, ())
    assert points(found) == {
        "own.delay_mean_days:for": (50, 50, "for"),
        "network.trend:against": (3, 30, "against"),
        "local.altman:for": (15, 20, "for"),
    }


def test_what_is_left_out_counts_for_nothing_and_the_others_for_all() -> None:
    found = score(own_delay_mean_days=30, network_trend=0)
    # (50 * 50 + 30 * 90) / 80 = 65; shares 31.25 and 33.75, of 62.5 and 37.5.
    assert (found.score, found.grade, found.known_weight) == (65, "C", 80)
    assert found.left_out == ("local.altman",)
    assert points(found) == {
        "own.delay_mean_days:against": (31, 63, "against"),
        "network.trend:for": (34, 37, "for"),
    }


def test_the_policys_points_for_an_unknown_signal_are_marked_as_such() -> None:
    found = score(own_delay_mean_days=31, local_altman=-1)
    assert (found.score, found.grade) == (12, "E")
    assert [(one.about, one.is_unknown) for one in found.reasons] == [
        ("own.delay_mean_days", False),
        ("network.trend", True),
        ("local.altman", False),
    ]
    assert found.left_out == ("network.trend",)


def test_unknown_is_not_zero() -> None:
    assert score(own_delay_mean_days=0, network_trend=0).score == 96
    assert score(own_delay_mean_days=0, network_trend=0, local_altman=0).score == 77


def test_too_little_known_gives_no_grade() -> None:
    found = score(network_trend=0)
    assert (found.score, found.grade, found.reasons, found.known_weight) == (None, "U", (), 30)


def test_a_factor_may_be_needed() -> None:
    needed = Factor(
        signal="own.delay_mean_days", weight=50, worse="higher", unknown="not_enough", bands=DELAY.bands
    )
    card = Scorecard(known_weight_least=1, neutral=60, grades=CARD.grades, factors=(needed, TREND, ALTMAN))
    assert score(card=card, network_trend=0, local_altman=9).grade == "U"
    assert score(card=card, own_delay_mean_days=0).score == 77  # (50 * 100 + 30 * 40) / 80


def test_a_cap_takes_points_and_says_so() -> None:
    found = score(WARNED, own_delay_mean_days=0, network_trend=0, local_altman=5, network_warning_level=2)
    assert (found.score, found.grade) == (69, "C")
    assert points(found)["cap:warned"] == (-23, 0, "against")
    assert sum(reason.points for reason in found.reasons) == 69


def test_of_caps_the_lowest_decides_and_each_that_fits_is_named() -> None:
    case: dict[str, Any] = {
        "own_delay_mean_days": 0,
        "network_trend": 0,
        "network_warning_level": 2,
        "fact_insolvency": 1,
    }
    found = score(WARNED, INSOLVENT, **case)
    assert (found.score, found.grade) == (34, "E")
    assert points(found)["cap:insolvency"][0] == -62
    assert points(found)["cap:warned"][0] == 0


def test_a_cap_above_the_score_takes_nothing() -> None:
    found = score(WARNED, own_delay_mean_days=31, network_trend=1, network_warning_level=2)
    assert (found.score, found.grade) == (3, "E")
    assert points(found)["cap:warned"][0] == 0


def test_without_a_score_only_some_caps_give_a_grade() -> None:
    found = score(WARNED, INSOLVENT, network_warning_level=2, fact_insolvency=1)
    assert (found.score, found.grade) == (None, "E")
    assert [reason.code for reason in found.reasons] == ["cap:insolvency"]
    assert score(WARNED, network_warning_level=2).grade == "U"


def test_a_cap_by_the_name_of_a_condition() -> None:
    cap = Cap(name="named", when=(Named("none"),), grade="E")
    with pytest.raises(KeyError):  # a sound policy has no such cap
        score(cap, own_delay_mean_days=0, network_trend=0)


@pytest.mark.parametrize(
    ("whole", "weights", "most", "parts"),
    [
        (10, [1, 1, 1], [10, 10, 10], [4, 3, 3]),
        (0, [1, 2], [1, 1], [0, 0]),
        (100, [50, 30, 20], [100] * 3, [50, 30, 20]),
        (99, [1, 1], [49, 50], [49, 50]),
        (5, [2, 2, 1], [2, 2, 1], [2, 2, 1]),
        (3, [9, 1, 1], [2, 1, 1], [2, 1, 0]),
    ],
)
def test_a_whole_is_divided_to_the_last_point(
    whole: int, weights: list[int], most: list[int], parts: list[int]
) -> None:
    assert apportion(whole, weights, most) == parts
