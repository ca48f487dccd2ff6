"""What a policy says of the register of risks: rules that find one, and how it is rated then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from node.risk.kinds import Rating, RatingClass, RiskKind
from node.risk.policy.conditions import Conditions, When, predicates_in
from node.risk.policy.plans import Words
from node.risk.policy.scorecard import Name
from node.risk.policy.source import Complaint
from node.risk.signals.catalogue import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRule:
    """Finds a risk of a customer where all of its tests of signals hold.

    `name` is what the register knows the risk by: a rule with another name finds another risk.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Name
    kind: RiskKind
    text: Words
    when: Annotated[When, Field(min_length=1)]
    probability: RatingClass
    impact: RatingClass

    @property
    def rating(self) -> Rating:
        """How a risk that it finds is rated."""
        return Rating(probability=self.probability, impact=self.impact)


def complaints_of(rules: Sequence[RiskRule], conditions: Conditions) -> Iterator[Complaint]:
    """Yield rules that rest on what the scorecard makes of signals. Conditions are sound by now."""
    for number, rule in enumerate(rules):
        for test in predicates_in(rule.when, conditions):
            if test.about not in KINDS:
                yield ("risks", number, "when"), f"{test.about}: a risk is found by signals alone"
