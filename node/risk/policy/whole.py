"""A risk policy as a whole."""

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from node.risk.policy.conditions import Condition
from node.risk.policy.matrix import Limits, Matrix
from node.risk.policy.plans import PlanTemplate
from node.risk.policy.reviews import ReviewCalendar
from node.risk.policy.risks import RiskRule
from node.risk.policy.rules import ApprovalStep, OnboardingRule, ResponseRule
from node.risk.policy.scorecard import Cap, Name, Scorecard
from node.risk.policy.watching import AlertRules, Watching, WatchPolicy

RULES_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPolicy:
    """One firm's policy. `parse_policy` makes sound ones alone."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    format: Literal["hanse-risk-policy/1"]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scorecard: Scorecard
    caps: Annotated[tuple[Cap, ...], Field(max_length=RULES_MOST)] = ()
    conditions: Annotated[dict[Name, Condition], Field(max_length=RULES_MOST)] = field(default_factory=dict)
    limits: Limits
    matrix: Matrix
    responses: Annotated[tuple[ResponseRule, ...], Field(min_length=1, max_length=RULES_MOST)]
    approvals: Annotated[tuple[ApprovalStep, ...], Field(min_length=1, max_length=RULES_MOST)]
    onboarding: Annotated[tuple[OnboardingRule, ...], Field(min_length=1, max_length=RULES_MOST)]
    watch: WatchPolicy = field(default_factory=WatchPolicy)
    alerts: AlertRules = ()
    risks: Annotated[tuple[RiskRule, ...], Field(max_length=RULES_MOST)] = ()
    reviews: ReviewCalendar = field(default_factory=ReviewCalendar)
    plans: Annotated[tuple[PlanTemplate, ...], Field(max_length=RULES_MOST)] = ()

    @property
    def watching(self) -> Watching:
        """All that it says of monitoring."""
        return Watching(watch=self.watch, alerts=self.alerts)
