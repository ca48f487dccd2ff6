"""Reviews of one node: what is due and overdue, recording one, what it sets, and the calendar file."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from support_consortium import ALDER
from support_people import ADMIN, ANALYST, AUDITOR, Bench, add_people

from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.ids import SubjectId
from node.own.customers import Customer
from node.risk.reviews.feed import calendar_of
from node.risk.reviews.service import Done, Reviews
from node.risk.roles import SYSTEM, Actor
from node.storage.public_schema import public_alias

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
OLD, NEW = SubjectId("ref:DEMO:1"), SubjectId("ref:DEMO:2")
DONE = Done(looked_at=("report", "last year's accounts"), decision="keep the limit")
REVIEW = "a" * 32


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A firm that has billed one customer for two years, and another one since a week."""
    made = Bench(tmp_path, NOW)
    add_people(made.own)
    made.own.customers.put([Customer(number="4711", name="Alder Ltd", subject=OLD)])
    made.bill(
        (OLD, "1", "2024-09-01", "2024-10-01", "2024-09-30", 10_000),
        (OLD, "2", "2026-08-01", "2026-10-01", None, 10_000),
        (NEW, "3", "2026-08-25", "2026-10-01", None, 10_000),
    )
    yield made
    made.close()


@pytest.fixture
def reviews(bench: Bench) -> Reviews:
    return bench.own.reviews


def test_who_was_never_reviewed_is_due_by_the_first_dealings(reviews: Reviews) -> None:
    found = reviews.due(ANALYST, is_all=True)
    assert [(one.subject, one.customers, one.when(reviews.today)) for one in found] == [
        (OLD, ("4711",), "overdue"),
        (NEW, (), "later"),
    ]
    assert [one.since for one in found] == [date(2024, 9, 1), date(2026, 8, 25)]
    assert [one.subject for one in reviews.due(ANALYST)] == [OLD]


def test_a_review_sets_the_next(bench: Bench, reviews: Reviews) -> None:
    months = reviews.due(ANALYST)[0]
    for _ in range(2):
        made = reviews.record(ANALYST, OLD, DONE, review_id=REVIEW)
    assert (made.by, made.grade, made.looked_at) == ("ann", months.grade, DONE.looked_at)
    assert made.next_on > reviews.today
    assert reviews.due(ANALYST) == []
    assert reviews.next_of(OLD).due_on == made.next_on
    assert [one.id for one in reviews.of(AUDITOR, OLD)] == [REVIEW]
    bench.clock.time = datetime.combine(made.next_on - timedelta(days=30), datetime.min.time(), UTC)
    assert next(one.when(reviews.today) for one in reviews.due(ANALYST)) == "due"
    bench.clock.time += timedelta(days=31)
    assert "overdue" in [one.when(reviews.today) for one in reviews.due(ANALYST)]


def test_an_alias_that_came_since_hides_neither_dealings_nor_reviews(bench: Bench, reviews: Reviews) -> None:
    reviews.record(ANALYST, OLD, DONE, review_id=REVIEW)
    before = reviews.next_of(OLD)
    with bench.database.write() as connection:
        connection.execute(public_alias.insert(), {"other": OLD, "primary": NEW})
    # The two are one customer from now on: it was reviewed, and has been one for as long as the older.
    (found,) = reviews.due(ANALYST, is_all=True)
    assert (found.subject, found.customers, found.since) == (NEW, ("4711",), before.since)
    assert reviews.next_of(OLD).due_on == reviews.next_of(NEW).due_on == found.due_on
    assert [one.id for one in reviews.of(AUDITOR, NEW)] == [REVIEW]


def test_a_sooner_day_is_taken_and_a_later_one_refused(reviews: Reviews) -> None:
    soon = reviews.today + timedelta(days=7)
    done = Done(looked_at=("report",), decision="wait for the accounts", next_on=soon)
    assert reviews.record(ANALYST, OLD, done, review_id=REVIEW).next_on == soon
    for day in (reviews.today, reviews.today + timedelta(days=800)):
        late = Done(looked_at=("report",), decision="x", next_on=day)
        with pytest.raises(MalformedError):
            reviews.record(ANALYST, OLD, late, review_id="b" * 32)


def test_another_review_s_id_is_refused(reviews: Reviews) -> None:
    reviews.record(ANALYST, OLD, DONE, review_id=REVIEW)
    with pytest.raises(MalformedError):
        reviews.record(ANALYST, NEW, DONE, review_id=REVIEW)


def test_everything_is_written_down(bench: Bench, reviews: Reviews) -> None:
    reviews.due(ANALYST)
    reviews.record(ANALYST, OLD, DONE, review_id=REVIEW)
    reviews.of(AUDITOR, OLD)
    reviews.feed(ANALYST)
    rows = bench.own.audit.rows(limit=99)[-4:]
    assert [(row.actor.name, row.action, row.subject) for row in rows] == [
        ("ann", "reviews.listed", None),
        ("ann", "review.recorded", OLD),
        ("di", "review.viewed", OLD),
        ("ann", "reviews.fed", None),
    ]
    assert rows[1].content["decision"] == DONE.decision


@pytest.mark.parametrize("actor", [ADMIN, AUDITOR, SYSTEM])
def test_who_has_not_the_role_records_nothing(reviews: Reviews, actor: Actor) -> None:
    with pytest.raises(NotPermittedError):
        reviews.record(actor, OLD, DONE, review_id=REVIEW)
    with pytest.raises(NotPermittedError):
        reviews.feed(actor)
    with pytest.raises(NotPermittedError):
        reviews.due(ADMIN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"looked_at": (), "decision": "x"},
        {"looked_at": ("",), "decision": "x"},
        {"looked_at": ("x",) * 21, "decision": "x"},
        {"looked_at": ("x",), "decision": " "},
        {"looked_at": ("x",), "decision": "a terminal\x1b[2J"},
        {"looked_at": ("x",), "decision": "x" * 2_001},
    ],
)
def test_what_is_no_review_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Done(**wrong)


def test_a_calendar_program_reads_the_file_and_learns_no_more_than_the_number(reviews: Reviews) -> None:
    due = reviews.feed(ANALYST)
    raw = calendar_of(ALDER, due, made_at=NOW)
    calendar = Calendar.from_ical(raw)
    events: list[Any] = calendar.walk("VEVENT")
    assert [event["DTSTART"].dt for event in events] == [one.due_on for one in due]
    assert [event["DTEND"].dt - event["DTSTART"].dt for event in events] == [timedelta(days=1)] * 2
    assert "4711" in str(events[0]["SUMMARY"])
    assert len({str(event["UID"]) for event in events}) == 2
    for secret in (OLD, "Alder Ltd", "10000", "100.00"):
        assert secret.encode() not in raw
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))


def test_an_entry_moves_and_stays_the_same(bench: Bench, reviews: Reviews) -> None:
    def uid_and_day() -> tuple[str, date]:
        raw = calendar_of(ALDER, [reviews.next_of(OLD)], made_at=bench.clock.now())
        event: Any = Calendar.from_ical(raw).walk("VEVENT")[0]
        return str(event["UID"]), event["DTSTART"].dt

    before = uid_and_day()
    reviews.record(ANALYST, OLD, DONE, review_id=REVIEW)
    after = uid_and_day()
    assert before[0] == after[0]
    assert before[1] < after[1]
