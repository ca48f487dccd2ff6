"""Histories to fit models on: customers who pay late as often as they say, month after month."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from hanse_ledger.ids import Month, SubjectId, month_of, month_start
from node.risk.signals.inputs import Inputs, OwnInvoice

BOOK_DAY = date(2026, 6, 30)
FIRST = month_of(2025, 1)
MONTHS = 18


def histories(*, customers: int, late_every: int = 4) -> Mapping[SubjectId, Inputs]:
    """Return a book of customers with an invoice a month; every `late_every`-th often pays 45 days late."""
    draw = random.Random(1)
    found = {}
    for number in range(customers):
        chance = 0.3 if number % late_every == 0 else 0.02
        subject = SubjectId(f"ref:DEMO:{number:04}")
        found[subject] = history(subject, [draw.random() < chance for _ in range(MONTHS)])
    return found


def bills(*, customers: int) -> list[tuple[str, str, str, str, str | None, int]]:
    """Return the same books as lines of `support_people`."""
    return [
        (
            subject,
            f"{subject}-{place}",
            _day(line.invoice_date),
            _day(line.due_date),
            None if line.paid_date is None else _day(line.paid_date),
            100_000,
        )
        for subject, one in histories(customers=customers).items()
        for place, line in enumerate(one.invoices)
    ]


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def history(subject: SubjectId, is_late: Sequence[bool]) -> Inputs:
    """Return one customer's book: an invoice on the tenth of each month, due in 14 days."""
    lines = []
    for place, late in enumerate(is_late):
        made = month_start(Month(FIRST + place)) + timedelta(days=9)
        due = made + timedelta(days=14)
        paid = due + timedelta(days=45 if late else -2)
        lines.append(
            OwnInvoice(
                invoice_date=made.toordinal(),
                due_date=due.toordinal(),
                paid_date=paid.toordinal() if paid <= BOOK_DAY else None,
                amount_minor=100_000,
                lost_on=None,
                contested=False,
            )
        )
    return Inputs(subject=subject, as_of=BOOK_DAY, minimum=4, book_day=BOOK_DAY, invoices=tuple(lines))
