"""How far the voting on next documents is, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from node.texts import mark, tr

_GETS: Final = mark("{steward} gets rows and sums of before it came, from two others.")
_GETS_NOTHING: Final = mark(
    "{steward} gets no rows and sums of before it came, unless every member votes for it."
)
_SHARES: Final = {
    "whole": mark("This steward has all its values, and answers."),
    "not_voted": mark(
        "This steward lacks {lacking} units that only a vote gives it, and answers no inquiry."
    ),
    "too_few": mark(
        "This steward lacks {lacking} units; three other stewards are needed to give and check them."
    ),
    "getting": mark("This steward gets its values: {lacking} units are still to come, {received} are there."),
    "checking": mark(
        "This steward has {received} units and waits for a later checkpoint to have them checked."
    ),
    "refused": mark("Values that two stewards gave did not hold; {lacking} units are asked of another pair."),
}


def proposal_lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """Say which document is in force and what is proposed, field by field, with its votes."""
    yield tr(
        "In force: {hash} (document {number} of this log).", hash=shown["sha256"], number=shown["documents"]
    )
    if not shown["proposals"]:
        yield tr("Nothing is proposed.")
    yield from _own_shares(shown["shares"])
    for one in shown["new_stewards"]:
        yield ""
        yield tr(_GETS if one["gets_rows"] else _GETS_NOTHING, steward=one["steward"])
        yield from _votes(one)
    for one in shown["proposals"]:
        yield ""
        yield tr("Proposed: {hash}", hash=one["sha256"])
        for change in one["changes"]:
            yield f"  {change['field']}: {change['before'] or '-'} → {change['after'] or '-'}"
        if one["weakens_privacy"]:
            yield tr("  It weakens privacy: every member has to agree.")
        yield from _votes(one)


def _votes(one: Mapping[str, Any]) -> Iterator[str]:
    for sentence, role in ((tr("  members"), "members"), (tr("  stewards"), "stewards")):
        yield tr(
            "{who}: {count} of {needed} needed votes ({parties})",
            who=sentence,
            count=len(one[role]),
            needed=one[f"{role}_needed"],
            parties=", ".join(one[role]) or "-",
        )


def _own_shares(shares: Mapping[str, Any] | None) -> Iterator[str]:
    """Say how far this steward is with getting values of its own."""
    if shares is None:
        return
    yield tr(_SHARES[shares["state"]], lacking=shares["lacking"], received=shares["received"])
    for one in shares["refused"]:
        yield tr(
            "  What {pair} gave did not hold ({units} units, {at}); the one that alone does not fit: {odd}.",
            pair=", ".join(name or "-" for name in one["pair"]),
            units=one["units"],
            at=one["at"],
            odd=one["alone_off"] or "-",
        )
