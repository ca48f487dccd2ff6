"""Properties of alert conditions: a second look at the same thing turns nothing, whatever came before."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hanse_ledger.ids import Month
from node.risk.monitoring.conditions import Standing, judge
from node.risk.policy.watching import AlertRule

FIGURES = st.none() | st.integers(min_value=-20, max_value=20).map(float)
CLOSES = st.none() | st.integers(min_value=24_000, max_value=24_020).map(Month)
LOOKS = st.lists(st.tuples(FIGURES, CLOSES), max_size=30)


@st.composite
def rules(draw: st.DrawFn) -> AlertRule:
    way = draw(st.sampled_from(["at_least", "at_most", "rises_by", "falls_by", "unknown"]))
    size = draw(st.integers(min_value=1, max_value=10).map(float))
    content: dict[str, Any] = {way: True if way == "unknown" else size}
    if way in ("at_least", "at_most"):
        distance = draw(st.none() | st.integers(min_value=0, max_value=5).map(float))
        if distance is not None:
            content["until"] = size - distance if way == "at_least" else size + distance
        content["closes"] = draw(st.integers(min_value=1, max_value=4))
    return AlertRule(id="r", signal="own.past_due_share", severity="low", **content)


@given(rules(), LOOKS)
def test_the_same_look_again_turns_nothing(rule: AlertRule, looks: list[tuple[float | None, Month]]) -> None:
    standing = Standing()
    for figure, close in looks:
        once = judge(rule, standing, figure, close)
        again = judge(rule, once.standing, figure, close)
        assert again.turn is None
        assert again.standing == once.standing
        standing = once.standing


@given(rules(), LOOKS)
def test_a_whole_history_of_closes_again_raises_nothing(
    rule: AlertRule, looks: list[tuple[float | None, Month]]
) -> None:
    """Closes that were worked off before, met again with the figures of now."""
    standing = Standing()
    for figure, close in looks:
        standing = judge(rule, standing, figure, close).standing
    known = [figure for figure, _ in looks if figure is not None]
    last = known[-1] if known and looks[-1][0] is not None else None
    newest = standing.close
    for _, close in looks:
        seen = close if close is None or newest is None else min(close, newest)
        judged = judge(rule, standing, last, seen)
        assert judged.turn != "raised"
        standing = judged.standing


@given(rules(), LOOKS)
def test_raised_and_over_take_turns(rule: AlertRule, looks: list[tuple[float | None, Month]]) -> None:
    standing, last = Standing(), "over"
    for figure, close in looks:
        judged = judge(rule, standing, figure, close)
        standing = judged.standing
        if judged.turn is not None and (rule.has_bound or rule.unknown):
            assert judged.turn != last
            last = judged.turn
