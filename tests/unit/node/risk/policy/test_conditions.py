from typing import Any

import pytest

from node.risk.policy.conditions import Condition, Named, Predicate, hold, parse_clause, predicates_in


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("x >= 1", 1.0, True),
        ("x > 1", 1.0, False),
        ("x <= 1", 1.0, True),
        ("x < 1", 1.0, False),
        ("x > -0.5", 0, True),
        ("x < 1", None, False),
        ("x >= 1", None, False),
        ("x known", 0.0, True),
        ("x known", None, False),
        ("x unknown", None, True),
        ("x unknown", 0.0, False),
        ("x in a b", "b", True),
        ("x in a, b", "c", False),
        ("x in a", None, False),
    ],
)
def test_a_test_of_one_value(text: str, value: Any, holds: bool) -> None:  # noqa: FBT001 - what is expected
    clause = parse_clause(text)
    assert isinstance(clause, Predicate)
    assert clause.holds({"x": value}) is holds
    assert hold([clause], {} if value is None else {"x": value}, {}) is holds


@pytest.mark.parametrize(
    "text", ["", "x >", "x > y", "x = 1", "x in", "x in a a", "x known 1", "X > 1", "> 1", "x > 1 2", None, 5]
)
def test_what_is_no_test(text: Any) -> None:
    with pytest.raises(ValueError, match=r"test|number|choices|follows"):
        parse_clause(text)


def test_conditions_by_name() -> None:
    conditions = {
        "late": Condition(any=(Predicate("x", ">", 1.0), Predicate("y", ">", 1.0))),
        "late-and-large": Condition(all=(Named("late"), Predicate("z", ">=", 5.0))),
    }
    clause = parse_clause("late-and-large")
    assert clause == Named("late-and-large")
    assert hold([clause], {"y": 2.0, "z": 5.0}, conditions)
    assert not hold([clause], {"y": 2.0, "z": 4.0}, conditions)
    assert not hold([clause], {"x": 1.0, "z": 5.0}, conditions)
    assert [test.about for test in predicates_in([clause], conditions)] == ["x", "y", "z"]
