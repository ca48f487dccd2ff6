"""The part of a report that says what the firm makes of what is known: score, expert, matrix, response."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from node.rendering.blocks import Block, Column, Fields, Grid, Paragraph, Row, Section, figures, grid, texts
from node.rendering.figures import Frame
from node.rendering.matrix import LEVELS, matrix_block
from node.risk.kinds import KIND_WORDS
from node.risk.register.risk import STATE_WORDS
from node.risk.report.words import DASH, count, money
from node.risk.themes import SENTENCES
from node.risk.words import (
    DECISIONS,
    DIRECTIONS,
    EXPERT_STATES,
    GRADES,
    MEASURES,
    RESPONSE_STATES,
    ROLES,
    STRATEGIES,
    listed,
    said,
)
from node.texts import current, formats, mark, tr

Document = Mapping[str, Any]

_HERE: Final = "●"
_CAP: Final = "cap"
NO_PROBABILITY: Final[Mapping[str, str]] = {
    "no_model": mark("no model was fitted"),
    "too_few": mark("too few outcomes for a model"),
    "no_skill": mark("the model tells no more than the average"),
    "nothing_known": mark("nothing is known that the model goes by"),
}


def headline(document: Document, frame: Frame) -> Fields:
    """Return what a reader wants to know first."""
    found = document["assessment"]
    place, response, onboarding = found["matrix"], found["response"], found["onboarding"]
    return Fields(
        entries=(
            (tr("Grade"), said(GRADES, found["grade"])),
            (tr("Score, of 100"), count(found["score"]) or DASH),
            (tr("Paying more than 30 days late"), _probability(document)),
            (tr("Risk"), DASH if place["level"] is None else said(LEVELS, place["level"])),
            (tr("Response"), said(STRATEGIES, response["response"])),
            (tr("As a new customer"), said(DECISIONS, onboarding["decision"])),
            (tr("Exposure"), money(found["exposure_minor"], frame)),
        )
    )


def assessed_sections(document: Document, frame: Frame) -> Iterator[Section]:
    """Yield score with reasons, probability and expert beside it, the matrix and the response."""
    yield _score(document)
    yield _beside(document)
    yield _matrix(document)
    yield _response(document, frame)
    yield from _risks(document)
    yield _review(document)
    if document["themes"]:
        yield _tellable(document)


def _score(document: Document) -> Section:
    found, titles = document["assessment"], document["titles"]
    rows = [
        Row(
            cells=(
                reason_words(reason, titles),
                said(DIRECTIONS, reason["direction"]),
                formats.number(reason["points"]),
                formats.number(reason["most"]) if reason["most"] else "",
                reason["code"],
            )
        )
        for reason in found["reasons"]
    ]
    total = count(found["score"]) or DASH
    rows.append(Row(cells=(tr("Score, of 100"), "", total, formats.number(100), ""), tone="strong"))
    columns = (
        *texts(tr("Reason"), tr("Speaks")),
        *figures(tr("Points"), tr("Of")),
        Column(name=tr("Code")),
    )
    caption = tr("What each factor brings; the points make the score exactly.")
    blocks: list[Block] = [Grid(caption=caption, columns=columns, rows=tuple(rows))]
    left_out = formats.listed(tr(titles.get(name, name)) for name in found["left_out"])
    if left_out:
        weight = formats.number(found["known_weight"])
        text = tr(
            "Known: {weight} of 100 of the scorecard's weight. Left out: {names}.",
            weight=weight,
            names=left_out,
        )
        blocks.append(Paragraph(text=text))
    return Section(title=tr("Score"), blocks=tuple(blocks))


def reason_words(reason: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return a reason without its points: the signal's title, or the rule above the score."""
    about, _, rest = reason["code"].partition(":")
    if about == _CAP:
        return tr("Rule above the score: {name}", name=rest)
    words = tr(titles.get(about, about))
    return tr("{signal} (not known)", signal=words) if reason["unknown"] else words


def _beside(document: Document) -> Section:
    found = document["assessment"]
    in_force = tr("the expert's") if found["in_force"] == "expert" else tr("the score's")
    expert = found["expert_grade"]
    entries = (
        (tr("Grade by the score"), said(GRADES, found["score_grade"])),
        (tr("Grade by an expert"), DASH if expert is None else said(GRADES, expert)),
        (tr("Probability of paying more than 30 days late in three months"), _probability(document)),
        (tr("In force"), in_force),
    )
    blocks: list[Block] = [Fields(entries=entries)]
    if document["expert"] is not None:
        blocks.append(_expert(document["expert"]))
    return Section(title=tr("Score, probability and expert beside each other"), blocks=tuple(blocks))


def _expert(expert: Mapping[str, Any]) -> Block:
    confirmed = expert["confirmed_by"] or (
        tr("waits for a second person") if expert["needs_second"] else DASH
    )
    ratings = (
        tr(
            "{kind}: probability {probability}, impact {impact}",
            kind=said(KIND_WORDS, kind),
            probability=formats.number(rating["probability"]),
            impact=formats.number(rating["impact"]),
        )
        for kind, rating in expert["ratings"].items()
    )
    entries = (
        (tr("Expert"), tr("{name} ({role})", name=expert["by"], role=said(ROLES, expert["role"]))),
        (tr("Assessed"), _day(expert["at"])),
        (tr("Grade"), said(GRADES, expert["grade"])),
        (tr("State"), said(EXPERT_STATES, expert["state"])),
        (tr("Confirmed by"), confirmed),
        (tr("Stands until"), _day(expert["expires_on"])),
        (tr("Risks, of 5 each"), formats.listed(ratings) or DASH),
        (tr("Reason"), expert["reason"]),
        (tr("Evidence"), formats.listed(expert["evidence"]) or DASH),
    )
    return Fields(entries=entries)


def _probability(document: Document) -> str:
    value = document["assessment"]["probability"]
    if value is not None:
        return formats.share(value)
    unknown = document["probability"].get("unknown")
    return tr("none: {reason}", reason=said(NO_PROBABILITY, unknown or "no_model"))


def _matrix(document: Document) -> Section:
    place = document["assessment"]["matrix"]
    is_placed = place["likelihood"] is not None and place["impact"] is not None
    marks = {(place["likelihood"], place["impact"]): _HERE} if is_placed else {}
    caption = tr(
        "Likelihood of trouble by what it would mean to your firm; {mark} is this customer.", mark=_HERE
    )
    blocks: list[Block] = [matrix_block(document["matrix"], caption=caption, marks=marks)]
    if not is_placed:
        text = tr(
            "The customer stands in no cell: its grade, its exposure or what your firm can bear is not known."
        )
        blocks.append(Paragraph(text=text, tone="notice"))
    return Section(title=tr("Risk matrix"), blocks=tuple(blocks))


def _response(document: Document, frame: Frame) -> Section:
    found = document["assessment"]
    response, onboarding = found["response"], found["onboarding"]
    terms = response["terms_days"]
    approval = tr("none needed") if response["automatic"] else listed(ROLES, response["roles"])
    entries = (
        (tr("Response"), said(STRATEGIES, response["response"])),
        (tr("Measures"), listed(MEASURES, response["measures"]) or DASH),
        (tr("Recommended limit"), money(response["limit_minor"], frame)),
        (tr("Recommended terms"), DASH if terms is None else tr("{days} days", days=formats.number(terms))),
        (tr("To be done within"), tr("{days} days", days=formats.number(response["due_days"]))),
        (tr("Approval by"), approval),
        (tr("Rule of the policy"), response["rule"]),
        (tr("As a new customer"), said(DECISIONS, onboarding["decision"])),
        (tr("On conditions"), listed(MEASURES, onboarding["conditions"]) or DASH),
        (tr("Rule for new customers"), onboarding["rule"]),
    )
    blocks: list[Block] = [Fields(entries=entries)]
    if document["response"] is not None:
        blocks.append(_kept_response(document["response"]))
    return Section(title=tr("Response"), blocks=tuple(blocks))


def _kept_response(kept: Mapping[str, Any]) -> Block:
    """Return what has become of the newest response."""
    columns = texts(
        tr("Proposed"), tr("Response"), tr("Due"), tr("State"), tr("Decided by"), tr("Done by"), tr("Outcome")
    )
    row = (
        _day(kept["proposed_at"]),
        said(STRATEGIES, kept["response"]),
        _day(kept["due_on"]),
        said(RESPONSE_STATES, kept["state"]),
        kept["decided_by"] or DASH,
        kept["done_by"] or DASH,
        kept["outcome"] or DASH,
    )
    return grid(tr("The newest response, and what became of it."), columns, [row])


def _risks(document: Document) -> Iterator[Section]:
    if not document["risks"]:
        return
    columns = [
        *texts(tr("Risk"), tr("Kind")),
        *figures(tr("Probability"), tr("Impact")),
        *texts(tr("State"), tr("Owner"), tr("Found by"), tr("Since")),
    ]
    rows = [
        (
            one["text"].get(current(), one["text"]["en"]),
            said(KIND_WORDS, one["kind"]),
            formats.number(one["probability"]),
            formats.number(one["impact"]),
            said(STATE_WORDS, one["state"]),
            one["owner"] or DASH,
            one["found_by"] if one["rule"] is None else tr("rule {name}", name=one["rule"]),
            _day(one["found_at"]),
        )
        for one in document["risks"]
    ]
    caption = tr("Found by rules or entered by people; probability and impact are classes from 1 to 5.")
    yield Section(title=tr("Register of risks"), blocks=(grid(caption, columns, rows),))


def _review(document: Document) -> Section:
    review = document["review"]
    if review is None:
        return Section(title=tr("Review"), blocks=(Paragraph(text=tr("None is due.")),))
    due = _day(review["due_on"])
    last = review["reviewed_on"]
    entries = (
        (tr("Next review"), tr("{day}, overdue", day=due) if review["state"] == "overdue" else due),
        (tr("Last review"), DASH if last is None else _day(last)),
    )
    return Section(title=tr("Review"), blocks=(Fields(entries=entries),))


def _tellable(document: Document) -> Section:
    """Return the reasons as a customer may be given them."""
    lead = Paragraph(text=tr("If you decide against the customer, these reasons name no source:"))
    lines = (Paragraph(text=f"- {said(SENTENCES, theme)}") for theme in document["themes"])
    return Section(title=tr("What the customer may be told"), blocks=(lead, *lines))


def _day(text: str) -> str:
    return formats.day(datetime.fromisoformat(text).date())
