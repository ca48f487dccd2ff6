"""A risk of a customer as the register holds it, and which states follow on which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

from hanse_ledger.ids import SubjectId
from node.risk.kinds import Rating, RiskKind
from node.texts import mark

State: TypeAlias = Literal["open", "accepted", "mitigated", "closed"]
STATES: Final[tuple[State, ...]] = get_args(State)
STATE_WORDS: Final[Mapping[State, str]] = MappingProxyType(
    {
        "open": mark("open"),
        "accepted": mark("accepted"),
        "mitigated": mark("mitigated"),
        "closed": mark("closed"),
    }
)
FOLLOWING: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        "open": frozenset({"accepted", "mitigated", "closed"}),
        "accepted": frozenset({"open", "mitigated", "closed"}),
        "mitigated": frozenset({"open", "accepted", "closed"}),
        "closed": frozenset({"open"}),
    }
)
"""What a person may make of a risk in each state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One risk. `text` says it in English and in Chinese; a person's own words are the same in both.

    `rule` is the name of the policy's rule that found it, None for a person's entry. `holds` says whether the
    rule did at its last run that could tell, None for a person's entry.
    """

    id: str
    subject: SubjectId = field(repr=False)
    kind: RiskKind
    text: Mapping[str, str] = field(repr=False)
    rating: Rating
    rule: str | None
    owner: str | None
    evidence: tuple[Mapping[str, Any], ...] = field(repr=False)
    state: State
    found_at: datetime
    found_by: str
    changed_at: datetime
    holds: bool | None

    def describe(self) -> dict[str, Any]:
        """Return the risk as it is shown."""
        return {
            "id": self.id,
            "subject": self.subject,
            "kind": self.kind,
            "text": dict(self.text),
            **self.rating.describe(),
            "rule": self.rule,
            "owner": self.owner,
            "evidence": [dict(one) for one in self.evidence],
            "state": self.state,
            "found_at": self.found_at.isoformat(),
            "found_by": self.found_by,
            "changed_at": self.changed_at.isoformat(),
            "holds": self.holds,
        }
