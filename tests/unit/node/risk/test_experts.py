"""Expert assessments: what one person may do, what takes two, which grade is in force, and for how long."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from support_people import ADMIN, ANALYST, APPROVER, AUDITOR, COMPLIANCE
from support_simulation import StillClock

from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.ids import SubjectId
from node.errors import AuditChainError, ExpertStateError, NotFoundError
from node.risk.audit import AuditChain
from node.risk.experts import Experts, Opinion, Opinions
from node.risk.grades import Grade
from node.risk.kinds import Rating
from node.risk.roles import SYSTEM, Actor
from node.storage.database import Database
from node.storage.public_schema import public_alias

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBJECT, OTHER = SubjectId("ref:DEMO:1"), SubjectId("ref:DEMO:2")
OPINION = Opinion(
    grade="D",
    ratings={"credit": Rating(probability=4, impact=5), "legal": Rating(probability=2, impact=2)},
    reason="orders fell after the founder left",
    evidence=("call of 28 February", "annual report 2025"),
    expires_on=date(2026, 6, 30),
)


class Node:
    """One node's experts, with a model that says what it is told to."""

    def __init__(self, database: Database) -> None:
        self.clock, self.database = StillClock(NOON), database
        self.model: Grade = "C"
        self.audit = AuditChain(database)
        self.experts = Experts(database, self.clock, self.audit, model_grade=lambda _subject: self.model)
        self._made = 0

    def assess(self, actor: Actor, grade: Grade, **changes: Any) -> str:
        """Assess, and return the new assessment's id."""
        self._made += 1
        made = f"{self._made:032x}"
        self.experts.assess(actor, SUBJECT, replace(OPINION, grade=grade, **changes), assessment_id=made)
        return made

    def view(self) -> Opinions:
        return self.experts.view(SYSTEM, SUBJECT)

    def states(self) -> list[str]:
        """Return how each assessment stands, the oldest first."""
        return [one["state"] for one in reversed(self.view().describe()["assessments"])]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    database = Database(tmp_path / "node.sqlite")
    yield Node(database)
    database.close()


@pytest.mark.parametrize("grade", ["C", "D", "E"])
def test_a_grade_that_is_no_better_is_in_force_by_one_person_s_word(node: Node, grade: Grade) -> None:
    node.assess(ANALYST, grade)
    shown = node.view().describe()
    assert (shown["in_force"], shown["grade"], shown["model_grade"]) == ("expert", grade, "C")
    assert node.states() == ["in_force"]


@pytest.mark.parametrize("grade", ["A", "B"])
def test_a_better_grade_waits_for_a_second_person(node: Node, grade: Grade) -> None:
    made = node.assess(ANALYST, grade)
    assert (node.view().grade, node.states()) == ("C", ["pending"])
    assert node.experts.of(SUBJECT) is None
    node.experts.confirm(APPROVER, SUBJECT, made)
    assert (node.view().grade, node.states()) == (grade, ["in_force"])
    found = node.experts.of(SUBJECT)
    assert found is not None
    assert (found.by, found.confirmed_by) == (ANALYST.name, APPROVER.name)


@pytest.mark.parametrize("actor", [ANALYST, COMPLIANCE, ADMIN, AUDITOR, SYSTEM])
def test_only_the_right_role_confirms(node: Node, actor: Actor) -> None:
    made = node.assess(COMPLIANCE, "A")
    with pytest.raises(NotPermittedError):
        node.experts.confirm(actor, SUBJECT, made)
    assert node.states() == ["pending"]


def test_nobody_confirms_their_own_in_whatever_role(node: Node) -> None:
    made = node.assess(ANALYST, "A")
    own = [node.assess(APPROVER, "A"), APPROVER], [made, Actor(name=ANALYST.name, role="approver")]
    for assessment, actor in own:
        with pytest.raises(NotPermittedError):
            node.experts.confirm(actor, SUBJECT, assessment)  # type: ignore[arg-type]


def test_nothing_is_confirmed_twice_nor_what_does_not_wait(node: Node) -> None:
    made = node.assess(ANALYST, "A")
    node.experts.confirm(APPROVER, SUBJECT, made)
    lower = node.assess(ANALYST, "E")
    for one in (made, lower):
        with pytest.raises(ExpertStateError):
            node.experts.confirm(APPROVER, SUBJECT, one)
    with pytest.raises(NotFoundError):
        node.experts.confirm(APPROVER, SUBJECT, "0" * 32)
    with pytest.raises(NotFoundError):
        node.experts.confirm(APPROVER, OTHER, made)


def test_where_nothing_is_known_any_grade_but_the_worst_takes_two(node: Node) -> None:
    node.model = "U"
    for grade, states in (("D", ["pending"]), ("E", ["replaced", "in_force"])):
        node.assess(ANALYST, grade)  # type: ignore[arg-type]
        assert node.states() == states


def test_what_lowers_is_not_lifted_by_one_person(node: Node) -> None:
    """Neither by a new assessment, nor by taking the old one back, nor by its own author."""
    lower = node.assess(APPROVER, "E")
    node.assess(ANALYST, "C")
    assert node.view().grade == "E"
    for actor in (ANALYST, COMPLIANCE, APPROVER):
        with pytest.raises(NotPermittedError):
            node.experts.withdraw(actor, SUBJECT, lower, "not so bad")
    node.experts.withdraw(Actor(name="second", role="approver"), SUBJECT, lower, "not so bad")
    assert node.view().grade == "C"


def test_a_model_that_changes_meanwhile_lets_nobody_lift_a_grade_alone(node: Node) -> None:
    node.assess(APPROVER, "D")
    lower = "f" * 32

    def model_before_it_changes(_: SubjectId) -> Grade:
        """Tell the grade as it was, and let it get better before the decision is written down."""
        node.experts.assess(ANALYST, SUBJECT, replace(OPINION, grade="E"), assessment_id=lower)
        return "E"

    deciding = Experts(node.database, node.clock, node.audit, model_grade=model_before_it_changes)
    with pytest.raises(NotPermittedError):
        deciding.withdraw(ANALYST, SUBJECT, lower, "not so bad")
    assert node.view().grade == "E"
    # The other decisions keep the model's grade that they rest on, and stand beside no worse one.
    node.experts.confirm(APPROVER, SUBJECT, node.assess(ANALYST, "C"))
    node.model = "B"
    made, node.model = node.assess(ANALYST, "C"), "D"
    assert (node.view().grade, node.states()[-1]) == ("D", "lapsed")
    assert node.experts.view(SYSTEM, SUBJECT).history[-1].id == made


def test_what_raises_or_waits_is_taken_back_by_one(node: Node) -> None:
    raised = node.assess(ANALYST, "A")
    node.experts.confirm(APPROVER, SUBJECT, raised)
    waiting = node.assess(COMPLIANCE, "B")
    for one in (waiting, raised):
        node.experts.withdraw(ANALYST, SUBJECT, one, "I was wrong")
    assert (node.view().grade, node.states()) == ("C", ["withdrawn", "withdrawn"])
    with pytest.raises(ExpertStateError):
        node.experts.withdraw(ANALYST, SUBJECT, raised, "again")


def test_a_new_one_replaces_what_was_in_force_and_what_waited(node: Node) -> None:
    first = node.assess(ANALYST, "D")
    waiting = node.assess(ANALYST, "B")
    again = node.assess(COMPLIANCE, "A")
    assert node.states() == ["in_force", "replaced", "pending"]
    with pytest.raises(ExpertStateError):
        node.experts.confirm(APPROVER, SUBJECT, waiting)
    node.experts.confirm(APPROVER, SUBJECT, again)
    assert (node.view().grade, node.states()) == ("A", ["replaced", "replaced", "in_force"])
    with pytest.raises(ExpertStateError):
        node.experts.withdraw(ANALYST, SUBJECT, first, "late")


def test_it_ends_with_its_last_day(node: Node) -> None:
    node.assess(ANALYST, "E", expires_on=date(2026, 3, 2))
    node.clock.time = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    assert node.view().grade == "E"
    node.clock.time += timedelta(minutes=1)
    assert (node.view().grade, node.states()) == ("C", ["expired"])


def test_what_waited_too_long_cannot_be_confirmed(node: Node) -> None:
    made = node.assess(ANALYST, "A", expires_on=date(2026, 3, 2))
    node.clock.time += timedelta(days=2)
    with pytest.raises(ExpertStateError):
        node.experts.confirm(APPROVER, SUBJECT, made)


def test_a_model_that_gets_worse_is_not_overruled_by_old_words(node: Node) -> None:
    node.assess(ANALYST, "C")
    node.model = "E"
    assert (node.view().grade, node.states()) == ("E", ["lapsed"])
    node.experts.confirm(APPROVER, SUBJECT, node.assess(ANALYST, "B"))
    assert node.view().grade == "B"
    node.model = "U"
    assert node.view().grade == "B"
    node.model = "C"
    assert node.view().grade == "B"


def test_a_confirmed_one_lapses_when_the_model_falls_below_what_was_confirmed(node: Node) -> None:
    node.experts.confirm(APPROVER, SUBJECT, node.assess(ANALYST, "A"))
    node.model = "D"
    assert (node.view().grade, node.states()) == ("D", ["lapsed"])
    node.model = "C"
    assert node.view().grade == "A"


def test_the_same_id_again_changes_nothing(node: Node) -> None:
    for _ in range(2):
        node.experts.assess(ANALYST, SUBJECT, OPINION, assessment_id="a" * 32)
    assert node.states() == ["in_force"]


def test_all_at_once_and_other_subjects(node: Node) -> None:
    node.assess(ANALYST, "D")
    node.experts.assess(ANALYST, OTHER, replace(OPINION, grade="A"), assessment_id="b" * 32)
    assert {subject: one.grade for subject, one in node.experts.of_all().items()} == {SUBJECT: "D"}
    assert node.experts.of(OTHER) is None


def join(node: Node) -> None:
    """Let the log say that the two are one customer."""
    with node.database.write() as connection:
        connection.execute(public_alias.insert(), {"other": SUBJECT, "primary": OTHER})


def test_an_alias_that_came_since_hides_nothing_and_the_newer_counts(node: Node) -> None:
    waiting = node.assess(ANALYST, "A")
    node.experts.assess(APPROVER, OTHER, replace(OPINION, grade="D"), assessment_id="b" * 32)
    join(node)
    for subject in (SUBJECT, OTHER):
        shown = node.experts.view(SYSTEM, subject).describe()
        assert (shown["grade"], [one["state"] for one in shown["assessments"]]) == (
            "D",
            ["in_force", "pending"],
        )
        assert node.experts.of(subject) == node.experts.of_all()[subject]
    node.clock.time += timedelta(hours=1)
    # What was made under one id is confirmed under the other, and takes the place of both's.
    assert node.experts.confirm(APPROVER, OTHER, waiting).grade == "A"
    assert node.states() == ["in_force", "replaced"]
    node.experts.withdraw(ANALYST, OTHER, waiting, "I was wrong")
    assert (node.view().grade, node.states()) == ("C", ["withdrawn", "replaced"])
    node.audit.verify()


def test_an_alias_replaces_nothing_by_itself(node: Node) -> None:
    """Two that stood under an id each: the newer one that has not expired counts, and then the older."""
    older = node.assess(ANALYST, "E")
    node.clock.time += timedelta(hours=1)
    newer = replace(OPINION, grade="D", expires_on=date(2026, 3, 2))
    node.experts.assess(ANALYST, OTHER, newer, assessment_id=older)
    join(node)
    assert (node.view().grade, node.states()) == ("D", ["replaced", "in_force"])
    node.clock.time += timedelta(days=2)
    assert (node.view().grade, node.states()) == ("E", ["in_force", "expired"])
    # A later word is of both, and for good.
    last = node.assess(ANALYST, "E")
    assert node.states() == ["replaced", "replaced", "in_force"]
    node.experts.withdraw(APPROVER, OTHER, last, "paid")
    assert node.view().grade == "C"


def test_every_decision_and_look_is_in_the_chain(node: Node) -> None:
    made = node.assess(ANALYST, "A")
    node.experts.confirm(APPROVER, SUBJECT, made)
    node.experts.view(AUDITOR, SUBJECT)
    node.experts.withdraw(COMPLIANCE, SUBJECT, made, "wrong customer")
    rows = node.audit.rows(limit=9, subject=SUBJECT)
    assert [(row.actor, row.action) for row in rows] == [
        (ANALYST, "expert.assessed"),
        (APPROVER, "expert.confirmed"),
        (AUDITOR, "expert.viewed"),
        (COMPLIANCE, "expert.withdrawn"),
    ]
    assert rows[3].content == {"id": made, "reason": "wrong customer"}
    node.audit.verify()


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE audit SET content = replace(content, '"grade":"D"', '"grade":"A"')""",
        """UPDATE audit SET content = replace(content, 'second"\\:true', 'second"\\:false')""",
        "UPDATE audit SET actor = 'somebody'",
        "UPDATE audit SET action = 'expert.confirmed' WHERE action = 'expert.viewed'",
    ],
)
def test_an_edited_history_is_refused_when_it_is_read(node: Node, change: str) -> None:
    node.assess(ANALYST, "D")
    node.assess(ANALYST, "A")
    node.view()
    with node.database.write() as connection:
        connection.execute(text(change))
    for read in (lambda: node.experts.of(SUBJECT), node.experts.of_all, node.view, node.audit.verify):
        with pytest.raises(AuditChainError):
            read()


@pytest.mark.parametrize(
    "changes",
    [
        {"grade": "U"},
        {"ratings": {}},
        {"ratings": {"weather": Rating(probability=1, impact=1)}},
        {"reason": " "},
        {"reason": "x" * 2_001},
        {"evidence": ()},
        {"evidence": ("",)},
        {"evidence": ("x",) * 21},
    ],
)
def test_what_is_no_opinion_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        replace(OPINION, **changes)


@pytest.mark.parametrize("place", [{"probability": 0}, {"probability": 6}, {"impact": 0}, {"impact": 6}])
def test_what_is_no_rating_is_refused(place: dict[str, int]) -> None:
    with pytest.raises(MalformedError):
        Rating(**{"probability": 3, "impact": 3, **place})


@pytest.mark.parametrize("day", [date(2026, 2, 28), date(2027, 3, 3)])
def test_an_expiry_that_has_passed_or_is_too_far_is_refused(node: Node, day: date) -> None:
    with pytest.raises(MalformedError):
        node.assess(ANALYST, "D", expires_on=day)
    assert node.states() == []


@pytest.mark.parametrize("actor", [ADMIN, AUDITOR, SYSTEM])
def test_who_has_not_the_role_says_nothing(node: Node, actor: Actor) -> None:
    with pytest.raises(NotPermittedError):
        node.assess(actor, "D")
    made = node.assess(ANALYST, "A")
    with pytest.raises(NotPermittedError):
        node.experts.withdraw(actor, SUBJECT, made, "no")
    with pytest.raises(NotPermittedError):
        node.experts.view(ADMIN, SUBJECT)
