"""Whether an ordered table of rules makes sense: each must have cases that earlier ones leave to it.

The space of all cases is cut at the bounds that the table's tests name: between two bounds all cases are
alike, so one value stands for all of them. Rules become sets of boxes in that space; what earlier boxes leave
of a rule, and what all leave of the whole, is found by subtracting boxes. This takes values as independent of
each other: a rule that is called unreachable is so for certain.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.risk.policy.conditions import Clause, Conditions, Named, Predicate, Value, predicates_in

Values: TypeAlias = Mapping[str, frozenset[Value]]
"""Every value that stands for others, by what it is a value of."""
Box: TypeAlias = Mapping[str, frozenset[Value]]
"""Values that are allowed; what is not named is free."""
ALTERNATIVES_MOST: Final = 256
STEPS_MOST: Final = 20_000


class TooManyAlternativesError(ValueError):
    """A rule that holds in so many different ways that nobody can look them over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is the matter with a table: places of rules, and a case that no rule fits."""

    contradictory: tuple[int, ...]
    unreachable: tuple[int, ...]
    uncovered: Mapping[str, Value] | None


def look_over(
    rules: Sequence[Sequence[Clause]], conditions: Conditions, choices: Mapping[str, Sequence[Value]]
) -> Table:
    """Return what is the matter with rules in their order; `choices` are all values of what is no figure.

    Raises TooManyAlternativesError. Conditions must be free of cycles.
    """
    tests = [test for clauses in rules for test in predicates_in(clauses, conditions)]
    space = _Space(_values(tests, choices))
    contradictory, unreachable, before = list[int](), list[int](), list[Box]()
    for place, clauses in enumerate(rules):
        boxes = _boxes(clauses, conditions, space.values)
        if not boxes:
            contradictory.append(place)
        elif not any(space.has_left(box, before) for box in boxes):
            unreachable.append(place)
        before += boxes
    uncovered = next(space.left_of({}, before), None)
    return Table(
        contradictory=tuple(contradictory),
        unreachable=tuple(unreachable),
        uncovered=None if uncovered is None else _example(uncovered),
    )


def _values(tests: Iterable[Predicate], choices: Mapping[str, Sequence[Value]]) -> Values:
    bounds: dict[str, set[float]] = {}
    for test in tests:
        bounds.setdefault(test.about, set()).update({test.bound} if not test.choices else ())
    return {
        about: frozenset(choices[about]) if about in choices else frozenset(_stand_ins(sorted(named)))
        for about, named in bounds.items()
    }


def _stand_ins(bounds: Sequence[float]) -> Iterator[Value]:
    yield None
    yield bounds[0] - 1
    for bound, following in itertools.pairwise([*bounds, bounds[-1] + 2]):
        yield bound
        yield (bound + following) / 2


def _boxes(clauses: Sequence[Clause], conditions: Conditions, values: Values) -> list[Box]:
    """Return the boxes in which all clauses hold."""
    boxes: list[Box] = [{}]
    for clause in clauses:
        alternatives = _alternatives(clause, conditions, values)
        met = (_meet(box, other) for box in boxes for other in alternatives)
        boxes = [box for box in met if box is not None]
        if len(boxes) > ALTERNATIVES_MOST:
            raise TooManyAlternativesError("holds in too many different ways; make it simpler")
    return boxes


def _alternatives(clause: Clause, conditions: Conditions, values: Values) -> list[Box]:
    if isinstance(clause, Named):
        condition = conditions[clause.name]
        if condition.all:
            return _boxes(condition.all, conditions, values)
        return [box for one in condition.any for box in _alternatives(one, conditions, values)]
    allowed = frozenset(value for value in values[clause.about] if clause.holds({clause.about: value}))
    return [{clause.about: allowed}] if allowed else []


def _meet(one: Box, other: Box) -> Box | None:
    met = dict(one)
    for about, values in other.items():
        met[about] = met.get(about, values) & values
        if not met[about]:
            return None
    return met


class _Space:
    """The space of all cases. Taking boxes out of it may take for ever, so it gives up after many steps."""

    def __init__(self, values: Values) -> None:
        self.values, self._steps = values, 0

    def has_left(self, box: Box, taken: Sequence[Box]) -> bool:
        """Say whether anything is left of a box when others are taken out of it."""
        return next(self.left_of(box, taken), None) is not None

    def left_of(self, box: Box, taken: Sequence[Box]) -> Iterator[Box]:
        """Yield what is left of a box when others are taken out of it, in boxes that do not overlap."""
        self._steps += 1
        if self._steps > STEPS_MOST:
            raise TooManyAlternativesError("the table is too intricate to be looked over; make it simpler")
        taken = [other for other in taken if _meet(box, other) is not None]
        if not taken:
            yield box
            return
        first, *others = taken
        inside = dict(box)
        for about, values in first.items():
            allowed = inside.get(about, self.values[about])
            if outside := allowed - values:
                yield from self.left_of({**inside, about: outside}, others)
            inside[about] = allowed & values


def _example(box: Box) -> Mapping[str, Value]:
    return {
        about: min(values, key=lambda value: (value is None, str(value))) for about, values in box.items()
    }
