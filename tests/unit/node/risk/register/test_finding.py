"""What rules find: idempotent, opened again when the rule has held anew, silent where signals are unknown."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse_ledger.ids import SubjectId
from node.risk.policy.conditions import Condition, parse_clause
from node.risk.policy.plans import Words
from node.risk.policy.risks import RiskRule
from node.risk.register.finding import Change, Finding, changes_of, findings_of
from node.risk.register.risk import STATES, Risk, State
from node.risk.signals.names import SignalName
from node.risk.signals.value import Signal, Signals

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FELL = RiskRule(
    name="orders-fell",
    kind="market",
    text=Words(en="fell", zh="下降"),
    when=(parse_clause("own.order_change <= -0.5"),),
    probability=3,
    impact=2,
)
CONDITIONS = {
    "bad": Condition(any=(parse_clause("fact.judgment >= 1"), parse_clause("fact.insolvency >= 1")))
}


def signals(**values: float | None) -> Signals:
    """Return signals by their names with `_` for the point."""
    names: dict[str, SignalName] = {
        "order_change": "own.order_change",
        "orders": "own.orders_90d",
        "judgment": "fact.judgment",
        "insolvency": "fact.insolvency",
    }
    return {
        names[name]: Signal(name=names[name], value=value)
        if value is not None
        else Signal(name=names[name], unknown="no_book")
        for name, value in values.items()
    }


def judge(rule: RiskRule, **values: float | None) -> bool | None:
    (found,) = findings_of([rule], CONDITIONS, signals(**values))
    return found.holds


def rule(*when: str) -> RiskRule:
    return replace(FELL, when=tuple(map(parse_clause, when)))


@pytest.mark.parametrize(
    ("when", "values", "holds"),
    [
        (["own.order_change <= -0.5"], {"order_change": -0.6}, True),
        (["own.order_change <= -0.5"], {"order_change": 0.1}, False),
        (["own.order_change <= -0.5"], {"order_change": None}, None),
        (["own.order_change unknown"], {"order_change": None}, True),
        (["own.order_change known"], {"order_change": None}, False),
        (["own.order_change <= -0.5", "own.orders_90d < 3"], {"order_change": None, "orders": 5}, False),
        (["own.order_change <= -0.5", "own.orders_90d < 3"], {"order_change": None, "orders": 2}, None),
        (["bad"], {"judgment": None, "insolvency": 1}, True),
        (["bad"], {"judgment": None, "insolvency": 0}, None),
        (["bad"], {"judgment": 0, "insolvency": 0}, False),
    ],
)
def test_what_is_unknown_is_neither_found_nor_gone(
    when: list[str], values: dict[str, float | None], *, holds: bool | None
) -> None:
    assert judge(rule(*when), **values) is holds


def test_a_finding_says_what_it_rests_on() -> None:
    (found,) = findings_of([rule("bad")], CONDITIONS, signals(judgment=1, insolvency=0))
    assert found.evidence == (
        {"signal": "fact.judgment", "value": 1},
        {"signal": "fact.insolvency", "value": 0},
    )


def risk(**changes: Any) -> Risk:
    made = Risk(
        id="1" * 32,
        subject=SubjectId("ref:DEMO:1"),
        kind="market",
        text={"en": "fell", "zh": "下降"},
        rating=FELL.rating,
        rule=FELL.name,
        owner=None,
        evidence=({"signal": "own.order_change", "value": -0.6},),
        state="open",
        found_at=NOON,
        found_by="system",
        changed_at=NOON,
        holds=True,
    )
    return replace(made, **changes)


def finding(value: float | None) -> Finding:
    (found,) = findings_of([FELL], {}, signals(order_change=value))
    return found


@pytest.mark.parametrize(
    ("state", "held", "value", "what"),
    [
        ("open", True, -0.6, None),
        ("open", True, -0.7, "seen"),
        ("open", True, 0.0, "passed"),
        ("open", True, None, None),
        ("open", False, 0.0, None),
        ("open", False, -0.6, "seen"),
        ("accepted", False, -0.6, "seen"),
        ("mitigated", True, -0.6, None),
        ("mitigated", False, -0.6, "reopened"),
        ("closed", True, -0.6, None),
        ("closed", True, 0.0, "passed"),
        ("closed", False, None, None),
        ("closed", False, -0.6, "reopened"),
    ],
)
def test_what_becomes_of_a_risk(state: State, value: float | None, what: str | None, *, held: bool) -> None:
    changes = changes_of([risk(state=state, holds=held)], [finding(value)])
    assert [change.what for change in changes] == ([] if what is None else [what])


def test_a_new_one_and_one_of_a_person_s() -> None:
    own = risk(rule=None, holds=None)
    assert changes_of([own], [finding(-0.6)]) == [Change(what="found", finding=finding(-0.6), risk=None)]
    assert changes_of([own], [finding(0.0)]) == []
    assert changes_of([own], [finding(None)]) == []


@given(st.lists(st.one_of(st.none(), st.floats(-1, 1)), max_size=8), st.sampled_from(STATES))
def test_the_same_signals_again_change_nothing(values: list[float | None], state: State) -> None:
    held: Risk | None = None
    for value in values:
        for again in range(2):
            changes = changes_of([] if held is None else [held], [finding(value)])
            assert not (again and changes)
            for change in changes:
                held = risk(
                    state="open" if change.what in ("found", "reopened") else (held or risk()).state,
                    holds=change.what != "passed",
                    evidence=(held or risk()).evidence
                    if change.what == "passed"
                    else change.finding.evidence,
                )
        held = None if held is None else replace(held, state=state)
