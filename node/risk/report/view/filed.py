"""The part of a report for the file: what it rests on, how to verify it, what the law wants said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from node.rendering.answers import DECIDES_ALONE
from node.rendering.blocks import Block, Fields, Paragraph, Section
from node.risk.report.words import DASH
from node.risk.words import ROLES, said
from node.texts import formats, mark, tr

Document = Mapping[str, Any]

NOTICES: Final = (
    DECIDES_ALONE,
    mark(
        "Grade, score and response follow from this firm's own policy and books. They are for its own use,"
        " are sent to nobody, and recommend nothing to anybody else."
    ),
    mark(
        "The network's figures are sums over at least as many firms as its rules ask for, of months that are"
        " over. They name nobody, and hold no prices, terms or intentions."
    ),
    mark("A score is for reference: it supports a decision and is none."),
)
PERSONAL: Final = mark(
    "The customer is a natural person: nothing here decides by itself. A named person of this firm must"
    " decide, and the customer may ask why, contest it and have errors corrected."
)


def version_section(document: Document) -> Section:
    """Return what the report was made by and from."""
    versions = document["versions"]
    model = document["probability"].get("model")
    entries = [
        (tr("Report format"), document["format"]),
        (tr("Program"), versions["program"]),
        (tr("Consortium"), document["consortium"]),
        (tr("Consortium document"), versions["consortium_document"]),
        (tr("Risk policy"), _policy(versions["policy"])),
        (
            tr("Probability model"),
            DASH if model is None else tr("version {number}", number=formats.number(model)),
        ),
    ]
    return Section(title=tr("What it was made by"), blocks=(Fields(entries=tuple(entries)),))


def proof_section(document: Document) -> Section:
    """Return how the network's figures are verified, or why they cannot be yet."""
    answer, blocks = document["answer"], list[Block]()
    if answer is None or not answer["has_figures"]:
        blocks.append(Paragraph(text=tr("There are no figures of the network to verify.")))
    elif document["proof"] is None:
        text = tr(
            "The proof could not be made when the report was: too few stewards were in reach. Ask again."
        )
        blocks.append(Paragraph(text=text, tone="notice"))
    else:
        name = proof_name(document)
        blocks.append(
            Paragraph(
                text=tr("The answer file {name} comes with this report, inside or beside it.", name=name)
            )
        )
        command = f"hanse verify {name} --consortium consortium.json"
        blocks.append(
            Paragraph(
                text=tr("Anyone can check the network's figures without a node: {command}", command=command)
            )
        )
    blocks.append(Paragraph(text=tr("All else is this firm's own word: its books, its policy, its people.")))
    return Section(title=tr("How to verify it"), blocks=tuple(blocks))


def notice_section(document: Document) -> Section:
    """Return what has to be said of every report, and of those about natural persons."""
    texts: Sequence[str] = (*NOTICES, PERSONAL) if document["subject"]["personal"] else NOTICES
    return Section(title=tr("Notices"), blocks=tuple(Paragraph(text=tr(text)) for text in texts))


def proof_name(document: Document) -> str:
    """Return the name of the answer file that goes with a report."""
    return f"{document['answer']['request_id']}.hanse.json"


def made_fields(document: Document) -> list[tuple[str, str]]:
    """Return when and by whom a report was made."""
    by = document["made_by"]
    return [
        (tr("Made at"), formats.moment(datetime.fromisoformat(document["made_at"]))),
        (tr("Made by"), tr("{name} ({role})", name=by["name"], role=said(ROLES, by["role"]))),
    ]


def _policy(policy: Mapping[str, Any]) -> str:
    number = formats.number(policy["version"])
    return tr(
        "{name}, version {number}, {sha256}", name=policy["name"], number=number, sha256=policy["sha256"]
    )
