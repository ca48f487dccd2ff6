from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from node.risk.policy.watching import AlertRule, Watching, WatchPolicy, complaints

WATCHING = TypeAdapter(Watching)
ALERT: dict[str, Any] = {"id": "late", "signal": "own.past_due_share", "severity": "high", "at_least": 0.2}


def read(content: dict[str, Any]) -> Watching:
    return WATCHING.validate_python(content, strict=False)


def test_a_policy_without_a_word_on_monitoring_watches_nobody_by_rule() -> None:
    assert read({}) == Watching(watch=WatchPolicy(), alerts=())
    assert WatchPolicy().inquiries_most == 1_024


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"at_most": 0.1}, "one of at_least, at_most, rises_by, falls_by, unknown"),
        ({"at_least": None}, "one of at_least"),
        ({"until": 0.3}, "until is above at_least"),
        ({"at_least": None, "at_most": 5, "until": 4}, "until is below at_most"),
        ({"at_least": None, "rises_by": 5, "closes": 2}, "go with at_least or at_most"),
        ({"at_least": None, "unknown": True, "until": 2}, "go with at_least or at_most"),
        ({"at_least": None, "rises_by": 0}, "greater than 0"),
        ({"closes": 13}, "less than or equal to 12"),
        ({"plan": "insolvency"}, "only a critical alert"),
        ({"signal": "own.nothing"}, "Input should be"),
        ({"severity": "grave"}, "Input should be"),
        ({"id": "Late payer"}, "match pattern"),
        ({"atleast": 3}, "Unexpected keyword"),
    ],
)
def test_an_alert_rule_that_cannot_be(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        read({"alerts": [ALERT | change]})


@pytest.mark.parametrize("bounds", [{}, {"at_least": 1, "at_most": 2}])
def test_a_watch_rule_has_one_bound(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="at_least or at_most"):
        read({"watch": {"rules": [{"id": "a", "signal": "own.open_minor", **bounds}]}})


def test_a_watch_rule_never_holds_on_what_is_unknown() -> None:
    rule = read({"watch": {"rules": [{"id": "a", "signal": "own.open_minor", "at_most": 5}]}}).watch.rules[0]
    assert [rule.holds(value) for value in (None, 5, 6, 0)] == [False, True, False, True]


def test_what_contradicts_something_else_is_found_at_its_place() -> None:
    critical = ALERT | {"severity": "critical", "plan": "fire"}
    rules = [{"id": "a", "signal": "own.open_minor", "at_least": 1}] * 2
    policy = read({"watch": {"rules": rules}, "alerts": [ALERT, critical]})
    assert sorted(complaints(policy, plans=["flood"]), key=str) == [
        (("alerts", 0, "id"), "id: late is given more than once"),
        (("alerts", 1, "id"), "id: late is given more than once"),
        (("alerts", 1, "plan"), "plan: no template of [[plans]] has the id fire"),
        (("watch", "rules", 0, "id"), "id: a is given more than once"),
        (("watch", "rules", 1, "id"), "id: a is given more than once"),
    ]
    assert list(complaints(read({"alerts": [critical]}), plans=["fire"])) == []


def test_a_rule_is_over_on_the_far_side_of_until() -> None:
    rule = AlertRule(id="a", signal="own.past_due_share", severity="low", at_least=0.2, until=0.1)
    assert [rule.is_over(value) for value in (0.2, 0.15, 0.1, 0.05)] == [False, False, False, True]
