"""Scores of any card: points add up, and what is worse is never graded better."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.risk.grades import UNKNOWN, Grade
from node.risk.policy.conditions import Case, Predicate, Value
from node.risk.policy.reading import default_policy
from node.risk.policy.scorecard import Band, Cap, Factor, Grades, Scorecard
from node.risk.score import Score, apportion, score_of

SIGNALS = ("own.delay_mean_days", "network.trend", "local.altman", "own.utilisation", "local.industry")
VALUES = st.one_of(st.none(), st.floats(-200, 200))


@st.composite
def bands(draw: st.DrawFn, worse: str) -> tuple[Band, ...]:
    """Draw bands that keep to which way is worse."""
    bounds = sorted(draw(st.lists(st.integers(-90, 90), min_size=1, max_size=5, unique=True)))
    points = sorted(
        draw(st.lists(st.integers(0, 100), min_size=len(bounds) + 1, max_size=len(bounds) + 1)),
        reverse=worse == "higher",
    )
    ends: list[float | None] = [*map(float, bounds), None]
    return tuple(Band(up_to=end, points=worth) for end, worth in zip(ends, points, strict=True))


@st.composite
def cards(draw: st.DrawFn) -> Scorecard:
    """Draw a card whose factors are all monotone."""
    count = draw(st.integers(1, len(SIGNALS)))
    weights = apportion(100 - count, draw(_weights(count)), [100] * count)
    factors = []
    for signal, weight in zip(SIGNALS, weights, strict=False):
        worse = draw(st.sampled_from(["higher", "lower"]))
        unknown = draw(st.one_of(st.sampled_from(["leave_out", "not_enough"]), st.integers(0, 100)))
        made: Any = {"signal": signal, "weight": weight + 1, "worse": worse, "unknown": unknown}
        factors.append(Factor(**made, bands=draw(bands(worse))))
    grades = sorted(draw(st.lists(st.integers(0, 100), min_size=4, max_size=4, unique=True)))
    return Scorecard(
        known_weight_least=draw(st.integers(1, 100)),
        neutral=draw(st.integers(0, 100)),
        grades=Grades(D=grades[0], C=grades[1], B=grades[2], A=grades[3]),
        factors=tuple(factors),
    )


def _weights(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, 50), min_size=count, max_size=count)


CASES = st.fixed_dictionaries(dict.fromkeys(SIGNALS, VALUES))
CAPS = st.lists(
    st.builds(
        Cap,
        name=st.just("cap"),
        when=st.tuples(st.builds(Predicate, st.just("fact.insolvency"), st.just(">="), st.floats(-1, 2))),
        grade=st.sampled_from(["B", "C", "D", "E"]),
        without_grade=st.booleans(),
    ),
    max_size=3,
).map(tuple)


def _is_worse(one: Grade, other: Grade) -> bool:
    """Say whether a grade is worse than another; U is not comparable."""
    return UNKNOWN not in (one, other) and one > other


def checked(found: Score) -> Score:
    """Hold what every score keeps to."""
    assert (found.score is None) == (not any(reason.kind == "factor" for reason in found.reasons))
    if found.score is not None:
        assert sum(reason.points for reason in found.reasons) == found.score
        assert sum(reason.most for reason in found.reasons) == 100
        assert 0 <= found.score <= 100
        assert all(0 <= one.points <= one.most for one in found.reasons if one.kind == "factor")
        assert found.grade != "U"
    return found


@given(cards(), CAPS, CASES, st.one_of(st.none(), st.floats(-1, 2)))
def test_points_add_up_to_the_score(
    card: Scorecard, caps: tuple[Cap, ...], case: dict[str, Value], insolvency: float | None
) -> None:
    found = checked(score_of(card, caps, {}, {**case, "fact.insolvency": insolvency}))
    assert sum(reason.points for reason in found.reasons) == (found.score or 0)


@given(cards(), CAPS, CASES, st.sampled_from(SIGNALS), st.floats(0, 400))
def test_what_is_worse_is_never_graded_better(
    card: Scorecard, caps: tuple[Cap, ...], case: dict[str, Value], signal: str, by: float
) -> None:
    worse_of = {factor.signal: factor.worse for factor in card.factors}
    value = case[signal]
    if signal not in worse_of or not isinstance(value, float):
        return
    worsened: Case = {**case, signal: value + (by if worse_of[signal] == "higher" else -by)}
    before, after = score_of(card, caps, {}, case), score_of(card, caps, {}, worsened)
    assert not _is_worse(before.grade, after.grade)
    assert (before.score is None) == (after.score is None)
    assert before.score is None or after.score is None or after.score <= before.score


@given(cards(), CAPS, CASES, st.floats(0, 2), st.floats(0, 2))
def test_a_fact_that_caps_never_lifts(
    card: Scorecard, caps: tuple[Cap, ...], case: dict[str, Value], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    before = score_of(card, caps, {}, {**case, "fact.insolvency": low})
    after = score_of(card, caps, {}, {**case, "fact.insolvency": high})
    assert not _is_worse(before.grade, after.grade)


DEFAULT = default_policy()
MONOTONE = [factor for factor in DEFAULT.scorecard.factors if factor.worse != "neither"]
WHOLE_CASES = st.fixed_dictionaries(
    {
        **{factor.signal: VALUES for factor in DEFAULT.scorecard.factors},
        "fact.insolvency": st.sampled_from([None, 0.0, 1.0]),
        "own.lost_minor": st.sampled_from([None, 0.0, 500.0]),
        "own.past_due_91_share": st.one_of(st.none(), st.floats(0, 1)),
    }
)


@given(WHOLE_CASES, st.sampled_from(MONOTONE), st.floats(0, 400))
def test_the_default_policy_grades_nothing_better_for_being_worse(
    case: dict[str, Value], factor: Factor, by: float
) -> None:
    value = case[factor.signal]
    if not isinstance(value, float):
        return
    worsened = {**case, factor.signal: value + (by if factor.worse == "higher" else -by)}
    card, caps, conditions = DEFAULT.scorecard, DEFAULT.caps, DEFAULT.conditions
    before = checked(score_of(card, caps, conditions, case))
    after = checked(score_of(card, caps, conditions, worsened))
    assert not _is_worse(before.grade, after.grade)


def test_the_property_finds_a_card_that_is_not_monotone() -> None:
    factor = replace(MONOTONE[0], bands=(Band(up_to=0, points=0), Band(points=100)))
    card = replace(DEFAULT.scorecard, known_weight_least=1, factors=(factor,))
    before = score_of(card, (), {}, {factor.signal: -1.0})
    after = score_of(card, (), {}, {factor.signal: 1.0})
    assert _is_worse(before.grade, after.grade)
