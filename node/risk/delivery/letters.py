"""A notice as an e-mail in the current language: what happened, why, and what it concerns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, TypeAlias

from node.risk.delivery.notices import Notice, NoticeKind
from node.risk.policy.watching import Severity
from node.texts import current, formats, mark, tr

NamesOf: TypeAlias = Callable[[str], Sequence[str]]
"""Gives the firm's own names of the customers that a subject is."""

SEVERITIES: Final[Mapping[Severity, str]] = {
    "low": mark("low"),
    "medium": mark("medium"),
    "high": mark("high"),
    "critical": mark("critical"),
}
_HEADINGS: Final[Mapping[NoticeKind, str]] = {
    "alert.raised": mark("New alert"),
    "alert.again": mark("Alert raised again"),
    "alert.awake": mark("Snoozed alert is due again"),
    "plan.opened": mark("Emergency plan opened"),
    "plan.late": mark("Emergency plan is late"),
    "plan.closed": mark("Emergency plan closed"),
}
_DRILL: Final = mark("DRILL")
_FOOTER: Final = mark(
    "Sent by your firm's Hanse node, which computed what it rests on; how to respond is for your firm alone"
    " to decide."
)
_DRILL_FOOTER: Final = mark("This is a drill: nothing has happened, and nothing else was changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail's subject, and its one content in two forms."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def letter_of(notice: Notice, names_of: NamesOf) -> Letter:
    """Put a notice into words of the current language."""
    heading = tr(_HEADINGS[notice.kind])
    severity = tr(SEVERITIES[notice.severity])
    marked = f"[{tr(_DRILL)}] " if notice.drill else ""
    facts = _facts(notice, names_of)
    sentences = [_sentence(notice.content), *([tr(_DRILL_FOOTER)] if notice.drill else []), tr(_FOOTER)]
    title = marked + tr("{heading} ({severity})", heading=heading, severity=severity)
    return Letter(
        subject=f"{title}: {facts[0][1]}" if facts else title,
        text=_text(title, sentences, facts),
        html=_html(title, sentences, facts),
    )


def _sentence(content: Mapping[str, Any]) -> str:
    """Return what a notice says of itself, which is in both languages."""
    said: Mapping[str, str] = content["reason"]
    return said[current()]


def _facts(notice: Notice, names_of: NamesOf) -> list[tuple[str, str]]:
    content, subject = notice.content, notice.content.get("subject")
    facts = []
    if subject is not None:
        names = formats.listed(names_of(subject))
        facts += [(tr("Customer"), names)] if names else []
        facts.append((tr("Subject"), subject))
    facts += [(tr("Rule"), content["rule"])] if "rule" in content else []
    facts += [(tr("Plan"), content["title"][current()])] if "title" in content else []
    facts.append((tr("Time"), formats.moment(notice.at)))
    facts.append((tr("Id"), content["id"]))
    return facts


def _text(title: str, sentences: Sequence[str], facts: Sequence[tuple[str, str]]) -> str:
    first, *rest = sentences
    lines = [title, "", first, "", *(f"{name}: {value}" for name, value in facts), "", *rest]
    return "\n".join(lines) + "\n"


def _html(title: str, sentences: Sequence[str], facts: Sequence[tuple[str, str]]) -> str:
    first, *rest = (f"<p>{escape(sentence)}</p>" for sentence in sentences)
    rows = "".join(
        f"<tr><th align='left'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts
    )
    language = current()
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"</head><body><h1>{escape(title)}</h1>{first}<table>{rows}</table>{''.join(rest)}</body></html>\n"
    )
