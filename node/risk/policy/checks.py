"""What is wrong with a policy whose fields fit: rules nobody can mean, tables that leave cases out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from node.risk.grades import GRADES
from node.risk.policy import matrix, plans, risks, rules, scorecard, watching
from node.risk.policy.conditions import Clause, Conditions, Named, Predicate, Value, predicates_in
from node.risk.policy.matrix import LEVELS
from node.risk.policy.scorecard import Scorecard
from node.risk.policy.source import Complaint
from node.risk.policy.tables import TooManyAlternativesError, look_over
from node.risk.policy.whole import RiskPolicy
from node.risk.signals.catalogue import KINDS, Kind

_KINDS: Final[Mapping[str, Kind]] = {str(name): kind for name, kind in KINDS.items()}
CHOICES: Final[Mapping[str, tuple[Value, ...]]] = {
    "grade": GRADES,
    "level": (*LEVELS, None),
    "personal": ("yes", "no"),
}
"""What a test may name that is no figure, with all of its values."""
RESULTS: Final = frozenset({"grade", "level", "score", "likelihood", "impact"})
"""What follows from the score, which a cap therefore must not rest on."""
FIGURES: Final = frozenset({*KINDS, "score", "likelihood", "impact", "probability", "exposure_minor"})


def field_complaints(policy: RiskPolicy) -> Iterator[Complaint]:
    """Yield what is wrong with single rules. Whoever follows names of conditions comes after this."""
    yield from _condition_complaints(policy.conditions)
    for path, clauses in _clauses(policy):
        yield from _clause_complaints(path, clauses, policy.conditions)
    yield from scorecard.complaints_of(policy.scorecard)
    yield from _signal_complaints(policy.scorecard)
    yield from matrix.complaints_of(policy.matrix)
    yield from rules.response_complaints(policy.responses)
    yield from rules.approval_complaints(policy.approvals)
    yield from rules.onboarding_complaints(policy.onboarding)
    yield from plans.complaints(policy.plans)
    yield from watching.complaints(policy.watching, {template.id for template in policy.plans})
    named: dict[str, Sequence[Any]] = {
        "caps": policy.caps,
        "responses": policy.responses,
        "onboarding": policy.onboarding,
        "risks": policy.risks,
    }
    for section, ruled in named.items():
        yield from _name_complaints(section, [rule.name for rule in ruled])


def table_complaints(policy: RiskPolicy) -> Iterator[Complaint]:
    """Yield what is wrong with tables as a whole; conditions are sound by now."""
    for number, cap in enumerate(policy.caps):
        for test in predicates_in(cap.when, policy.conditions):
            if test.about in RESULTS:
                yield ("caps", number, "when"), f"cyclic: {test.about} follows from the caps"
    yield from scorecard.cap_complaints(policy.caps, _worse_of(policy.scorecard), policy.conditions)
    yield from _ordered("responses", [rule.when for rule in policy.responses], policy)
    yield from _ordered("onboarding", [rule.when for rule in policy.onboarding], policy)
    yield from risks.complaints_of(policy.risks, policy.conditions)
    for number, risk in enumerate(policy.risks):
        yield from _ordered("risks", [risk.when, ()], policy, first=number, only=0)
    for number, cap in enumerate(policy.caps):
        yield from _ordered("caps", [cap.when, ()], policy, first=number, only=0)


def _ordered(
    section: str,
    table: Sequence[Sequence[Clause]],
    policy: RiskPolicy,
    *,
    first: int = 0,
    only: int | None = None,
) -> Iterator[Complaint]:
    try:
        found = look_over(table, policy.conditions, CHOICES)
    except TooManyAlternativesError as error:
        yield (section, first), str(error)
        return
    for place in found.contradictory:
        yield (section, first + place, "when"), "contradictory: no case fits these tests together"
    if only is not None:
        return
    for place in found.unreachable:
        yield (section, place), "unreachable: the rules before it take every case that it fits"
    if found.uncovered is not None:
        named = [f"{about} {_shown(value)}" for about, value in sorted(found.uncovered.items())]
        yield (section,), f"missing: no rule for {', '.join(named)}; let the last rule have no 'when'"


def _shown(value: Value) -> str:
    return "unknown" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _clauses(policy: RiskPolicy) -> Iterator[tuple[tuple[str | int, ...], Sequence[Clause]]]:
    for name, condition in policy.conditions.items():
        yield ("conditions", name, "all"), condition.all
        yield ("conditions", name, "any"), condition.any
    for number, cap in enumerate(policy.caps):
        yield ("caps", number, "when"), cap.when
    for number, response in enumerate(policy.responses):
        yield ("responses", number, "when"), response.when
    for number, onboarding in enumerate(policy.onboarding):
        yield ("onboarding", number, "when"), onboarding.when
    for number, risk in enumerate(policy.risks):
        yield ("risks", number, "when"), risk.when


def _clause_complaints(
    path: tuple[str | int, ...], clauses: Sequence[Clause], conditions: Conditions
) -> Iterator[Complaint]:
    for place, clause in enumerate(clauses):
        reason = _wrong_name(clause, conditions) if isinstance(clause, Named) else wrong_predicate(clause)
        if reason is not None:
            yield (*path, place), reason


def _wrong_name(named: Named, conditions: Conditions) -> str | None:
    return None if named.name in conditions else f"there is no condition {named.name}"


def wrong_predicate(test: Predicate) -> str | None:
    """Say what is wrong with a test: what it asks about is not known here, or has no such values."""
    choices = CHOICES.get(test.about)
    if choices is None and test.about not in FIGURES:
        return f"{test.about}: neither a signal nor a result of the assessment"
    if test.operator in ("known", "unknown"):
        return None
    if (test.operator == "in") != (choices is not None):
        return (
            f"{test.about} is {'a figure' if choices is None else 'a choice'}; {test.operator} does not fit"
        )
    wrong = [choice for choice in test.choices if choice not in (choices or ())]
    return f"{test.about} is never {wrong[0]}" if wrong else None


def _condition_complaints(conditions: Conditions) -> Iterator[Complaint]:
    uses = {
        name: {clause.name for clause in (*one.all, *one.any) if isinstance(clause, Named)}
        for name, one in conditions.items()
    }
    for name in conditions:
        if name in _reached(uses[name], uses):
            yield ("conditions", name), "cyclic: this condition rests on itself"


def _reached(names: Iterable[str], uses: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += uses.get(name, ())
    return reached


def _name_complaints(section: str, names: Sequence[str]) -> Iterator[Complaint]:
    counts = Counter(names)
    for number, name in enumerate(names):
        if counts[name] > 1 and number > names.index(name):
            yield (section, number, "name"), "another rule has this name"


def _signal_complaints(card: Scorecard) -> Iterator[Complaint]:
    for number, factor in enumerate(card.factors):
        place = ("scorecard", "factors", number)
        kind = _KINDS.get(factor.signal)
        if kind is None:
            yield (*place, "signal"), f"{factor.signal}: no such signal"
        elif kind.worse is not None and kind.worse != factor.worse:
            yield (*place, "worse"), f"contradictory: of {factor.signal}, {kind.worse} is worse"


def _worse_of(card: Scorecard) -> Mapping[str, str]:
    """Return which way each signal gets worse, by the catalogue and by the factors."""
    by_nature = {name: kind.worse for name, kind in _KINDS.items() if kind.worse is not None}
    return {**by_nature, **{factor.signal: factor.worse for factor in card.factors}}
