"""What the policy says to do about a customer: the first rule that fits, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from node.risk.policy.conditions import Case, Conditions, hold
from node.risk.policy.rules import (
    ApprovalStep,
    ApprovingRole,
    Decision,
    Measure,
    OnboardingRule,
    ResponseRule,
    Strategy,
)

_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A response as a rule gives it. A limit or terms that are None stay unrecommended: too little is known.

    `at_stake_minor` decides who approves. `automatic` says that nobody has to.
    """

    rule: str
    response: Strategy
    measures: tuple[Measure, ...]
    limit_minor: int | None = field(repr=False)
    terms_days: int | None
    due_days: int
    at_stake_minor: int | None = field(repr=False)
    roles: tuple[ApprovingRole, ...]
    automatic: bool

    def describe(self) -> dict[str, Any]:
        """Return the advice as it is shown."""
        return {
            "rule": self.rule,
            "response": self.response,
            "measures": list(self.measures),
            "limit_minor": self.limit_minor,
            "terms_days": self.terms_days,
            "due_days": self.due_days,
            "roles": list(self.roles),
            "automatic": self.automatic,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """Whether a new customer is taken on, by which rule, and on which conditions."""

    rule: str
    decision: Decision
    conditions: tuple[Measure, ...]

    def describe(self) -> dict[str, Any]:
        """Return the decision as it is shown."""
        return {"rule": self.rule, "decision": self.decision, "conditions": list(self.conditions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """The amounts that a response goes by, in minor units; None is unknown."""

    limit_minor: int | None = field(repr=False)
    terms_days: float | None
    exposure_minor: int | None = field(repr=False)
    largest_single_minor: int | None = field(repr=False)


def advise(
    rules: Sequence[ResponseRule],
    approvals: Sequence[ApprovalStep],
    conditions: Conditions,
    case: Case,
    amounts: Amounts,
) -> Advice:
    """Return the response of the first rule that fits. A policy is sound: one does."""
    rule = next(rule for rule in rules if hold(rule.when, case, conditions))
    limit = recommended_limit(rule, amounts)
    at_stake = _at_stake(amounts.exposure_minor, limit)
    step = approval_of(approvals, at_stake)
    return Advice(
        rule=rule.name,
        response=rule.response,
        measures=rule.measures,
        limit_minor=limit,
        terms_days=_recommended_terms(rule, amounts.terms_days),
        due_days=rule.due_days,
        at_stake_minor=at_stake,
        roles=step.roles,
        automatic=rule.response in step.automatic and case.get("personal") == "no",
    )


def decide_onboarding(rules: Sequence[OnboardingRule], conditions: Conditions, case: Case) -> Onboarding:
    """Return the decision of the first rule that fits. A natural person is referred where it would decline.

    A policy is sound: one rule fits.
    """
    rule = next(rule for rule in rules if hold(rule.when, case, conditions))
    is_personal = case.get("personal") != "no"
    decision: Decision = "refer" if rule.decision == "decline" and is_personal else rule.decision
    return Onboarding(rule=rule.name, decision=decision, conditions=rule.conditions)


def approval_of(steps: Sequence[ApprovalStep], at_stake_minor: int | None) -> ApprovalStep:
    """Return the step for an amount; the last one where the amount is unknown."""
    if at_stake_minor is None:
        return steps[-1]
    return next(step for step in steps if step.up_to_minor is None or at_stake_minor <= step.up_to_minor)


def recommended_limit(rule: ResponseRule, amounts: Amounts) -> int | None:
    """Return a limit that keeps to both percents of the rule, None where neither has a base.

    What a rule leaves nothing of is 0, whatever is known.
    """
    bases = [
        (rule.limit_percent, amounts.limit_minor),
        (rule.single_percent, amounts.largest_single_minor),
    ]
    parts = [0 if percent == 0 else _part(base, percent) for percent, base in bases]
    return min((part for part in parts if part is not None), default=None)


def _part(base: int | None, percent: int) -> int | None:
    return None if base is None else base * percent // _WHOLE


def _recommended_terms(rule: ResponseRule, present: float | None) -> int | None:
    most = rule.terms_days_most
    if present is None:
        return most
    return round(present) if most is None else min(round(present), most)


def _at_stake(exposure_minor: int | None, limit_minor: int | None) -> int | None:
    if exposure_minor is None:
        return None
    return max(exposure_minor, limit_minor or 0)
