"""Why an alert was raised, in words: made from what the rule said and what the figures were."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from node.risk.grades import GRADES
from node.risk.policy.watching import AlertRule, Watched
from node.risk.signals.catalogue import KINDS
from node.texts import Language, formats, in_both, mark, tr

Way: TypeAlias = Literal["at_least", "at_most", "rises_by", "falls_by", "unknown", "late"]

GRADE: Final = "assessment.grade"
SCORE: Final = "assessment.score"
_TITLES: Final[Mapping[str, str]] = {
    GRADE: mark("Grade"),
    SCORE: mark("Score"),
    **{name: kind.title for name, kind in KINDS.items()},
}
_SENTENCES: Final[Mapping[Way, str]] = {
    "at_least": mark("{title} is {after}; the rule allows less than {bound}."),
    "at_most": mark("{title} is {after}; the rule allows more than {bound}."),
    "rises_by": mark("{title} has risen from {before} to {after} since the last close of a month."),
    "falls_by": mark("{title} has fallen from {before} to {after} since the last close of a month."),
    "unknown": mark("{title} was {before} and is not known any more."),
}
_LASTING: Final[Mapping[Way, str]] = {
    "at_least": mark("{title} is {after}, and was {bound} or more at {closes} closes of a month in a row."),
    "at_most": mark("{title} is {after}, and was {bound} or less at {closes} closes of a month in a row."),
}
_LATE: Final = mark("Step {number} of the emergency plan was not ticked in time.")
_NONE: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What an amount of a figure is in; the currency matters to amounts alone."""

    currency: str = ""
    exponent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an alert rests on beside its figures, as it is stored with it.

    For a late step of a plan, `bound` is the step's number.
    """

    way: Way
    signal: Watched | None = None
    bound: float | None = None
    closes: int = 1
    currency: str = ""
    exponent: int = 0

    def describe(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        return asdict(self)


def ground_of(rule: AlertRule, unit: Unit) -> Ground:
    """Return what an alert by a rule rests on."""
    ways: tuple[Way, ...] = ("at_least", "at_most", "rises_by", "falls_by")
    way: Way = next((one for one in ways if getattr(rule, one) is not None), "unknown")
    return Ground(
        way=way,
        signal=rule.signal,
        bound=None if way == "unknown" else getattr(rule, way),
        closes=rule.closes,
        currency=unit.currency,
        exponent=unit.exponent,
    )


def in_words(ground: Ground, before: float | None, after: float | None) -> dict[Language, str]:
    """Return the reason as a sentence in both languages."""
    return in_both(lambda: _sentence(ground, before, after))


def title_of(figure: Watched) -> str:
    """Return what a figure is called, in the current language."""
    return tr(_TITLES[figure])


def _sentence(ground: Ground, before: float | None, after: float | None) -> str:
    if ground.signal is None:
        return tr(_LATE, number=formats.number(round(ground.bound or 0)))
    write = _writer(ground.signal, ground)
    sentences = _LASTING if ground.closes > 1 else _SENTENCES
    return tr(
        sentences[ground.way],
        title=title_of(ground.signal),
        before=write(before),
        after=write(after),
        bound=write(ground.bound),
        closes=formats.number(ground.closes),
    )


def _writer(signal: Watched, ground: Ground) -> Callable[[float | None], str]:
    """Return what writes a figure in its unit."""

    def write(value: float | None) -> str:
        if value is None:
            return _NONE
        if signal == GRADE:
            return str(GRADES[round(value) - 1])
        unit = "index" if signal == SCORE else KINDS[signal].unit
        if unit == "share":
            return formats.share(value)
        if unit == "minor":
            return formats.money(round(value), ground.currency, ground.exponent)
        if unit == "days":
            return tr("{days} days", days=formats.decimal(value))
        return formats.decimal(value)

    return write
