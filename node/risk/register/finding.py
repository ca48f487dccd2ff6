"""What the policy's rules find, and what that changes in the register. Pure; the same again changes nothing.

A rule that finds what it has found before changes no risk but its evidence. One that a person has closed or
mitigated is opened again only when the rule has stopped holding in between, for closing one that still shows
is a decision. A rule whose signals are unknown says nothing either way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from node.risk.policy.conditions import Case, Clause, Conditions, Predicate, predicates_in
from node.risk.policy.risks import RiskRule
from node.risk.register.risk import Risk
from node.risk.signals.value import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says of one customer; `holds` is None where its signals are unknown."""

    rule: RiskRule
    holds: bool | None
    evidence: tuple[Mapping[str, Any], ...] = field(repr=False)


_OVER: Final = ("closed", "mitigated")
"""A person has done something about it: a rule that holds anew asks again. What is accepted stays so."""
What: TypeAlias = Literal["found", "reopened", "seen", "passed"]
"""A risk that is new, one that is back, one with newer evidence, one whose rule does not hold any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that a run of the rules makes; `risk` is the one before it, None for one that is new."""

    what: What
    finding: Finding
    risk: Risk | None


def findings_of(rules: Sequence[RiskRule], conditions: Conditions, signals: Signals) -> tuple[Finding, ...]:
    """Return what each rule says of a customer with these signals."""
    case: Case = {name: signal.value for name, signal in signals.items()}
    return tuple(_finding(rule, conditions, case) for rule in rules)


def changes_of(risks: Iterable[Risk], findings: Iterable[Finding]) -> list[Change]:
    """Return what findings change in a customer's part of the register.

    A rule goes on with its newest risk. There are two only where it had found one under each of two ids
    before an alias made these one customer: the older is a person's to close.
    """
    known = {risk.rule: risk for risk in risks if risk.rule is not None}
    changes = (_change(known.get(finding.rule.name), finding) for finding in findings)
    return [change for change in changes if change is not None]


def _change(risk: Risk | None, finding: Finding) -> Change | None:
    if finding.holds is None:
        return None
    if risk is None:
        return Change(what="found", finding=finding, risk=None) if finding.holds else None
    if not finding.holds:
        return Change(what="passed", finding=finding, risk=risk) if risk.holds else None
    if not risk.holds and risk.state in _OVER:
        return Change(what="reopened", finding=finding, risk=risk)
    is_new = not risk.holds or risk.evidence != finding.evidence
    return Change(what="seen", finding=finding, risk=risk) if is_new else None


def _finding(rule: RiskRule, conditions: Conditions, case: Case) -> Finding:
    about = dict.fromkeys(test.about for test in predicates_in(rule.when, conditions))
    evidence = tuple({"signal": name, "value": case.get(name)} for name in about)
    return Finding(rule=rule, holds=_all(rule.when, conditions, case), evidence=evidence)


def _all(clauses: Sequence[Clause], conditions: Conditions, case: Case) -> bool | None:
    """Say whether all clauses hold; None where that hangs on what is unknown."""
    told = [_one(clause, conditions, case) for clause in clauses]
    return False if False in told else None if None in told else True


def _one(clause: Clause, conditions: Conditions, case: Case) -> bool | None:
    if isinstance(clause, Predicate):
        hangs = case.get(clause.about) is None and clause.operator not in ("known", "unknown")
        return None if hangs else clause.holds(case)
    condition = conditions[clause.name]
    if condition.all:
        return _all(condition.all, conditions, case)
    told = [_one(one, conditions, case) for one in condition.any]
    return True if True in told else None if None in told else False
