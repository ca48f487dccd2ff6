"""Assessments, the policy's preview and responses as blocks: what `hanse risk` prints."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from node.rendering.blocks import Block, Fields, Grid, Paragraph, figures, grid, texts
from node.rendering.figures import Frame
from node.rendering.matrix import LEVELS, matrix_block
from node.risk.assessment import Assessment, describe_reason
from node.risk.grades import GRADES as GRADE_ORDER
from node.risk.kinds import KIND_WORDS
from node.risk.policy.versions import Version
from node.risk.policy.whole import RiskPolicy
from node.risk.preview import Preview
from node.risk.register.risk import STATE_WORDS, Risk
from node.risk.report.view.assessed import reason_words
from node.risk.report.words import DASH, count, money
from node.risk.responses import Response
from node.risk.signals.catalogue import KINDS
from node.risk.words import DECISIONS, DIRECTIONS, GRADES, MEASURES, ROLES, STRATEGIES, listed, said
from node.texts import current, formats, mark, tr

STATES: Final[Mapping[str, str]] = {
    "proposed": mark("proposed"),
    "approved": mark("approved"),
    "done": mark("done"),
    "rejected": mark("rejected"),
}
_HERE: Final = "●"
_TITLES: Final[Mapping[str, str]] = {str(name): kind.title for name, kind in KINDS.items()}


def assessment_blocks(one: Assessment, frame: Frame) -> list[Block]:
    """Return one customer's assessment: the headline, and each reason with its points."""
    place, advice = one.place, one.advice
    by = tr("an expert's") if one.in_force == "expert" else tr("the score's")
    terms = DASH if advice.terms_days is None else tr("{days} days", days=formats.number(advice.terms_days))
    entries = (
        (tr("Subject"), one.subject),
        (tr("Grade in force"), f"{said(GRADES, one.grade)} ({by})"),
        (tr("Score, of 100"), count(one.score.score) or DASH),
        (tr("Grade by the score"), said(GRADES, one.score.grade)),
        (tr("Grade by an expert"), DASH if one.expert is None else said(GRADES, one.expert)),
        (
            tr("Probability of paying late"),
            DASH if one.probability is None else formats.share(one.probability),
        ),
        (tr("Known of the scorecard"), formats.percent(one.score.known_weight, 100)),
        (tr("Risk"), DASH if place.level is None else said(LEVELS, place.level)),
        (tr("Likelihood / impact"), f"{count(place.likelihood) or DASH} / {count(place.impact) or DASH}"),
        (tr("Response"), f"{said(STRATEGIES, advice.response)} [{advice.rule}]"),
        (tr("Measures"), listed(MEASURES, advice.measures) or DASH),
        (tr("Recommended limit"), money(advice.limit_minor, frame)),
        (tr("Recommended terms"), terms),
        (tr("Approval by"), tr("none needed") if advice.automatic else listed(ROLES, advice.roles)),
        (tr("As a new customer"), f"{said(DECISIONS, one.onboarding.decision)} [{one.onboarding.rule}]"),
    )
    return [Fields(entries=entries), _reasons(one)]


def portfolio_blocks(assessments: Sequence[Assessment]) -> list[Block]:
    """Return how many customers have each grade and each response."""
    grades: Counter[str] = Counter(one.grade for one in assessments)
    strategies: Counter[str] = Counter(one.advice.response for one in assessments)
    return [
        _counts(tr("Customers by grade"), GRADES, grades),
        _counts(tr("Customers by response"), STRATEGIES, strategies),
    ]


def matrix_blocks(assessments: Sequence[Assessment], policy: RiskPolicy) -> list[Block]:
    """Return the matrix with how many customers stand in each cell, and how many in none."""
    cells = Counter(
        (one.place.likelihood, one.place.impact) for one in assessments if one.place.level is not None
    )
    marks = {(row or 0, column or 0): formats.number(number) for (row, column), number in cells.items()}
    caption = tr("Likelihood of trouble by what it would mean to your firm, with the number of customers.")
    unplaced = sum(one.place.level is None for one in assessments)
    blocks: list[Block] = [matrix_block(policy.matrix.cells, caption=caption, marks=marks)]
    return [*blocks, _unplaced(unplaced)] if unplaced else blocks


def customer_matrix_blocks(one: Assessment, policy: RiskPolicy, risks: Sequence[Risk]) -> list[Block]:
    """Return the matrix with one customer and the numbers of the risks that the register holds of it."""
    marks: dict[tuple[int, int], list[str]] = {}
    if one.place.likelihood is not None and one.place.impact is not None:
        marks[one.place.likelihood, one.place.impact] = [_HERE]
    for number, risk in enumerate(risks, 1):
        cell = marks.setdefault((risk.rating.probability, risk.rating.impact), [])
        cell.append(formats.number(number))
    caption = tr(
        "Likelihood of trouble by what it would mean to your firm; {mark}: the customer; numbers: its risks.",
        mark=_HERE,
    )
    shown = {cell: " ".join(texts) for cell, texts in marks.items()}
    blocks: list[Block] = [matrix_block(policy.matrix.cells, caption=caption, marks=shown)]
    if one.place.level is None:
        blocks.append(_unplaced(1))
    return [*blocks, _risks(risks, policy)] if risks else blocks


def preview_blocks(preview: Preview, most: int) -> list[Block]:
    """Return what a change of policy would change: counts, the table of grades, who changes."""
    entries = (
        (tr("Customers"), formats.number(preview.customers)),
        (tr("With a change of any kind"), formats.number(len(preview.changes))),
        (tr("Another grade"), formats.number(preview.changed_grade)),
        (tr("Another level of risk"), formats.number(preview.changed_level)),
        (tr("Another response"), formats.number(preview.changed_response)),
        (tr("Another decision on new customers"), formats.number(preview.changed_onboarding)),
    )
    blocks: list[Block] = [Fields(entries=entries), _migration(preview)]
    if preview.changes:
        blocks.append(_changes(preview, most))
    return blocks


def history_blocks(versions: Iterable[Version]) -> list[Block]:
    """Return versions of the policy, one a line."""
    rows = [
        (
            formats.number(one.number),
            DASH if one.adopted_at is None else formats.moment(one.adopted_at),
            one.actor.name if one.number else tr("the default"),
            said(ROLES, one.actor.role) if one.number else DASH,
            one.sha256[:16],
            one.note,
        )
        for one in versions
    ]
    columns = [*figures(tr("Version")), *texts(tr("Adopted"), tr("By"), tr("Role"), "SHA-256", tr("Note"))]
    return [grid(tr("Versions of the risk policy, the newest first."), columns, rows)]


def response_blocks(found: Iterable[Response], frame: Frame) -> list[Block]:
    """Return responses, one a line."""
    rows = [
        (
            one.id[:8],
            one.subject,
            said(STRATEGIES, one.content["response"]),
            listed(MEASURES, one.content["measures"]) or DASH,
            money(one.content["limit_minor"], frame),
            one.content["rule"],
            formats.day(one.due_on),
            said(STATES, one.state),
            listed(ROLES, one.roles),
        )
        for one in found
    ]
    names = (
        tr("Id"), tr("Subject"), tr("Response"), tr("Measures"), tr("Recommended limit"), tr("Rule"),
        tr("Due"), tr("State"), tr("Approval by"),
    )  # fmt: skip
    return [grid(tr("Responses, the newest first."), texts(*names), rows)]


def _reasons(one: Assessment) -> Grid:
    rows = [
        (
            reason_words(describe_reason(reason), _TITLES),
            said(DIRECTIONS, reason.direction),
            formats.number(reason.points),
            formats.number(reason.most) if reason.most else "",
        )
        for reason in one.score.reasons
    ]
    columns = [*texts(tr("Reason"), tr("Speaks")), *figures(tr("Points"), tr("Of"))]
    return grid(tr("What each factor brings; the points make the score exactly."), columns, rows)


def _unplaced(number: int) -> Paragraph:
    text = tr(
        "In no cell, as the grade, the exposure or what your firm can bear is not known: {number}.",
        number=formats.number(number),
    )
    return Paragraph(text=text, tone="notice")


def _risks(risks: Sequence[Risk], policy: RiskPolicy) -> Grid:
    rows = [
        (
            formats.number(number),
            said({**KIND_WORDS}, risk.kind),
            risk.text[current()],
            said(LEVELS, policy.matrix.level(risk.rating.probability, risk.rating.impact)),
            said({**STATE_WORDS}, risk.state),
        )
        for number, risk in enumerate(risks, 1)
    ]
    columns = [*figures(tr("Number")), *texts(tr("Kind"), tr("Risk"), tr("Level"), tr("State"))]
    return grid(tr("Risks of the register that are not closed."), columns, rows)


def _counts(caption: str, words: Mapping[str, str], counts: Mapping[str, int]) -> Grid:
    rows = [(said(words, code), formats.number(counts.get(code, 0))) for code in words]
    return grid(caption, [*texts(""), *figures(tr("Customers"))], rows)


def _migration(preview: Preview) -> Grid:
    rows = [
        (before, *(count(preview.migration.get((before, after))) for after in GRADE_ORDER))
        for before in GRADE_ORDER
    ]
    columns = [*texts(tr("Grade now")), *figures(*GRADE_ORDER)]
    return grid(tr("Customers by grade now (lines) and by the new policy (columns)."), columns, rows)


def _changes(preview: Preview, most: int) -> Grid:
    rows = [
        (
            change.subject,
            f"{change.before.grade} {count(change.before.score.score) or DASH}",
            f"{change.after.grade} {count(change.after.score.score) or DASH}",
            change.before.advice.rule,
            change.after.advice.rule,
        )
        for change in preview.changes[:most]
    ]
    caption = tr(
        "The {number} customers whom it changes most, who fall furthest first.",
        number=formats.number(len(rows)),
    )
    names = (tr("Subject"), tr("Now"), tr("New"), tr("Rule now"), tr("New rule"))
    return grid(caption, texts(*names), rows)
