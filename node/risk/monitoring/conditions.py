"""Whether an alert rule's condition holds, has held for long enough, or is over: pure, one figure at a time.

A figure that is not known neither raises a condition nor ends it, unless the rule is about just that. What
a condition remembers is a `Standing`; the same event twice changes nothing the second time.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from node.risk.policy.watching import AlertRule

Turn: TypeAlias = Literal["raised", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is remembered of one rule and one subject.

    `held` counts the closes in a row at which the bound was passed; for a rule on changes it says whether the
    move since the last close was told. `value` is the last known one; for a rule on changes, that of the last
    close. `event` is the number of the last event that was looked at.
    """

    held: int = 0
    raised: bool = False
    value: float | None = None
    event: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What an event makes of a condition; `before` is what the figure was."""

    standing: Standing
    turn: Turn | None = None
    before: float | None = None


def judge(
    rule: AlertRule, standing: Standing, value: float | None, *, event: int, at_close: bool
) -> Judgment:
    """Return what an event makes of a condition, given the figure now, None for unknown."""
    if event <= standing.event:
        return Judgment(standing=standing, before=standing.value)
    seen = replace(standing, event=event)
    if rule.unknown:
        after = _unknown(seen, value)
    elif value is None:
        after = seen
    elif rule.has_bound:
        after = _bound(rule, seen, value, at_close=at_close)
    else:
        return _change(rule, seen, value, at_close=at_close)
    return Judgment(standing=after, turn=_turn(standing, after), before=standing.value)


def _turn(before: Standing, after: Standing) -> Turn | None:
    if before.raised == after.raised:
        return None
    return "raised" if after.raised else "over"


def _unknown(standing: Standing, value: float | None) -> Standing:
    if value is not None:
        return replace(standing, raised=False, value=value)
    return replace(standing, raised=standing.raised or standing.value is not None)


def _bound(rule: AlertRule, standing: Standing, value: float, *, at_close: bool) -> Standing:
    if standing.raised:
        is_over = rule.is_over(value)
        return replace(standing, raised=not is_over, held=0 if is_over else standing.held, value=value)
    if rule.closes == 1:
        return replace(standing, raised=rule.holds(value), value=value)
    if not at_close:
        return replace(standing, value=value)
    held = standing.held + 1 if rule.holds(value) else 0
    return replace(standing, held=held, raised=held >= rule.closes, value=value)


def _change(rule: AlertRule, standing: Standing, value: float, *, at_close: bool) -> Judgment:
    """Tell a move since the last close once: the next close begins anew, from its own value."""
    base = value if standing.value is None else standing.value
    is_told, has_moved = standing.held > 0, _has_moved(rule, base, value)
    if at_close:
        after = replace(standing, held=0, value=value)
    else:
        after = replace(standing, held=int(is_told or has_moved), value=base)
    return Judgment(
        standing=after, turn="raised" if has_moved and not is_told else None, before=standing.value
    )


def _has_moved(rule: AlertRule, before: float, after: float) -> bool:
    if rule.rises_by is not None:
        return after - before >= rule.rises_by
    return rule.falls_by is not None and before - after >= rule.falls_by
