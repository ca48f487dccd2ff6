"""When a review is due: by grade and exposure, sooner when things get worse, never later than was set."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.risk.grades import GRADES, Grade
from node.risk.policy.reviews import ExposureMonths, GradeMonths, ReviewCalendar
from node.risk.reviews.due import Last, after_months, due_on

CALENDAR = ReviewCalendar(exposures=(ExposureMonths(impact_at_least=4, months=4),))
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
impacts = st.one_of(st.none(), st.integers(1, 5))


@pytest.mark.parametrize(("grade", "months"), [("A", 12), ("B", 12), ("C", 6), ("D", 3), ("E", 3), ("U", 12)])
def test_the_default_calendar(grade: Grade, months: int) -> None:
    assert ReviewCalendar().months_for(grade, 5) == months


@pytest.mark.parametrize(
    ("grade", "impact", "months"), [("A", 3, 12), ("A", 4, 4), ("A", 5, 4), ("A", None, 12), ("D", 5, 3)]
)
def test_a_large_exposure_comes_sooner(grade: Grade, impact: int | None, months: int) -> None:
    assert CALENDAR.months_for(grade, impact) == months


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 15), 12, date(2027, 3, 15)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 6, date(2027, 6, 30)),
    ],
)
def test_months_are_counted_as_people_do(day: date, months: int, later: date) -> None:
    assert after_months(day, months) == later


@given(days, st.sampled_from(GRADES), impacts, st.integers(1, 700))
def test_it_is_never_later_than_set_nor_than_the_calendar(
    on: date, grade: Grade, impact: int | None, gap: int
) -> None:
    last = Last(on=on, next_on=on + timedelta(days=gap))
    due = due_on(CALENDAR, grade=grade, impact=impact, last=last, since=date.min)
    assert due <= last.next_on
    assert due <= after_months(on, CALENDAR.months_for(grade, impact))
    assert due > on


@given(days, st.integers(0, 3), impacts, st.one_of(st.none(), st.integers(1, 700)))
def test_a_worse_grade_is_never_due_later(on: date, place: int, impact: int | None, gap: int | None) -> None:
    last = None if gap is None else Last(on=on, next_on=on + timedelta(days=gap))
    better, worse = (
        due_on(CALENDAR, grade=grade, impact=impact, last=last, since=on)
        for grade in (GRADES[place], GRADES[place + 1])
    )
    assert worse <= better


def test_a_calendar_that_watches_the_worse_less_is_refused() -> None:
    with pytest.raises(ValueError, match="worse grade"):
        GradeMonths(C=3, D=6)
