"""What figures and codes of a report are in words. Each text is given to `tr` where it is shown."""

from collections.abc import Mapping, Sequence
from typing import Final

from hanse_ledger.ids import Month, parse_month
from node.rendering.figures import Frame
from node.rendering.words import exposure_words
from node.texts import formats, mark, tr

DASH: Final = "-"
SOURCES: Final[Mapping[str, str]] = {
    "network": mark("the network"),
    "warning": mark("the network's warnings"),
    "own": mark("your own book"),
    "versus": mark("your own rows and the network"),
    "fact": mark("public facts"),
    "estimate": mark("an estimate"),
    "local": mark("entered by your firm"),
    "expert": mark("an expert of your firm"),
}
UNITS: Final[Mapping[str, str]] = {
    "days": mark("days"),
    "share": mark("percent"),
    "minor": mark("amount"),
    "count": mark("number"),
    "firms": mark("firms"),
    "class": mark("class"),
    "level": mark("level"),
    "flag": mark("yes or no"),
    "index": mark("index"),
}
_DECIMALS: Final[Mapping[str, int]] = {"days": 1, "index": 2}


def figure(value: float | None, unit: str, frame: Frame) -> str:
    """Write a figure in its unit; a dash for one that is not known."""
    if value is None:
        return DASH
    match unit:
        case "share":
            return formats.share(value)
        case "minor":
            return formats.money(round(value), frame.currency, frame.exponent)
        case "class":
            return exposure_words(round(value), frame.bounds)
        case "flag":
            return tr("yes") if value else tr("no")
        case _:
            return formats.decimal(value, _DECIMALS.get(unit, 0))


def interval(ends: Sequence[float | None] | None, unit: str, frame: Frame) -> str:
    """Write between what a figure lies; an end that is None is open."""
    if ends is None or ends[0] == ends[1]:
        return ""
    low, high = ends
    if low is None:
        return "" if high is None else tr("up to {upper}", upper=figure(high, unit, frame))
    if high is None:
        return tr("{lower} and more", lower=figure(low, unit, frame))
    return tr("{lower} to {upper}", lower=figure(low, unit, frame), upper=figure(high, unit, frame))


def span(months: Sequence[str] | None) -> str:
    """Write a first and a last month."""
    if months is None:
        return ""
    first, last = map(parse_month, months)
    return formats.months(Month(month) for month in range(first, last + 1))


def count(value: int | None) -> str:
    """Write a number that may not be known."""
    return "" if value is None else formats.number(value)


def money(amount_minor: int | None, frame: Frame) -> str:
    """Write an amount that may not be known."""
    return DASH if amount_minor is None else formats.money(amount_minor, frame.currency, frame.exponent)
