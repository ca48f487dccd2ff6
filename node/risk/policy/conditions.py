"""What rules ask of a case: short tests of single values.

Such as `own.utilisation >= 1`, `grade in D E`, `network.trend unknown`.

A comparison with what is unknown never holds, whichever way it points: a rule that means the unknown says so.
A test may be the name of a condition, which the policy defines once and several rules use.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, PlainValidator

Value: TypeAlias = float | str | None
"""A figure, a choice, or None for what is unknown."""
Case: TypeAlias = Mapping[str, Value]
"""What is known of a customer, by name; a name that is not there is unknown."""
Operator: TypeAlias = Literal[">=", ">", "<=", "<", "in", "known", "unknown"]

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
HIGHER: Final = frozenset({">=", ">"})
LOWER: Final = frozenset({"<=", "<"})
_TEST: Final = re.compile(
    r"(?P<about>[a-z][a-z0-9_.-]*)(?:\s+(?P<operator>>=|>|<=|<|in\b|known\b|unknown\b)(?P<rest>.*))?"
)


@dataclass(frozen=True, slots=True)
class Predicate:
    """One test of one value."""

    about: str
    operator: Operator
    bound: float = 0.0
    choices: tuple[str, ...] = ()

    def holds(self, case: Case) -> bool:
        """Say whether the test holds for a case."""
        value = case.get(self.about)
        if value is None:
            return self.operator == "unknown"
        compare = _COMPARE.get(self.operator)
        if compare is not None:
            return compare(value, self.bound)
        return value in self.choices if self.operator == "in" else self.operator == "known"


@dataclass(frozen=True, slots=True)
class Named:
    """A condition by its name."""

    name: str


Clause: TypeAlias = Predicate | Named


def parse_clause(text: Any) -> Clause:
    """Read a test, or the name of a condition; raises ValueError."""
    found = _TEST.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError("no test such as 'own.utilisation >= 1', 'grade in D E' or 'network.trend unknown'")
    about, rest = str(found["about"]), (found["rest"] or "").strip()
    asked: Any = found["operator"]
    if asked is None:
        return Named(about)
    if asked in _COMPARE:
        return Predicate(about, asked, bound=_number(rest))
    if asked == "in":
        return Predicate(about, "in", choices=_choices(rest))
    if rest:
        raise ValueError(f"nothing follows '{asked}'")
    return Predicate(about, asked)


When: TypeAlias = tuple[Annotated[Clause, PlainValidator(parse_clause)], ...]
"""All of these hold; none of them is always true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition with a name: all of some clauses, or any of some."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    all: When = ()
    any: When = field(default=())

    def __post_init__(self) -> None:
        """Refuse both and neither."""
        if bool(self.all) == bool(self.any):
            raise ValueError("either 'all' or 'any' lists at least one test")


Conditions: TypeAlias = Mapping[str, Condition]


def hold(clauses: Sequence[Clause], case: Case, conditions: Conditions) -> bool:
    """Say whether all clauses hold for a case. Conditions must be free of cycles."""
    for clause in clauses:  # noqa: SIM110 - half as slow as `all`, and asked millions of times in a run
        if not _holds(clause, case, conditions):
            return False
    return True


def predicates_in(clauses: Sequence[Clause], conditions: Conditions) -> list[Predicate]:
    """Return every test that clauses rest on, also by name. Conditions must be free of cycles."""
    found = list[Predicate]()
    for clause in clauses:
        if isinstance(clause, Predicate):
            found.append(clause)
        else:
            condition = conditions[clause.name]
            found += predicates_in((*condition.all, *condition.any), conditions)
    return found


def _holds(clause: Clause, case: Case, conditions: Conditions) -> bool:
    if isinstance(clause, Predicate):
        return clause.holds(case)
    condition = conditions[clause.name]
    if condition.all:
        return hold(condition.all, case, conditions)
    return any(_holds(one, case, conditions) for one in condition.any)


def _number(text: str) -> float:
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise ValueError("a number follows a comparison")
    return bound


def _choices(text: str) -> tuple[str, ...]:
    choices = tuple(text.replace(",", " ").split())
    if not choices or len(set(choices)) < len(choices):
        raise ValueError("different choices follow 'in', with spaces between them")
    return choices
