"""Ordered tables against trying every case: what is reached, contradicts itself, is left out."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.risk.policy.conditions import Clause, Condition, Named, Predicate, Value, hold, parse_clause
from node.risk.policy.tables import TooManyAlternativesError, look_over

CHOICES: dict[str, Sequence[Value]] = {"grade": ("A", "B", "U")}
VALUES: dict[str, Sequence[Value]] = {
    "grade": ("A", "B", "U"),
    "x": (None, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    "y": (None, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
}
CONDITIONS = {
    "either": Condition(any=(Predicate("x", ">=", 1.0), Predicate("grade", "in", choices=("U",)))),
    "both": Condition(all=(Named("either"), Predicate("y", "known"))),
}
CASES = [dict(zip(VALUES, values, strict=True)) for values in itertools.product(*VALUES.values())]
CLAUSES: st.SearchStrategy[Clause] = st.one_of(
    st.builds(
        Predicate,
        st.sampled_from(["x", "y"]),
        st.sampled_from([">=", ">", "<=", "<"]),
        st.sampled_from([0.0, 1.0, 2.0]),
    ),
    st.builds(Predicate, st.sampled_from(["x", "y"]), st.sampled_from(["known", "unknown"])),
    st.builds(
        lambda choices: Predicate("grade", "in", choices=tuple(choices)),
        st.lists(st.sampled_from(["A", "B", "U"]), min_size=1, unique=True),
    ),
    st.sampled_from([Named("either"), Named("both")]),
)


@given(st.lists(st.lists(CLAUSES, max_size=3), min_size=1, max_size=5))
def test_a_table_is_looked_over_as_if_every_case_were_tried(rules: list[list[Clause]]) -> None:
    fitting = [[place for place, rule in enumerate(rules) if hold(rule, case, CONDITIONS)] for case in CASES]
    reached = {places[0] for places in fitting if places}
    fits = {place for places in fitting for place in places}
    found = look_over(rules, CONDITIONS, CHOICES)
    assert set(found.contradictory) == set(range(len(rules))) - fits
    assert set(found.unreachable) == fits - reached
    assert (found.uncovered is None) == all(fitting)


def test_the_case_that_is_left_out_is_one_that_no_rule_fits() -> None:
    rules = [[parse_clause("x > 1")], [parse_clause("grade in A U")], [parse_clause("x unknown")]]
    found = look_over(rules, {}, CHOICES)
    assert found.uncovered is not None
    assert not any(hold(rule, found.uncovered, {}) for rule in rules)


def test_what_nobody_could_look_over_is_refused() -> None:
    wide = {"wide": Condition(any=tuple(Predicate(f"v{number}", ">", 0.0) for number in range(20)))}
    with pytest.raises(TooManyAlternativesError):
        look_over([[Named("wide"), Named("wide"), Named("wide")]], wide, {})


def test_a_table_that_would_take_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = list(itertools.combinations(range(5), 2))
    rules = [[parse_clause(f"v{one} > 0"), parse_clause(f"v{other} > 0")] for one, other in pairs]
    look_over(rules, {}, {})
    monkeypatch.setattr("node.risk.policy.tables.STEPS_MOST", 10)
    with pytest.raises(TooManyAlternativesError, match="too intricate"):
        look_over(rules, {}, {})
