"""One customer's assessment by the default policy: what follows from what is known."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

import pytest

from hanse_ledger.ids import SubjectId
from node.risk.assessment import Assessment, Known, assess
from node.risk.expert import Expert
from node.risk.grades import Grade
from node.risk.policy.reading import default_policy, default_raw, parse_policy
from node.risk.policy.whole import RiskPolicy
from node.risk.signals.names import SignalName
from node.risk.signals.value import Signal, Signals, unknown

TODAY = date(2026, 3, 1)
POLICY = default_policy()
GOOD: dict[str, float] = {
    "own.delay_mean_days": 0,
    "own.past_due_share": 0,
    "own.past_due_61_share": 0,
    "own.invoices": 20,
}
FAIR: dict[str, float] = GOOD | {
    "own.delay_mean_days": 15,
    "own.past_due_share": 0.3,
    "own.past_due_61_share": 0.04,
}
WEAK: dict[str, float] = GOOD | {
    "own.delay_mean_days": 25,
    "own.past_due_share": 0.3,
    "own.past_due_61_share": 0.04,
}
BAD: dict[str, float] = GOOD | {
    "own.delay_mean_days": 90,
    "own.past_due_share": 1,
    "own.past_due_61_share": 1,
}
FIRM_OPEN = 200_000_000
"""5% of it, 10,000,000, is the largest single exposure."""


def signals_of(values: Mapping[str, float]) -> Signals:
    """Return signals with these values, all others unknown."""
    names: tuple[SignalName, ...] = get_args(SignalName)
    return {
        name: Signal(name=name, value=values[name]) if name in values else unknown(name, "not_asked")
        for name in names
    }


def expert(grade: Grade, *, beside: Grade = "C", until: date = TODAY) -> Expert:
    return Expert(
        id="1",
        subject=SubjectId("ref:DEMO:1"),
        number=0,
        by="bo",
        role="approver",
        at=datetime(2026, 2, 1, tzinfo=UTC),
        grade=grade,
        ratings={},
        reason="seen",
        evidence=("a call",),
        expires_on=until,
        model=beside,
        beside=beside,
        needs_second=False,
    )


def assessed(
    values: Mapping[str, float],
    *,
    personal: bool = False,
    policy: RiskPolicy = POLICY,
    firm: int | None = FIRM_OPEN,
    **more: Any,
) -> Assessment:
    known = Known(subject=SubjectId("ref:DEMO:1"), personal=personal, signals=signals_of(values), **more)
    return assess(known, policy, firm_open_minor=firm, on=TODAY)


@pytest.mark.parametrize(
    ("values", "grade", "rule", "response", "onboarding"),
    [
        (GOOD, "A", "good", "accept", "proceed"),
        (FAIR, "C", "fair", "mitigate", "proceed_with_conditions"),
        (WEAK, "D", "weak", "mitigate", "proceed_with_conditions"),
        (BAD, "E", "bad", "mitigate", "decline"),
        ({}, "U", "hardly-anything-known", "mitigate", "refer"),
        (GOOD | {"fact.insolvency": 1}, "E", "ended", "avoid", "decline"),
        ({"fact.insolvency": 1}, "E", "ended", "avoid", "decline"),
        (GOOD | {"own.invoices": 1}, "B", "good", "accept", "proceed"),
    ],
)
def test_what_the_default_policy_makes_of_customers(
    values: Mapping[str, float], grade: Grade, rule: str, response: str, onboarding: str
) -> None:
    found = assessed(values)
    assert (found.grade, found.advice.rule, found.advice.response) == (grade, rule, response)
    assert (found.in_force, found.onboarding.decision) == ("score", onboarding)


@pytest.mark.parametrize(
    ("open_minor", "limit_minor", "impact", "level"),
    [
        (999_999, None, 1, "medium-low"),
        (1_000_000, None, 2, "medium-high"),
        (3_000_000, 2_000_000, 3, "high"),
        (1, 6_000_000, 4, "high"),
        (10_000_000, None, 5, "high"),
        (None, 10_000_000, 5, "high"),
        (None, None, None, None),
    ],
)
def test_impact_is_what_may_be_lost_beside_what_the_firm_can_bear(
    open_minor: int | None, limit_minor: int | None, impact: int | None, level: str | None
) -> None:
    amounts = {"own.open_minor": open_minor, "own.limit_minor": limit_minor}
    known = {name: value for name, value in amounts.items() if value is not None}
    found = assessed(BAD | known)
    assert (found.place.likelihood, found.place.impact, found.place.level) == (5, impact, level)


def test_what_the_firm_can_bear_may_be_unknown() -> None:
    found = assessed(BAD | {"own.open_minor": 5}, firm=None)
    assert found.place.level is None
    amount = default_raw().replace(b"[limits]\n", b"[limits]\nlargest_single_minor = 10\n")
    found = assessed(BAD | {"own.open_minor": 5}, firm=None, policy=parse_policy(amount))
    assert (found.place.impact, found.place.level) == (3, "high")


def test_a_bad_customer_with_much_open_is_avoided() -> None:
    found = assessed(BAD | {"own.open_minor": 9_000_000, "own.limit_minor": 8_000_000})
    assert (found.advice.rule, found.advice.limit_minor, found.advice.terms_days) == ("bad-and-high", 0, 0)
    assert found.advice.measures == ("stop_deliveries", "prepayment")


@pytest.mark.parametrize(("source", "likelihood"), [("worse", 4), ("grade", 1), ("probability", 4)])
def test_grade_and_probability_stand_side_by_side(
    source: Literal["worse", "grade", "probability"], likelihood: int
) -> None:
    raw = default_raw().replace(b'likelihood_from = "worse"', f'likelihood_from = "{source}"'.encode())
    found = assessed(GOOD, probability=0.15, policy=parse_policy(raw))
    assert (found.grade, found.probability, found.place.likelihood) == ("A", 0.15, likelihood)
    assert found.describe()["probability"] == 0.15


def test_without_grade_and_probability_nothing_is_placed() -> None:
    assert assessed({"own.open_minor": 5}).place.likelihood is None
    assert assessed({"own.open_minor": 5}, probability=0.01).place.likelihood == 1


def test_an_experts_grade_is_in_force_and_the_scores_stays_beside_it() -> None:
    found = assessed(FAIR, expert=expert("E"))
    assert (found.grade, found.in_force, found.expert, found.score.grade) == ("E", "expert", "E", "C")
    assert (found.advice.rule, found.place.likelihood) == ("bad", 5)
    described = found.describe()
    assert (described["grade"], described["score_grade"], described["expert_grade"]) == ("E", "C", "E")


def test_an_expert_who_has_expired_or_is_overtaken_is_not_in_force() -> None:
    assert assessed(FAIR, expert=expert("E", until=date(2026, 2, 28))).in_force == "score"
    lapsed = assessed(BAD, expert=expert("B", beside="C"))
    assert (lapsed.in_force, lapsed.grade, lapsed.expert) == ("score", "E", None)


@pytest.mark.parametrize(
    ("limit_minor", "terms", "recommended", "days"),
    [
        (1_000_000, 45, 600_000, 30),
        (5_000_000, 20, 2_500_000, 20),
        (None, None, 2_500_000, 30),
    ],
)
def test_limit_and_terms_keep_to_the_rule_and_to_what_the_firm_can_bear(
    limit_minor: int | None, terms: int | None, recommended: int, days: int
) -> None:
    given = {"own.limit_minor": limit_minor, "own.terms_days": terms}
    found = assessed(WEAK | {name: value for name, value in given.items() if value is not None})
    assert (found.advice.limit_minor, found.advice.terms_days) == (recommended, days)


def test_a_limit_that_nothing_is_known_for_is_not_recommended() -> None:
    assert assessed(WEAK, firm=None).advice.limit_minor is None
    assert assessed(GOOD | {"fact.insolvency": 1}, firm=None).advice.limit_minor == 0


@pytest.mark.parametrize(
    ("open_minor", "roles", "automatic"),
    [(1, ("analyst", "approver"), True), (10_000_001, ("approver",), False), (None, ("approver",), False)],
)
def test_who_approves_goes_by_what_is_at_stake(
    open_minor: int | None, roles: tuple[str, ...], *, automatic: bool
) -> None:
    found = assessed(GOOD | ({} if open_minor is None else {"own.open_minor": open_minor}), firm=10**12)
    limit = found.advice.limit_minor
    assert limit is not None
    if open_minor == 1:  # the recommended limit would be at stake, too
        found = assessed(GOOD | {"own.open_minor": 1, "own.limit_minor": 100})
    assert (found.advice.roles, found.advice.automatic) == (roles, automatic)


def test_of_a_natural_person_nothing_is_decided_by_itself() -> None:
    small = {"own.open_minor": 1, "own.limit_minor": 100}
    assert assessed(GOOD | small).advice.automatic
    assert not assessed(GOOD | small, personal=True).advice.automatic
    declined = assessed(BAD, personal=True).onboarding
    assert (declined.rule, declined.decision) == ("bad", "refer")


def test_reasons_are_shown_by_codes_and_make_the_score() -> None:
    described = assessed(WEAK).describe()
    assert {"code", "direction", "points", "most", "unknown"} == set(described["reasons"][0])
    assert sum(reason["points"] for reason in described["reasons"]) == described["score"]
    assert described["reasons"][0]["code"] == "own.delay_mean_days:against"
