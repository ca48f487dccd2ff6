"""What a policy says of monitoring: who is watched by rule or balance, and when an alert is raised.

`AlertRule` and `WatchRule` hold what is right by itself; `complaints` finds what contradicts something else
in the policy. The policy's file is read in `node.risk.policy`, which puts a line to each complaint.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field

from node.risk.signals.names import SignalName

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""From the least to the gravest."""
Judged: TypeAlias = Literal["assessment.grade", "assessment.score"]
"""What the scorecard makes of the signals; the grade as a number from 1 for A to 5 for E."""
Watched: TypeAlias = SignalName | Judged
RuleId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]

INQUIRIES_MOST: Final = 1_024
"""What one statement logs."""
_CLOSES_MOST: Final = 12
_RULES_MOST: Final = 200
_WAYS: Final = ("at_least", "at_most", "rises_by", "falls_by", "unknown")

_Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRule:
    """Puts a subject on the watch list for as long as one of its figures is on one side of a bound."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: RuleId
    signal: Watched
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a watch rule has at_least or at_most, and not both")

    def holds(self, value: float | None) -> bool:
        """Return whether the rule puts a subject on the list; an unknown figure never does."""
        return value is not None and is_beyond(value, at_least=self.at_least, at_most=self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """Who is watched beside those that people named, and what a month's fresh answers may cost."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    open_minor_least: Annotated[int, Field(ge=1)] | None = None
    """Watched by open balance: from this amount in the reporting currency's minor unit."""
    inquiries_most: Annotated[int, Field(ge=0, le=INQUIRIES_MOST)] = INQUIRIES_MOST
    """How many watched subjects are inquired anew at a close of a month; the rest keep their answers."""
    bulletin_inquiries_most: Annotated[int, Field(ge=0, le=INQUIRIES_MOST)] = 100
    """The same at the end of a bulletin's period: warnings are in answers alone. Mind the month's budget."""
    rules: Annotated[tuple[WatchRule, ...], Field(max_length=_RULES_MOST)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Raises an alert on a watched subject when a figure passes a bound, moves, or is no longer known."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: RuleId
    signal: Watched
    severity: Severity
    at_least: float | None = None
    at_most: float | None = None
    rises_by: Annotated[float, Field(gt=0)] | None = None
    """Above what it was at the last close of a month."""
    falls_by: Annotated[float, Field(gt=0)] | None = None
    unknown: bool = False
    """It was known, and is not any more."""
    until: float | None = None
    """The alert's condition is over on this side of the bound only; at the bound itself without it."""
    closes: Annotated[int, Field(ge=1, le=_CLOSES_MOST)] = 1
    """At so many closes of a month in a row it has to hold; with 1 it is looked at whenever something
    happens."""
    plan: RuleId | None = None
    """The template of the emergency plan that it opens."""

    def __post_init__(self) -> None:
        ways = [way for way in _WAYS if getattr(self, way) not in (None, False)]
        if len(ways) != 1:
            raise ValueError(f"an alert rule has one of {', '.join(_WAYS)}")
        if self.has_bound:
            self._check_until()
        elif self.until is not None or self.closes > 1:
            raise ValueError("until and closes go with at_least or at_most")
        if self.plan is not None and self.severity != "critical":
            raise ValueError("only a critical alert opens an emergency plan")

    @property
    def has_bound(self) -> bool:
        """Whether the rule is about a bound, and not about a change."""
        return self.at_least is not None or self.at_most is not None

    def holds(self, value: float) -> bool:
        """Return whether a value is beyond the bound."""
        return is_beyond(value, at_least=self.at_least, at_most=self.at_most)

    def is_over(self, value: float) -> bool:
        """Return whether a condition that held has ended."""
        if self.until is None:
            return not self.holds(value)
        return value < self.until if self.at_least is not None else value > self.until

    def _check_until(self) -> None:
        if self.until is None:
            return
        if self.at_least is not None and self.until > self.at_least:
            raise ValueError("until is above at_least: the alert would be over before it begins")
        if self.at_most is not None and self.until < self.at_most:
            raise ValueError("until is below at_most: the alert would be over before it begins")


AlertRules: TypeAlias = Annotated[tuple[AlertRule, ...], Field(max_length=_RULES_MOST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """All that a policy says of monitoring."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    watch: WatchPolicy = field(default_factory=WatchPolicy)
    alerts: AlertRules = ()


def is_beyond(value: float, *, at_least: float | None, at_most: float | None) -> bool:
    """Return whether a value is at or beyond its one bound."""
    if at_least is not None:
        return value >= at_least
    return at_most is not None and value <= at_most


def complaints(watching: Watching, plans: Collection[str]) -> Iterable[tuple[_Place, str]]:
    """Yield places in the policy and what is wrong there: ids given twice, plans that no template has."""
    yield from _doubled(("watch", "rules"), [rule.id for rule in watching.watch.rules])
    yield from _doubled(("alerts",), [rule.id for rule in watching.alerts])
    for number, rule in enumerate(watching.alerts):
        if rule.plan is not None and rule.plan not in plans:
            yield ("alerts", number, "plan"), f"plan: no template of [[plans]] has the id {rule.plan}"


def _doubled(place: _Place, ids: Sequence[str]) -> Iterable[tuple[_Place, str]]:
    counts = Counter(ids)
    for number, one in enumerate(ids):
        if counts[one] > 1:
            yield (*place, number, "id"), f"id: {one} is given more than once"
