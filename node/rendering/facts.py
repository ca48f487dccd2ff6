"""Public facts in words, each with who filed it and where it is published."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from node.rendering.blocks import Paragraph, Section
from node.texts import mark, tr

FACTS: Final[Mapping[str, str]] = {
    "insolvency_opened": mark("insolvency proceedings opened"),
    "insolvency_closed": mark("insolvency proceedings closed"),
    "judgment": mark("judgment"),
    "dishonoured_bill": mark("dishonoured bill"),
    "struck_off": mark("struck off the register"),
}


def fact_words(fact: Mapping[str, Any]) -> str:
    """Return one fact in a line, as `PublicFact.describe` gives it."""
    words = tr(
        "{date}: {what} (source: {source}; filed by {desk}, statement {index})",
        date=fact["date"],
        what=tr(FACTS[fact["kind"]]),
        source=fact["source"],
        desk=fact["desk"],
        index=fact["index"],
    )
    if fact["withdrawn_at"] is None:
        return words
    return tr("{fact}; withdrawn by statement {index}", fact=words, index=fact["withdrawn_at"])


def fact_sections(facts: Sequence[Mapping[str, Any]]) -> list[Section]:
    """Return the section on the facts that stand on one subject; none where there are none."""
    if not facts:
        return []
    lines = tuple(Paragraph(text=f"- {fact_words(fact)}") for fact in facts)
    return [Section(title=tr("Public facts"), blocks=lines)]
