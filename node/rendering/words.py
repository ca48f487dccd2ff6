"""The words for classes, statuses and codes that answers use. Each is given to `tr` where it is printed."""

from collections.abc import Mapping
from typing import Final

from node.texts import mark, tr
from node.texts.formats import number

DEMO_LABEL: Final = mark("DEMO: one party made everybody's keys, so nothing here is private from it.")
CONDITIONS: Final = (
    mark("nothing fell due"),
    mark("paid on terms"),
    mark("paid late"),
    mark("open 1-30 days past due"),
    mark("open 31-60 days past due"),
    mark("open 61-90 days past due"),
    mark("open 91 days or more past due"),
    mark("lost: collection, charge-off or insolvency"),
)
STATUSES: Final[Mapping[str, str]] = {
    "checked": mark("checked: three or more stewards gave the same answer"),
    "unchecked": mark("unchecked: only two stewards answered, and they agree"),
    "nothing": mark("nothing: no figures are known, or too few firms report on the subject"),
    "disagreement": mark("disagreement: the stewards' answers do not agree, so there are no figures"),
    "refused": mark("refused"),
}
REFUSALS: Final[Mapping[str, str]] = {
    "not-logged": mark("The stewards do not find the inquiry in the log."),
    "purpose": mark("The purpose is not one that the consortium allows this party."),
    "expired": mark("The inquiry is older than the month that followed it; ask again."),
    "budget": mark("The party's inquiries of this month are used up."),
    "malformed": mark("The stewards cannot read the request."),
    "not-party": mark("The asking party is no active party of the consortium."),
    "behind": mark("The stewards have not caught up with the log; ask again shortly."),
    "unavailable": mark("Fewer than two stewards answered; ask again later."),
}
LEVELS: Final = (
    mark("none"),
    mark("1: several other firms warn of collection, charge-off or a returned payment"),
    mark("2: many other firms warn of collection, charge-off or a returned payment"),
)


def exposure_words(place: int, bounds: tuple[int, ...]) -> str:
    """Return what an exposure class means, in units of the reporting currency."""
    if place == 0:
        return tr("below {upper}", upper=number(bounds[0]))
    if place == len(bounds):
        return tr("{lower} and more", lower=number(bounds[-1]))
    return tr("{lower} to {upper}", lower=number(bounds[place - 1]), upper=number(bounds[place]))


def days_between(interval: tuple[int, int | None] | None) -> str:
    """Return a delay interval in words, short enough for a table."""
    if interval is None:
        return "-"
    low, high = interval
    if high is None:
        return tr("{days} or more", days=number(low))
    return number(low) if low == high else f"{number(low)}-{number(high)}"
