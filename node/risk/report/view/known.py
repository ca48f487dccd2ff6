"""The part of a report that says what is known: signals with all that stands behind each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hanse_ledger.ids import parse_month
from node.rendering.blocks import Block, Paragraph, Section, figures, grid, texts
from node.rendering.figures import Frame
from node.risk.report.words import SOURCES, UNITS, count, figure, interval, money, span
from node.risk.signals.names import REASONS
from node.risk.words import said
from node.texts import formats, mark, tr

Signal = Mapping[str, Any]

_GROUPS: Final[Sequence[tuple[str, frozenset[str]]]] = (
    (mark("What the network's figures say"), frozenset({"network", "warning", "fact"})),
    (mark("Your own figures"), frozenset({"own"})),
    (mark("You against the others"), frozenset({"versus"})),
    (mark("Estimates and what your firm has entered"), frozenset({"estimate", "local", "expert"})),
)


def signal_sections(signals: Sequence[Signal], frame: Frame) -> Iterator[Section]:
    """Yield the known signals by where they come from, then those that are not known, with why."""
    for title, sources in _GROUPS:
        known = [one for one in signals if one["source"] in sources and one["value"] is not None]
        if known:
            yield Section(title=tr(title), blocks=(_known(known, frame),))
    unknown = [one for one in signals if one["value"] is None]
    if unknown:
        yield Section(title=tr("What is not known, and why"), blocks=(_unknown(unknown),))


def formula_section(signals: Sequence[Signal]) -> Section:
    """Return how each signal that is shown is made."""
    titles: dict[tuple[str, str, str], list[str]] = {}
    for one in signals:
        if one["value"] is not None:
            made = said(UNITS, one["unit"]), said(SOURCES, one["source"]), tr(one["formula"])
            titles.setdefault(made, []).append(tr(one["title"]))
    rows = [(formats.listed(named), *made) for made, named in titles.items()]
    columns = texts(tr("Signal"), tr("Unit"), tr("From"), tr("Formula"))
    caption = tr("Every figure is computed at your own node, by these formulas.")
    blocks: tuple[Block, ...] = (grid(caption, columns, rows),) if rows else (Paragraph(text=tr("None.")),)
    return Section(title=tr("How the figures are made"), blocks=blocks)


def own_row_sections(own: Sequence[Mapping[str, Any]], frame: Frame) -> Iterator[Section]:
    """Yield the firm's own rows in the windows of the answer, where there are any."""
    rows = [
        (formats.month(parse_month(month)), money(peak_minor, frame), formats.number(delay_days))
        for month, peak_minor, delay_days in sorted({tuple(row) for part in own for row in part["rows"]})
    ]
    if rows:
        columns = [*texts(tr("Month")), *figures(tr("Your highest balance"), tr("Your mean delay, days"))]
        caption = tr("What your firm reported itself; the sums above hold it too.")
        yield Section(title=tr("Your own rows"), blocks=(grid(caption, columns, rows),))


def _known(signals: Sequence[Signal], frame: Frame) -> Block:
    columns = [
        *texts(tr("Signal")),
        *figures(tr("Value")),
        *texts(tr("Lies between"), tr("Months"), tr("Rests on")),
        *figures(tr("Age, months")),
    ]
    rows = [
        (
            tr(one["title"]),
            figure(one["value"], one["unit"], frame),
            interval(one["interval"], one["unit"], frame),
            span(one["months"]),
            one["coverage"] or "",
            count(one["age_months"]),
        )
        for one in signals
    ]
    caption = tr("Firms or invoices that a figure rests on, and how long ago the last month was.")
    return grid(caption, columns, rows)


def _unknown(signals: Sequence[Signal]) -> Block:
    rows = [(tr(one["title"]), said(REASONS, one["unknown"])) for one in signals]
    caption = tr("Unknown is no zero: these take no part in the score.")
    return grid(caption, texts(tr("Signal"), tr("Why")), rows)
