"""The text of an adverse-action notice: what was decided about a customer and why, for the customer to read.

Made from the reason codes of a response. It names no source and no figure, and says the same whether the firm
has seen something itself or heard of it.
"""

from collections.abc import Sequence
from typing import Final

from node.risk.policy.whole import RiskPolicy
from node.risk.responses import Response
from node.risk.themes import SENTENCES, themes_of
from node.risk.words import MEASURES, listed
from node.texts import Language, formats, in_both, tr

REASONS_MOST: Final = 4


def notice_of(response: Response, policy: RiskPolicy) -> dict[Language, str]:
    """Return the notice in both languages; `policy` is the version that the response was made by."""
    return in_both(lambda: "\n".join(_lines(response, policy)))


def _lines(response: Response, policy: RiskPolicy) -> list[str]:
    content, day = response.content, _day(response)
    measures = listed(MEASURES, content["measures"])
    opening = tr("We have looked at the terms on which we deliver to you and decided on {day}:", day=day)
    lines = [opening, measures or tr("nothing changes")]
    if content["terms_days"] is not None:
        lines.append(tr("Terms of payment: {days} days.", days=formats.number(content["terms_days"])))
    reasons = _reasons(content["reasons"], policy)
    lines.append(tr("The main reasons:"))
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    lines.append(
        tr(
            "You may ask for more about these reasons, have wrong data put right, and have a person look at"
            " the decision again."
        )
    )
    return lines


def _reasons(codes: Sequence[str], policy: RiskPolicy) -> list[str]:
    themes = themes_of(codes, policy)[:REASONS_MOST] or ["little_known"]
    return [tr(SENTENCES[theme]) for theme in themes]


def _day(response: Response) -> str:
    return formats.day((response.decided_at or response.proposed_at).date())
