"""What was known of a customer on a past day, and what became of its invoices in the three months after.

A case is a customer on the last day of a month with an invoice that could become more than 30 days late
within the next three months: unpaid on that day, or made later. Its outcome is whether one did. Nothing after
the day enters what was known: payments and losses that came later are taken back, windows that a later close
froze are left out, and so is everything of which it is not stored since when it was so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from hanse_ledger.ids import Month, SubjectId, month_at, month_end
from node.risk.estimate import estimates, evidence_of, learn
from node.risk.model.logistic import Features, features_of
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import Answered, Inputs, OwnInvoice

LATE_DAYS: Final = 30
HORIZON_MONTHS: Final = 3
_BOOK_MONTHS_LEAST: Final = 3
"""A younger book does not show yet how a customer buys and pays."""
_MONTHS_MOST: Final = 36
"""No cases are taken from further back: a firm and its customers change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A customer on a past day: what its signals said then, and whether an invoice became late after it."""

    subject: SubjectId = field(repr=False)
    day: date
    features: Features = field(repr=False)
    is_late: bool


def cases_of(inputs: Mapping[SubjectId, Inputs]) -> list[Case]:
    """Return the cases that a firm's history gives, by day and then by subject."""
    return [case for day in case_days(inputs) for case in _cases_on(inputs, day)]


def case_days(inputs: Mapping[SubjectId, Inputs]) -> list[date]:
    """Return the ends of months, from the fourth of the book on, whose time after is over on its day."""
    book_day = next((one.book_day for one in inputs.values()), None)
    first = min((line.invoice_date for one in inputs.values() for line in one.invoices), default=None)
    if book_day is None or first is None:
        return []
    months = range(month_at(date.fromordinal(first)) + _BOOK_MONTHS_LEAST, month_at(book_day) + 1)
    days = [month_end(Month(month)) for month in months]
    return [day for day in days if known_from(day) <= book_day][-_MONTHS_MOST:]


def known_from(day: date) -> date:
    """Return the day on which the outcome of a case of `day` is known: three months later."""
    return month_end(Month(month_at(day) + HORIZON_MONTHS))


def inputs_on(now: Inputs, day: date) -> Inputs:
    """Return what was known on the last day of a month; a month is taken as closed at the end of the next."""
    month, ordinal = month_at(day), day.toordinal()
    return replace(
        now,
        as_of=day,
        book_day=day,
        answered=None if now.answered is None else _answered_before(now.answered, month),
        rows=tuple(row for row in now.rows if row.counted_in < month),
        invoices=tuple(_line_on(line, ordinal) for line in now.invoices if line.invoice_date <= ordinal),
        limit_minor=None,
        facts=(),
        given={},
    )


def outcome_of(now: Inputs, day: date) -> bool | None:
    """Return whether an invoice became more than 30 days late in the time after a day; None if none could."""
    after, end = day.toordinal(), known_from(day).toordinal()
    found = [_became_late(line) for line in now.invoices if _may_become_late(line, after, end)]
    return any(found) if found else None


def _cases_on(inputs: Mapping[SubjectId, Inputs], day: date) -> Iterator[Case]:
    known = {subject: inputs_on(one, day) for subject, one in inputs.items()}
    prior = learn(evidence_of(one) for one in known.values())
    for subject, then in sorted(known.items()):
        is_late = outcome_of(inputs[subject], day)
        given = {} if is_late is None else estimates(then, prior)
        if is_late is not None and given:
            features = features_of(signals_of(replace(then, given=given)))
            yield Case(subject=subject, day=day, features=features, is_late=is_late)


def _answered_before(now: Answered, month: Month) -> Answered:
    closed = None if now.last_closed is None else Month(min(now.last_closed, month - 1))
    windows = tuple(window for window in now.windows if window.frozen_at < month)
    return Answered(last_closed=closed, windows=windows, level=0, disputed=False)


def _line_on(line: OwnInvoice, day: int) -> OwnInvoice:
    return line._replace(
        paid_date=line.paid_date if line.paid_date is not None and line.paid_date <= day else None,
        lost_on=line.lost_on if line.lost_on is not None and line.lost_on <= day else None,
        contested=False,
    )


def _may_become_late(line: OwnInvoice, after: int, end: int) -> bool:
    is_prepaid = line.paid_date is not None and line.paid_date < line.invoice_date
    is_over = any(day is not None and day <= after for day in (line.paid_date, line.lost_on))
    return after < _late_from(line) <= end and not (line.contested or is_prepaid or is_over)


def _became_late(line: OwnInvoice) -> bool:
    is_lost = line.lost_on is not None and line.lost_on <= _late_from(line)
    return is_lost or line.paid_date is None or line.paid_date >= _late_from(line)


def _late_from(line: OwnInvoice) -> int:
    """Return the first day on which an unpaid invoice is more than 30 days late."""
    return line.due_date + LATE_DAYS + 1
