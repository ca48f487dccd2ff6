"""The register of one node: rules run over real books, people's entries, states, and what is written down."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support_people import ADMIN, ANALYST, APPROVER, AUDITOR, COMPLIANCE, Bench, add_people

from hanse_ledger.errors import MalformedError, NotPermittedError, UnavailableError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError, PersonStateError, RiskStateError
from node.risk.events import record_event
from node.risk.kinds import Rating
from node.risk.register.risk import FOLLOWING, STATES, Risk, State
from node.risk.register.service import Entry, Register, Said
from node.risk.roles import SYSTEM, Actor
from node.storage.database import Moment
from node.storage.public_schema import public_alias

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
SUBJECT, OTHER = SubjectId("ref:DEMO:1"), SubjectId("ref:DEMO:2")
ENTRY = Entry(
    kind="operational",
    text="the plant stands on one supplier",
    rating=Rating(probability=2, impact=4),
    evidence=("visit in May",),
)
RISK = "a" * 32


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, NOW)
    add_people(made.own)
    yield made
    made.close()


@pytest.fixture
def register(bench: Bench) -> Register:
    return bench.own.register


def order(bench: Bench, day: datetime, reference: str) -> None:
    invoiced = day.date().isoformat()
    due = (day + timedelta(days=30)).date().isoformat()
    bench.bill((SUBJECT, reference, invoiced, due, invoiced, 10_000))


def fall(bench: Bench) -> None:
    """Let ten orders of one quarter be followed by two."""
    for number in range(10):
        order(bench, NOW - timedelta(days=100 + 5 * number), f"before {number}")
    for number in range(2):
        order(bench, NOW - timedelta(days=10 + 5 * number), f"after {number}")


def only(risks: list[Risk]) -> Risk:
    (found,) = risks
    return found


def test_a_sudden_fall_of_orders_is_found_once(bench: Bench, register: Register) -> None:
    fall(bench)
    assert register.find(SYSTEM) == {"found": 1, "reopened": 0, "seen": 0, "passed": 0}
    found = only(register.of(ANALYST, SUBJECT))
    assert (found.rule, found.kind, found.state, found.found_by) == (
        "orders-fell",
        "market",
        "open",
        "system",
    )
    (evidence,) = found.evidence
    assert evidence == {"signal": "own.order_change", "value": pytest.approx(-0.8)}
    head = bench.own.audit.head()
    assert sum(register.find(SYSTEM).values()) == 0
    assert bench.own.audit.head() == head
    assert register.find(ANALYST, [OTHER]) == {"found": 0, "reopened": 0, "seen": 0, "passed": 0}


def test_it_is_opened_again_when_it_comes_back_and_not_before(bench: Bench, register: Register) -> None:
    fall(bench)
    register.find(SYSTEM)
    risk = only(register.of(ANALYST, SUBJECT))
    register.change(ANALYST, SUBJECT, risk.id, Said(reason="they told us why", state="closed"))
    assert sum(register.find(SYSTEM).values()) == 0
    assert only(register.of(ANALYST, SUBJECT)).state == "closed"
    for number in range(8):
        order(bench, NOW - timedelta(days=number), f"again {number}")
    assert register.find(SYSTEM)["passed"] == 1
    bench.clock.time += timedelta(days=95)
    order(bench, bench.clock.now(), "last")
    assert register.find(SYSTEM)["reopened"] == 1
    again = only(register.of(ANALYST, SUBJECT))
    assert (again.id, again.state, again.holds) == (risk.id, "open", True)
    actions = [row.action for row in bench.own.audit.rows(limit=99, subject=SUBJECT)]
    assert [one for one in actions if one != "register.viewed"] == [
        "register.found",
        "register.changed",
        "register.passed",
        "register.reopened",
    ]


def test_a_person_enters_a_risk_once(bench: Bench, register: Register) -> None:
    for _ in range(2):
        made = register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    assert (made.owner, made.found_by, made.rule, made.holds) == ("ann", "ann", None, None)
    assert (made.text, made.rating) == (dict.fromkeys(("en", "zh"), ENTRY.text), ENTRY.rating)
    assert only(register.of(AUDITOR, SUBJECT)) == made
    rows = bench.own.audit.rows(limit=99, subject=SUBJECT)
    assert [(row.actor.name, row.action) for row in rows] == [
        ("ann", "register.entered"),
        ("di", "register.viewed"),
    ]
    assert rows[0].content["text"] == made.text


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", STATES)
def test_states_follow_as_the_table_says(register: Register, before: State, after: State) -> None:
    register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    if before != "open":
        register.change(APPROVER, SUBJECT, RISK, Said(reason="x", state=before))
    if after in FOLLOWING[before]:
        assert register.change(APPROVER, SUBJECT, RISK, Said(reason="x", state=after)).state == after
    else:
        with pytest.raises(RiskStateError):
            register.change(APPROVER, SUBJECT, RISK, Said(reason="x", state=after))


@pytest.mark.parametrize(("actor", "may"), [(ANALYST, False), (APPROVER, True), (COMPLIANCE, True)])
def test_accepting_takes_a_role_that_may(register: Register, actor: Actor, *, may: bool) -> None:
    register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    if may:
        assert register.change(actor, SUBJECT, RISK, Said(reason="x", state="accepted")).state == "accepted"
    else:
        with pytest.raises(NotPermittedError):
            register.change(actor, SUBJECT, RISK, Said(reason="x", state="accepted"))


def test_owner_and_rating_change_with_a_reason(bench: Bench, register: Register) -> None:
    register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    rating = Rating(probability=5, impact=1)
    changed = register.change(COMPLIANCE, SUBJECT, RISK, Said(reason="y", owner="bo", rating=rating))
    assert (changed.owner, changed.rating, changed.state) == ("bo", rating, "open")
    row = bench.own.audit.rows(limit=99, subject=SUBJECT)[-1]
    assert row.content == {
        "id": RISK,
        "reason": "y",
        "before": {"owner": "ann", "probability": 2, "impact": 4},
        "after": {"owner": "bo", "probability": 5, "impact": 1},
    }


def test_a_rating_that_a_person_gave_is_not_undone_by_the_rule(bench: Bench, register: Register) -> None:
    fall(bench)
    register.find(SYSTEM)
    risk, rating = only(register.of(ANALYST, SUBJECT)), Rating(probability=1, impact=1)
    register.change(ANALYST, SUBJECT, risk.id, Said(reason="z", rating=rating))
    order(bench, NOW, "one more")
    assert register.find(SYSTEM)["seen"] == 1
    assert only(register.of(ANALYST, SUBJECT)).rating == rating


def test_an_alias_that_came_since_hides_no_risk(bench: Bench, register: Register) -> None:
    fall(bench)
    register.find(SYSTEM)
    register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    with bench.database.write() as connection:
        connection.execute(public_alias.insert(), {"other": SUBJECT, "primary": OTHER})
    # The rule goes on with what it found under the other id, alone or in a run over all.
    for subjects in ([OTHER], None):
        assert sum(register.find(SYSTEM, subjects).values()) == 0
    found = register.of(ANALYST, OTHER)
    assert [one.rule for one in found] == ["orders-fell", None]
    assert register.of(ANALYST, SUBJECT) == register.live()[OTHER] == register.live([OTHER])[OTHER] == found
    assert register.change(ANALYST, OTHER, RISK, Said(reason="x", state="closed")).state == "closed"


def test_what_is_not_there_is_not_found(register: Register) -> None:
    register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    for subject, risk_id in ((OTHER, RISK), (SUBJECT, "b" * 32)):
        with pytest.raises(NotFoundError):
            register.change(ANALYST, subject, risk_id, Said(reason="x", state="closed"))
    with pytest.raises(NotFoundError):
        register.change(ANALYST, SUBJECT, RISK, Said(reason="x", owner="nobody"))
    with pytest.raises(NotFoundError):
        register.enter(ANALYST, SUBJECT, replace(ENTRY, owner="nobody"), risk_id="c" * 32)


def test_an_owner_is_known_as_people_are_and_has_not_retired(bench: Bench, register: Register) -> None:
    bench.own.people.add(ADMIN, "Zo\u00eb", "analyst")
    made = register.enter(ANALYST, SUBJECT, replace(ENTRY, owner=" Zoe\u0308"), risk_id=RISK)
    assert made.owner == "Zo\u00eb"
    bench.own.people.retire(ADMIN, "bo")
    with pytest.raises(PersonStateError):
        register.change(ANALYST, SUBJECT, RISK, Said(reason="x", owner="bo"))


def test_lists_go_on_and_choose(bench: Bench, register: Register) -> None:
    for number in range(5):
        kind: Any = ("market", "legal")[number % 2]
        register.enter(ANALYST, SUBJECT, replace(ENTRY, kind=kind), risk_id=f"{number:032x}")
    register.change(ANALYST, SUBJECT, f"{1:032x}", Said(reason="x", state="closed"))
    numbers = [number for number, _ in register.listed(AUDITOR, limit=3)]
    assert next(number for number, _ in register.listed(AUDITOR, after=numbers[1])) == numbers[2]
    assert [risk.id for _, risk in register.listed(AUDITOR, kind="legal", state="open")] == [f"{3:032x}"]
    assert len(register.live()[SUBJECT]) == 4
    assert bench.own.audit.rows(limit=99)[-1].content == {"state": "open", "kind": "legal", "after": None}


@pytest.mark.parametrize("actor", [ADMIN, AUDITOR])
def test_who_has_not_the_role_changes_nothing(register: Register, actor: Actor) -> None:
    register.enter(ANALYST, SUBJECT, ENTRY, risk_id=RISK)
    for change in (
        lambda: register.find(actor),
        lambda: register.enter(actor, SUBJECT, ENTRY, risk_id="b" * 32),
        lambda: register.change(actor, SUBJECT, RISK, Said(reason="x", state="closed")),
        lambda: register.of(ADMIN, SUBJECT),
        lambda: register.listed(ADMIN),
    ):
        with pytest.raises(NotPermittedError):
            change()


@pytest.mark.parametrize("changes", [{"text": ""}, {"text": "x" * 501}, {"evidence": ("",)}])
def test_what_is_no_entry_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        replace(ENTRY, **changes)


@pytest.mark.parametrize("changes", [{"reason": "x"}, {"reason": " ", "state": "closed"}])
def test_what_is_no_change_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Said(**changes)


def work_off(bench: Bench) -> None:
    while bench.own.monitor.step():
        pass


def imported(bench: Bench) -> None:
    with bench.database.write() as connection:
        record_event(connection, kind="book_imported", key="1", subject=None, at=NOW)


def test_monitoring_runs_the_rules_and_the_same_event_again_finds_nothing_new(
    bench: Bench, register: Register
) -> None:
    fall(bench)
    for _ in range(2):
        imported(bench)
        work_off(bench)
    assert only(register.of(ANALYST, SUBJECT)).rule == "orders-fell"
    rows = bench.own.audit.rows(limit=99, subject=SUBJECT)
    assert (rows[0].actor, rows[0].action) == (SYSTEM, "register.found")
    assert sum(row.action == "register.found" for row in rows) == 1


def test_a_round_that_dies_leaves_no_risk_and_the_next_one_finds_it(bench: Bench, register: Register) -> None:
    fall(bench)
    imported(bench)
    written = list[int]()

    def die_in_the_second_write(moment: Moment) -> None:
        written.extend([1] * (moment == "in"))
        if len(written) == 2:
            raise UnavailableError("the disk is full")

    bench.database._probe = die_in_the_second_write  # the first says that the day is a new one
    with pytest.raises(UnavailableError):
        work_off(bench)
    assert len(written) == 2
    bench.database._probe = lambda _moment: None
    assert register.live() == {}
    work_off(bench)
    assert [risk.rule for risk in register.live()[SUBJECT]] == ["orders-fell"]
