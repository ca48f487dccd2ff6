"""The decision tables of a policy: what the firm does about a customer, who approves it, whom it takes on."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field

from node.risk.policy.conditions import When
from node.risk.policy.scorecard import Name
from node.risk.policy.source import Complaint

Strategy: TypeAlias = Literal["avoid", "mitigate", "transfer", "accept"]
Measure: TypeAlias = Literal[
    "prepayment",
    "shorter_terms",
    "lower_limit",
    "guarantee",
    "retention_of_title",
    "credit_insurance",
    "factoring",
    "outsourcing",
    "stop_deliveries",
    "closer_contact",
]
Decision: TypeAlias = Literal["proceed", "proceed_with_conditions", "refer", "decline"]
ApprovingRole: TypeAlias = Literal["analyst", "approver", "compliance", "admin"]
STRATEGIES: Final[tuple[Strategy, ...]] = get_args(Strategy)
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)

Percent: TypeAlias = Annotated[int, Field(ge=0, le=1_000)]
Days: TypeAlias = Annotated[int, Field(ge=0, le=3_650)]

_MAKES: Final[dict[Strategy, frozenset[Measure]]] = {
    "avoid": frozenset({"stop_deliveries", "prepayment"}),
    "mitigate": frozenset(
        {"prepayment", "shorter_terms", "lower_limit", "guarantee", "retention_of_title", "closer_contact"}
    ),
    "transfer": frozenset({"credit_insurance", "factoring", "outsourcing", "guarantee"}),
}
"""Of which measures a response needs at least one to be what it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRule:
    """What is done about a customer whom this rule is the first to fit.

    The recommended limit is `limit_percent` of the limit in force, at most `single_percent` of the firm's
    largest single exposure; the terms are the present ones, at most `terms_days_most`.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Name
    when: When = ()
    response: Strategy
    measures: tuple[Measure, ...]
    limit_percent: Percent
    single_percent: Percent
    terms_days_most: Days | None = None
    due_days: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStep:
    """Who approves responses where up to so much is at stake, that amount included; the last step has no end.

    The responses in `automatic` need nobody, except for customers who are natural persons.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    up_to_minor: Annotated[int, Field(ge=0)] | None = None
    roles: Annotated[tuple[ApprovingRole, ...], Field(min_length=1)]
    automatic: tuple[Strategy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingRule:
    """Whether a new customer is taken on, where this rule is the first to fit."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Name
    when: When = ()
    decision: Decision
    conditions: tuple[Measure, ...] = ()


def response_complaints(rules: Sequence[ResponseRule]) -> Iterator[Complaint]:
    """Yield where a rule says two things that do not go together."""
    for number, rule in enumerate(rules):
        needed = _MAKES.get(rule.response)
        if needed is not None and needed.isdisjoint(rule.measures):
            names = ", ".join(sorted(needed))
            yield (
                ("responses", number, "measures"),
                f"contradictory: to {rule.response} takes at least one of {names}",
            )
        if rule.response == "avoid" and (rule.limit_percent or rule.single_percent):
            yield ("responses", number), "contradictory: to avoid leaves no limit; both percents are 0"
        if rule.response == "accept" and set(rule.measures) - {"closer_contact"}:
            yield ("responses", number, "measures"), "contradictory: what is accepted has no such measures"
        if "lower_limit" in rule.measures and rule.limit_percent >= _WHOLE:
            yield ("responses", number, "measures"), "contradictory: a lower limit, and limit_percent is not"
        if "shorter_terms" in rule.measures and rule.terms_days_most is None:
            yield ("responses", number, "measures"), "contradictory: shorter terms without terms_days_most"


def approval_complaints(steps: Sequence[ApprovalStep]) -> Iterator[Complaint]:
    """Yield where steps of approval have a gap or are never reached."""
    last = len(steps) - 1
    for number, step in enumerate(steps):
        if (step.up_to_minor is None) != (number == last):
            yield ("approvals", number), "every step but the last has an 'up_to_minor'"
    for number, (step, following) in enumerate(itertools.pairwise(steps), 1):
        if None not in (step.up_to_minor, following.up_to_minor) and _end(step) >= _end(following):
            yield ("approvals", number, "up_to_minor"), "unreachable: the step before it reaches as far"


def onboarding_complaints(rules: Sequence[OnboardingRule]) -> Iterator[Complaint]:
    """Yield where a decision and its conditions do not go together."""
    for number, rule in enumerate(rules):
        if bool(rule.conditions) != (rule.decision == "proceed_with_conditions"):
            yield ("onboarding", number), "contradictory: conditions belong to proceed_with_conditions alone"


_WHOLE: Final = 100


def _end(step: ApprovalStep) -> int:
    return step.up_to_minor or 0
