"""A whole report in words: what comes first, and in which order the rest stands."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from hanse_ledger.ids import parse_month
from node.rendering.answers import answer_fields, answer_sections
from node.rendering.blocks import Block, Fields, Layout, Paragraph, Section
from node.rendering.facts import fact_sections
from node.rendering.figures import Frame
from node.rendering.words import DEMO_LABEL
from node.risk.report.view.assessed import assessed_sections, headline
from node.risk.report.view.filed import PERSONAL, made_fields, notice_section, proof_section, version_section
from node.risk.report.view.known import formula_section, own_row_sections, signal_sections
from node.risk.report.words import DASH
from node.texts import current, formats, tr

Document = Mapping[str, Any]


def layout_of(document: Document) -> Layout:
    """Return a report's document laid out in the current language."""
    frame = frame_in(document)
    return Layout(
        language=current(),
        title=tr("Credit risk report on {subject}", subject=document["subject"]["id"]),
        lead=tuple(_lead(document, frame)),
        sections=tuple(_sections(document, frame)),
    )


def frame_in(document: Document) -> Frame:
    """Return what the document's figures are read against."""
    frame = document["frame"]
    return Frame(
        currency=frame["currency"],
        exponent=frame["exponent"],
        bounds=tuple(frame["bounds"]),
        contributors_min=frame["contributors_min"],
        first_month=parse_month(frame["first_month"]),
        demo=document["demo"],
    )


def _lead(document: Document, frame: Frame) -> Iterator[Block]:
    if document["demo"]:
        yield Paragraph(text=tr(DEMO_LABEL), tone="warning")
    if document["subject"]["personal"]:
        yield Paragraph(text=tr(PERSONAL), tone="notice")
    customers = [f"{one['customer']} {one['name']}".strip() for one in document["subject"]["customers"]]
    entries = [
        (tr("Your customer"), formats.listed(customers) or DASH),
        (tr("Purpose"), document["purpose"] or DASH),
        *made_fields(document),
        (tr("The network's figures are of"), _age(document)),
    ]
    yield Fields(entries=tuple(entries))
    yield headline(document, frame)


def _sections(document: Document, frame: Frame) -> Iterator[Section]:
    yield from assessed_sections(document, frame)
    yield from _network(document, frame)
    yield from _own_warning(document)
    yield from fact_sections(document["facts"])
    yield from signal_sections(document["signals"], frame)
    yield formula_section(document["signals"])
    yield proof_section(document)
    yield version_section(document)
    yield notice_section(document)


def _network(document: Document, frame: Frame) -> Iterator[Section]:
    answer = document["answer"]
    if answer is None:
        text = tr("Nobody at your firm has asked the network about this customer.")
        yield Section(title=tr("What the network says"), blocks=(Paragraph(text=text),))
        return
    yield Section(title=tr("What the network says"), blocks=(answer_fields(answer),))
    # As answered, with one's own rows in it: without them it could be of fewer firms than the minimum.
    yield from answer_sections(answer, frame)
    yield from own_row_sections(document["own"], frame)


def _own_warning(document: Document) -> Iterator[Section]:
    warning = document["warning"]
    if warning is not None:
        text = tr(
            "Your firm warns of this customer in its bulletins, since {day}: {note}",
            day=formats.day(datetime.fromisoformat(warning["raised_at"]).date()),
            note=warning["note"] or DASH,
        )
        yield Section(title=tr("Your own warning"), blocks=(Paragraph(text=text),))


def _age(document: Document) -> str:
    answer = document["answer"]
    if answer is None or answer.get("last_closed_month") is None:
        return DASH
    month = formats.month(parse_month(answer["last_closed_month"]))
    newest = document["last_closed_month"]
    if newest is None or newest == answer["last_closed_month"]:
        return month
    return tr(
        "{month}; older than the last close, {newest}", month=month, newest=formats.month(parse_month(newest))
    )
