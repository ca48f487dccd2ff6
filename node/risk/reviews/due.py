"""When a customer's next review is due. Pure.

A review sets the next one. It comes sooner if the customer's grade has fallen or its exposure has grown: what
counts is the policy's calendar for how things stand today, and never a later day than was set. Who was never
reviewed is due as long after the firm first had to do with it as the calendar says.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Literal, TypeAlias

from hanse_ledger.ids import SubjectId
from node.risk.grades import GRADES, Grade
from node.risk.policy.reviews import ReviewCalendar

_YEAR: Final = 12
SOON: Final = timedelta(days=30)
When: TypeAlias = Literal["overdue", "due", "later"]
"""`due`: within a month from today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """A customer's last review: its day, and the day that it set for the next."""

    on: date
    next_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A customer's next review; `since` is the last one's day, or that of the first dealings with it."""

    subject: SubjectId = field(repr=False)
    customers: tuple[str, ...] = field(repr=False)
    """The firm's own numbers of it."""
    grade: Grade
    impact: int | None
    exposure_minor: int | None = field(repr=False)
    reviewed_on: date | None
    since: date
    due_on: date

    def when(self, today: date) -> When:
        """Say how near it is."""
        if self.due_on < today:
            return "overdue"
        return "due" if self.due_on <= today + SOON else "later"

    @property
    def rank(self) -> tuple[date, int, int]:
        """Its place in a list: by day, then the worst grade and the largest exposure first."""
        return self.due_on, -GRADES.index(self.grade), -(self.exposure_minor or 0)

    def describe(self, today: date) -> dict[str, Any]:
        """Return it as it is shown."""
        return {
            "subject": self.subject,
            "customers": list(self.customers),
            "grade": self.grade,
            "impact": self.impact,
            "exposure_minor": self.exposure_minor,
            "reviewed_on": None if self.reviewed_on is None else self.reviewed_on.isoformat(),
            "due_on": self.due_on.isoformat(),
            "state": self.when(today),
        }


def after_months(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last one where it has none such."""
    month = day.year * _YEAR + day.month - 1 + months
    year, number = divmod(month, _YEAR)
    last = monthrange(year, number + 1)[1]
    return date(year, number + 1, min(day.day, last))


def due_on(
    calendar: ReviewCalendar, *, grade: Grade, impact: int | None, last: Last | None, since: date
) -> date:
    """Return the day by which a customer is to be reviewed; `since` counts where there was no review."""
    months = calendar.months_for(grade, impact)
    if last is None:
        return after_months(since, months)
    return min(last.next_on, after_months(last.on, months))
