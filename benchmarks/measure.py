"""What a measure is, and how it is printed (interfaces.md, make bench)."""

import json
from collections.abc import Sequence
from typing import Any, Final

Measure = dict[str, Any]
"""{"name", "value", "unit", "goal", "met", "detail"}."""

FIELDS: Final = ("name", "value", "unit", "goal", "met", "detail")


def at_most(name: str, value: float, *, goal: float, unit: str, **detail: object) -> Measure:
    """Return a measure that is met at or below its goal."""
    return _measure(name, value, f"<= {goal:g}", unit, detail, met=value <= goal)


def at_least(name: str, value: float, *, goal: float, unit: str, **detail: object) -> Measure:
    """Return a measure that is met at or above its goal."""
    return _measure(name, value, f">= {goal:g}", unit, detail, met=value >= goal)


def _measure(
    name: str, value: float, goal: str, unit: str, detail: dict[str, object], *, met: bool
) -> Measure:
    value = round(value, 2)
    return {"name": name, "value": value, "unit": unit, "goal": goal, "met": met, "detail": detail}


def percentile(figures: Sequence[float], part: float) -> float:
    """Return the figure that `part` of all are at or below: of 200 figures, 0.99 gives the third highest."""
    ordered = sorted(figures)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def print_measure(measure: Measure) -> str:
    """Return a measure's line."""
    return json.dumps(measure, ensure_ascii=False)
