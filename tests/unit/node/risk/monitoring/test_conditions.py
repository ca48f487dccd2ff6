"""Conditions by hand, and their properties over any figures: `tests/property/test_alert_conditions.py`."""

from collections.abc import Iterable

from hanse_ledger.ids import Month
from node.risk.monitoring.conditions import Standing, Turn, judge
from node.risk.policy.watching import AlertRule

FIRST = Month(2026 * 12)
"""The month whose close is the first look of `turns`."""


def rule(**condition: object) -> AlertRule:
    content = {"id": "r", "signal": "network.past_due_share", "severity": "high", **condition}
    return AlertRule(**content)  # type: ignore[arg-type]


def turns(of: AlertRule, figures: Iterable[float | None]) -> list[Turn | None]:
    """Look once at each figure, at the closes of one month after the other."""
    standing, found = Standing(), []
    for number, figure in enumerate(figures):
        judged = judge(of, standing, figure, Month(FIRST + number))
        found.append(judged.turn)
        standing = judged.standing
    return found


def test_a_bound_is_passed_once_and_left_below_the_lower_one() -> None:
    of = rule(at_least=0.2, until=0.1)
    assert turns(of, [0.1, 0.2, 0.3, 0.15, 0.1, 0.09, 0.25]) == [
        None, "raised", None, None, None, "over", "raised",
    ]  # fmt: skip


def test_without_a_lower_bound_a_condition_is_over_on_the_other_side() -> None:
    assert turns(rule(at_least=0.2), [0.2, 0.19, 0.2]) == ["raised", "over", "raised"]
    assert turns(rule(at_most=40, until=50), [41, 40, 50, 51]) == [None, "raised", None, "over"]


def test_a_lasting_condition_counts_closes_in_a_row() -> None:
    of = rule(at_least=1, closes=3)
    assert turns(of, [1, 1, 0, 1, 1, 1, 1]) == [None, None, None, None, None, "raised", None]


def test_a_lasting_condition_counts_no_other_look_and_no_close_twice() -> None:
    of, standing = rule(at_least=1, closes=2), Standing()
    for close in (None, FIRST, FIRST, None, Month(FIRST - 1)):
        judged = judge(of, standing, 5.0, close)
        standing = judged.standing
        assert judged.turn is None
    assert judge(of, standing, 5.0, Month(FIRST + 1)).turn == "raised"


def test_an_unknown_figure_neither_raises_nor_ends() -> None:
    assert turns(rule(at_least=0.2), [None, 0.3, None, None, 0.1]) == [None, "raised", None, None, "over"]
    assert turns(rule(at_most=5), [None, 6, None]) == [None, None, None]
    # Nor does it break a row of closes: what is not known says nothing of whether it still holds.
    assert turns(rule(at_least=1, closes=2), [1, None, 1]) == [None, None, "raised"]


def test_what_is_no_longer_known_is_told_once() -> None:
    of = rule(unknown=True)
    assert turns(of, [None, None, 3, None, None, 4, None]) == [
        None, None, None, "raised", None, "over", "raised",
    ]  # fmt: skip


def test_a_rise_is_measured_from_the_last_close_and_told_once() -> None:
    of = rule(rises_by=10)
    assert turns(of, [0, 9, 19, 28, 40]) == [None, None, "raised", None, "raised"]
    standing = judge(of, Standing(), 0.0, FIRST).standing
    looks = [(9.0, None), (10.0, None), (25.0, None), (12.0, Month(FIRST + 1)), (21.9, None), (22.0, None)]
    found = []
    for figure, close in looks:
        judged = judge(of, standing, figure, close)
        standing = judged.standing
        found.append((judged.turn, judged.before))
    assert found == [
        (None, 0.0), ("raised", 0.0), (None, 0.0), (None, 0.0), (None, 12.0), ("raised", 12.0),
    ]  # fmt: skip


def test_a_fall_is_a_rise_the_other_way() -> None:
    assert turns(rule(falls_by=1), [3, 2.5, 1.5, 1.5, 0]) == [None, None, "raised", None, "raised"]
