"""Whether an alert rule's condition holds, has held for long enough, or is over: pure, one figure at a time.

A figure that is not known neither raises a condition nor ends it, unless the rule is about just that. What a
condition remembers is its `Standing`. Looking again at the same figures turns nothing, and a close of a month
counts once: so an event may be worked off twice, and events in another order than they came.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hanse_ledger.ids import Month
from node.risk.policy.watching import AlertRule

Turn: TypeAlias = Literal["raised", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is remembered of one rule and one subject.

    `held` counts the closes in a row at which the bound was passed; for a rule on changes it says whether the
    move since the last close was told. `value` is the last known one; for a rule on changes, that of the last
    close. `close` is the last month whose close was counted.
    """

    held: int = 0
    raised: bool = False
    value: float | None = None
    close: Month | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What a look makes of a condition; `before` is what the figure was."""

    standing: Standing
    turn: Turn | None = None
    before: float | None = None


def judge(rule: AlertRule, standing: Standing, value: float | None, close: Month | None = None) -> Judgment:
    """Return what a look makes of a condition, given the figure now, None for unknown.

    `close` is the month whose close is the occasion, None for any other.
    """
    is_new = close is not None and (standing.close is None or close > standing.close)
    seen = replace(standing, close=close) if is_new else standing
    if rule.unknown:
        after = _unknown(seen, value)
    elif value is None:
        after = seen
    elif rule.has_bound:
        after = _bound(rule, seen, value, at_close=is_new)
    else:
        return _change(rule, seen, value, at_close=is_new)
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
    turn: Turn | None = "raised" if has_moved and not is_told else None
    return Judgment(standing=after, turn=turn, before=standing.value)


def _has_moved(rule: AlertRule, before: float, after: float) -> bool:
    if rule.rises_by is not None:
        return after - before >= rule.rises_by
    return rule.falls_by is not None and before - after >= rule.falls_by
