"""How far the voting on next documents is, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from node.texts import tr


def proposal_lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """Say which document is in force and what is proposed, field by field, with its votes."""
    yield tr(
        "In force: {hash} (document {number} of this log).", hash=shown["sha256"], number=shown["documents"]
    )
    if not shown["proposals"]:
        yield tr("Nothing is proposed.")
    for one in shown["proposals"]:
        yield ""
        yield tr("Proposed: {hash}", hash=one["sha256"])
        for change in one["changes"]:
            yield f"  {change['field']}: {change['before'] or '-'} → {change['after'] or '-'}"
        if one["weakens_privacy"]:
            yield tr("  It weakens privacy: every member has to agree.")
        for sentence, role in ((tr("  members"), "members"), (tr("  stewards"), "stewards")):
            yield tr(
                "{who}: {count} of {needed} needed votes ({parties})",
                who=sentence,
                count=len(one[role]),
                needed=one[f"{role}_needed"],
                parties=", ".join(one[role]) or "-",
            )
