"""A model card in words: what the model is, how good it was on later days, and whether it may be shown."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from node.risk.signals.catalogue import KINDS
from node.texts import formats, mark, tr

_STATES: Final[Mapping[str, str]] = {
    "ready": mark("Ready: its probabilities are shown."),
    "too_few": mark("Too few outcomes: no probabilities are shown."),
    "no_skill": mark("No better than chance or the usual share: no probabilities are shown."),
}
_MISSING: Final[Mapping[str, str]] = {
    "late_customers": mark("Customers who paid late are missing: {count}"),
    "other_customers": mark("Customers who did not are missing: {count}"),
    "tested_late_customers": mark("Customers who paid late on days that were tested are missing: {count}"),
}
_FIGURES: Final[Mapping[str, str]] = {
    "auc": mark("AUC"),
    "brier": mark("Brier score"),
    "brier_usual": mark("Brier score of the usual share alone"),
}
_DIGITS: Final = 3


def print_card(console: Console, card: Mapping[str, Any]) -> None:
    """Print a card as `Fit.describe` gives it."""
    for line in _lines(card):
        console.print(line)
    if card["figures"]:
        console.print(_figures(card["figures"]))
        console.print(_reliability(card["reliability"]))
    if card["model"] is not None:
        console.print(_terms(card))


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    yield tr(
        "Probability of an invoice more than {days} days late in the next {months} months: version {version}",
        days=card["late_days"],
        months=card["horizon_months"],
        version=card["version"],
    )
    yield tr(_STATES[card["state"]])
    for name, count in card["missing"].items():
        if count:
            yield tr(_MISSING[name], count=count)
    if card["days"] is not None:
        first, last = (formats.day(date.fromisoformat(day)) for day in card["days"])
        yield tr("From your own history, at month ends from {first} to {last}", first=first, last=last)
    yield tr(
        "Cases {cases} of {customers} customers; late {late} of {late_customers} customers",
        cases=card["cases"],
        customers=card["customers"],
        late=card["late_cases"],
        late_customers=card["late_customers"],
    )
    tested = card["tested"]
    yield tr(
        "Tested on later days than it was fitted on: cases {cases}, late {late}",
        cases=tested["cases"],
        late=tested["late_cases"],
    )


def _figures(figures: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _table(tr("Figure"), tr("Value"), tr("95% interval"))
    for name, figure in figures.items():
        low, high = (formats.decimal(end, _DIGITS) for end in figure["interval"])
        table.add_row(tr(_FIGURES[name]), formats.decimal(figure["value"], _DIGITS), f"{low} - {high}")
    return table


def _reliability(groups: list[Mapping[str, Any]]) -> Table:
    table = _table(tr("Cases"), tr("Predicted"), tr("Became late"))
    for group in groups:
        table.add_row(
            str(group["cases"]), formats.share(group["predicted"]), formats.share(group["observed"])
        )
    return table


def _terms(card: Mapping[str, Any]) -> Table:
    table = _table(tr("Signal"), tr("Weight of a step"), tr("Weight if unknown"), tr("Known"))
    for term in card["model"]["terms"]:
        table.add_row(
            tr(KINDS[term["signal"]].title),
            formats.decimal(term["weight"], _DIGITS),
            formats.decimal(term["unknown_weight"], _DIGITS),
            formats.share(card["known"][term["signal"]]),
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table
