"""A portfolio in words: sections of blocks, in the current language."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from node.rendering.answers import DECIDES_ALONE
from node.rendering.blocks import Fields, Grid, Layout, Paragraph, Row, Section, figures, texts
from node.rendering.matrix import matrix_block
from node.risk.portfolio.document import Changes, Overview
from node.risk.portfolio.movers import Direction, Standing
from node.risk.portfolio.position import Coverage
from node.risk.portfolio.summary import Mass
from node.texts import current, formats, mark, tr

MOVERS_SHOWN: Final = 20
_COVERAGE: Final[Mapping[Coverage, str]] = {
    "checked": mark("figures that rules may use"),
    "withheld": mark("every window is withheld"),
    "unchecked": mark("two answers alone, which no rule may use"),
    "none": mark("unknown, or too few firms"),
    "no_answer": mark("no answer: refused, or the answers do not agree"),
    "not_asked": mark("nobody has asked"),
}
_DIRECTIONS: Final[Mapping[Direction, str]] = {
    "worse": mark("worse"),
    "unrated": mark("no longer rated"),
    "better": mark("better"),
    "rated": mark("rated now"),
    "new": mark("new"),
    "gone": mark("gone"),
}


def layout_of(overview: Overview) -> Layout:
    """Return the portfolio, ready to be drawn."""
    return Layout(
        language=current(),
        title=tr("Portfolio risk"),
        lead=(_lead(overview),),
        sections=tuple(_sections(overview)),
    )


def _sections(overview: Overview) -> Iterator[Section]:
    summary = overview.summary
    grades = [(grade, mass) for grade, mass in summary.grades if mass.customers]
    yield _masses(
        overview,
        tr("Grades"),
        tr("By grade. Exposure is what is open, or the limit where that is more."),
        grades,
    )
    yield _matrix(overview)
    known = [(tr(_COVERAGE[coverage]), mass) for coverage, mass in summary.coverage if mass.customers]
    yield _masses(
        overview, tr("What the network knows"), tr("By the newest answer about each customer."), known
    )
    yield _concentration(overview)
    yield _expected_loss(overview)
    yield _movers(overview, tr("Since the last run"), overview.since_run)
    yield _movers(overview, tr("Since the month before"), overview.since_close)
    yield Section(title=tr("Notices"), blocks=(Paragraph(text=tr(DECIDES_ALONE)),))


def _lead(overview: Overview) -> Fields:
    total = overview.summary.total
    month = "-" if overview.month is None else formats.month(overview.month)
    return Fields(
        entries=(
            (tr("Made at"), formats.moment(overview.made_at)),
            (tr("Last closed month"), month),
            (tr("Risk policy"), overview.policy),
            (tr("Customers"), formats.number(total.customers)),
            (tr("Exposure"), _money(total.exposure_minor, overview)),
            (tr("Of unknown exposure"), formats.number(total.unknown)),
        )
    )


def _masses(overview: Overview, title: str, caption: str, masses: Sequence[tuple[str, Mass]]) -> Section:
    total = overview.summary.total
    rows = [Row(cells=(name, *_mass_cells(mass, total, overview))) for name, mass in masses]
    rows.append(Row(cells=(tr("All"), *_mass_cells(total, total, overview)), tone="strong"))
    columns = [*texts(""), *figures(tr("Customers"), tr("Share"), tr("Exposure"), tr("Share of exposure"))]
    return Section(title=title, blocks=(Grid(caption=caption, columns=tuple(columns), rows=tuple(rows)),))


def _mass_cells(mass: Mass, total: Mass, overview: Overview) -> tuple[str, ...]:
    return (
        formats.number(mass.customers),
        formats.percent(mass.customers, total.customers),
        _money(mass.exposure_minor, overview),
        formats.percent(mass.exposure_minor, total.exposure_minor),
    )


def _matrix(overview: Overview) -> Section:
    standing = {
        (
            one.cell.likelihood,
            one.cell.impact,
        ): f"{formats.number(one.mass.customers)} / {_money(one.mass.exposure_minor, overview)}"
        for one in overview.summary.cells
    }
    caption = tr("Customers and their exposure in each cell.")
    blocks = [matrix_block(overview.matrix, caption=caption, marks=standing)]
    outside = overview.summary.outside.customers
    note = tr("In no cell, as too little is known: {count}.", count=formats.number(outside))
    return Section(title=tr("Risk matrix"), blocks=(*blocks, *([Paragraph(text=note)] if outside else [])))


def _concentration(overview: Overview) -> Section:
    found = overview.summary.concentration
    title = tr("Concentration")
    if found is None:
        return Section(title=title, blocks=(Paragraph(text=tr("Nothing is open.")),))
    entries = [
        (tr("Share of the {n} largest", n=formats.number(n)), formats.share(share))
        for n, share in found.largest
    ]
    entries.append((tr("Herfindahl-Hirschman index (of 10,000)"), formats.number(round(found.hhi))))
    return Section(title=title, blocks=(Fields(entries=tuple(entries)),))


def _expected_loss(overview: Overview) -> Section:
    found = overview.summary.expected_loss
    title = tr("Expected loss")
    if found is None:
        text = tr("No customer has a calibrated probability, so there is no expected loss to show.")
        return Section(title=title, blocks=(Paragraph(text=text),))
    entries = (
        (tr("Expected loss"), _money(found.amount_minor, overview)),
        (tr("Over customers"), formats.number(found.customers)),
        (tr("With an exposure of"), _money(found.exposure_minor, overview)),
        (tr("Loss given default, by the policy"), formats.share(found.loss_given_default)),
    )
    note = tr(
        "Probability of paying more than 30 days late, times loss given default, times exposure; nothing is"
        " extrapolated to customers without a probability."
    )
    return Section(title=title, blocks=(Fields(entries=entries), Paragraph(text=note)))


def _movers(overview: Overview, title: str, changes: Changes | None) -> Section:
    if changes is None:
        return Section(title=title, blocks=(Paragraph(text=tr("There is no earlier run to compare with.")),))
    if not changes.movers:
        return Section(title=title, blocks=(Paragraph(text=tr("Nobody has moved.")),))
    rows = tuple(
        Row(
            cells=(
                mover.subject,
                tr(_DIRECTIONS[mover.direction]),
                _standing(mover.before),
                _standing(mover.after),
                _owed(mover.after or mover.before, overview),
            ),
            tone="warning" if mover.direction == "worse" else "plain",
        )
        for mover in changes.movers[:MOVERS_SHOWN]
    )
    columns = (*texts(tr("Subject"), tr("Moved"), tr("Before"), tr("Now")), *figures(tr("Exposure")))
    month = formats.month(changes.since.month)
    caption = tr(
        "Moved: {count}, compared with the run of {month}; --json lists all.",
        count=formats.number(len(changes.movers)),
        month=month,
    )
    return Section(title=title, blocks=(Grid(caption=caption, columns=columns, rows=rows),))


def _standing(standing: Standing | None) -> str:
    if standing is None:
        return "-"
    score = "-" if standing.score is None else formats.decimal(standing.score, 0)
    return tr("{grade} ({score})", grade=standing.grade, score=score)


def _owed(standing: Standing | None, overview: Overview) -> str:
    owed = None if standing is None else standing.exposure_minor
    return "-" if owed is None else _money(owed, overview)


def _money(amount_minor: int, overview: Overview) -> str:
    return formats.money(amount_minor, overview.currency, overview.exponent)
