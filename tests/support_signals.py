"""Inputs of signals for tests: windows, own rows and invoices with only what matters said."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hanse_ledger.ids import Month, SubjectId, month_of
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import CONDITIONS, DELAYS, EXPOSURES
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import Answered, Inputs, OwnInvoice, OwnRow
from node.risk.signals.value import Signals

SUBJECT = SubjectId("ref:DEMO:1")
NOW = date(2020, 1, 15)
DECEMBER = month_of(2019, 12)
BOOK_DAY = date(2020, 1, 10)


def window(
    *,
    month: Month = DECEMBER,
    months: Sequence[Month] | None = None,
    condition: Sequence[int] | None = None,
    delay: Sequence[int] | None = None,
    exposure: Sequence[int] | None = None,
    band: int = 1,
    withheld: bool = False,
) -> WindowFigures:
    """Return a window of rows by condition; all without delay and of the least exposure unless said."""
    counts = tuple(condition or (0, 4, *[0] * (CONDITIONS - 2)))
    rows = sum(counts)
    return WindowFigures(
        months=tuple(months or (month,)),
        frozen_at=month if months is None else months[-1],
        band=band,
        condition=None if withheld else counts,
        exposure=None if withheld else tuple(exposure or (rows, *[0] * (EXPOSURES - 1))),
        delay=None if withheld else tuple(delay or (rows, *[0] * (DELAYS - 1))),
        cells=None,
    )


def answered(*windows: WindowFigures, last_closed: Month | None = DECEMBER, level: int = 0) -> Answered:
    """Return a checked answer with these windows."""
    return Answered(last_closed=last_closed, windows=windows, level=level, disputed=False)


def inputs_of(*windows: WindowFigures, **more: Any) -> Inputs:
    """Return inputs with a checked answer of these windows."""
    values: dict[str, Any] = {
        "subject": SUBJECT,
        "as_of": NOW,
        "minimum": 4,
        "answered": answered(*windows),
    }
    return Inputs(**(values | more))


def signals(*windows: WindowFigures, **more: Any) -> Signals:
    """Return the signals of a checked answer with these windows."""
    return signals_of(inputs_of(*windows, **more))


def book_signals(*invoices: OwnInvoice, **more: Any) -> Signals:
    """Return the signals of a book with these invoices."""
    values = {"answered": None, "book_day": BOOK_DAY, "invoices": invoices}
    return signals_of(inputs_of(**(values | more)))


def invoice(
    *,
    due: int,
    paid: int | None = None,
    amount_minor: int | None = 100,
    terms: int = 30,
    lost: int | None = None,
    contested: bool = False,
) -> OwnInvoice:
    """Return an invoice; days are counted back from the book's day (`due=10`: ten days past due)."""
    day = BOOK_DAY.toordinal()
    return OwnInvoice(
        invoice_date=day - due - terms,
        due_date=day - due,
        paid_date=None if paid is None else day - paid,
        amount_minor=amount_minor,
        lost_on=None if lost is None else day - lost,
        contested=contested,
    )


def own_row(
    *,
    month: Month = DECEMBER,
    condition: int = 1,
    delay: int = 0,
    days: int = 0,
    counted_in: Month | None = None,
) -> OwnRow:
    """Return an own row that counted in its own month unless said."""
    return OwnRow(month, condition, delay, days, month if counted_in is None else counted_in)
