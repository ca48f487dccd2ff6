"""Whatever experts do: no grade in force is better than the model's by one person's word."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hanse_ledger.ids import SubjectId
from node.risk.audit import AuditRow
from node.risk.expert import ASSESSED, CONFIRMED, WITHDRAWN, Expert, history_of, is_better, standing
from node.risk.grades import GRADES, Grade
from node.risk.roles import Actor

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SUBJECT = SubjectId("ref:DEMO:1")
PEOPLE = ("ann", "bo", "cy")
Step = tuple[str, str, int, Grade, Grade, int]

steps = st.lists(
    st.tuples(
        st.sampled_from([ASSESSED, ASSESSED, CONFIRMED, WITHDRAWN]),
        st.sampled_from(PEOPLE),
        st.integers(0, 5),
        st.sampled_from(GRADES[:-1]),
        st.sampled_from(GRADES),
        st.integers(0, 40),
    ),
    max_size=12,
)


def rows_of(taken: list[Step]) -> list[AuditRow]:
    """Return what the service lets through of some steps, one a day; they name assessments by their place."""
    rows = list[AuditRow]()
    for number, (action, name, place, grade, model, days) in enumerate(taken):
        history, today = history_of(rows), (BEGIN + timedelta(days=number)).date()
        content: dict[str, Any] = {"id": str(place), "model_grade": model}
        if action == ASSESSED:
            before = standing(history, on=today)
            now = None if before is None else before.grade_beside(model, on=today)
            worse = model if now is None or is_better(now, model) else now
            content |= {
                "id": str(number),
                "grade": grade,
                "ratings": {"credit": {"probability": 1, "impact": 1}},
                "reason": "r",
                "evidence": ["e"],
                "expires_on": (today + timedelta(days=days)).isoformat(),
                "needs_second": is_better(grade, worse),
            }
        elif not _is_allowed(
            action, name, next((one for one in history if one.id == str(place)), None), today
        ):
            continue
        rows.append(
            AuditRow(
                number=number,
                at=BEGIN + timedelta(days=number),
                actor=Actor(name=name, role="approver"),
                action=action,
                subject=SUBJECT,
                content=content,
                line=b"",
            )
        )
    return rows


def _is_allowed(action: str, name: str, one: Expert | None, today: date) -> bool:
    if one is None or one.is_over:
        return False
    return action == WITHDRAWN or (one.is_pending and one.by != name and today <= one.expires_on)


@given(steps, st.sampled_from(GRADES), st.integers(0, 60))
def test_a_better_grade_than_the_model_s_has_two_people_behind_it(
    taken: list[Step], model: Grade, day: int
) -> None:
    history, on = history_of(rows_of(taken)), (BEGIN + timedelta(days=day)).date()
    found = standing(history, on=on)
    grade = None if found is None else found.grade_beside(model, on=on)
    if found is not None and grade is not None and is_better(grade, model):
        assert found.confirmed_by is not None
        assert found.confirmed_by != found.by
        assert not is_better(found.beside, model)
    if found is not None and grade is not None:
        assert on <= found.expires_on


@given(steps)
def test_at_most_one_stands_and_at_most_one_waits(taken: list[Step]) -> None:
    history = history_of(rows_of(taken))
    live = [one for one in history if not one.is_over]
    assert sum(not one.is_pending for one in live) <= 1
    assert sum(one.is_pending for one in live) <= 1
    assert standing(history, on=BEGIN.date()) in [None, *[one for one in live if not one.is_pending]]
