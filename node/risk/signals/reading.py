"""Reading what signals are computed from: a few queries, for one subject as for all of a portfolio.

Any thread may read; nothing here asks another party or waits for the node's own thread.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Column, Connection, func, select

from hanse_ledger.consortium import Consortium, Policy
from hanse_ledger.ids import Month, SubjectId, month_at
from node.own.history import outcome_of
from node.ports import Clock
from node.risk.local import given_by_people
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import Answered, Inputs, OwnInvoice, OwnRow
from node.risk.signals.names import Unknown
from node.risk.signals.sums import LOOK_BACK_MONTHS
from node.risk.signals.value import Signals
from node.storage.book import last_import_day
from node.storage.database import Database
from node.storage.figures import KeptFigures, pack_figures, unpack_figures
from node.storage.risk_schema import credit_limit
from node.storage.schema import customer, draft, inquiry, invoice, own_row

Subjects: TypeAlias = Collection[SubjectId] | None
"""Some subjects, or None for all."""

_AT_ONCE: Final = 500
"""More subjects than this are looked up by reading all: a query with thousands of values is no faster."""
_CHECKED: Final = ("checked", "nothing")
_YEAR: Final = 12
_RATE_UNIT: Final = 10**6
_WHY_NOT: Final[Mapping[str | None, Unknown]] = {
    None: "unanswered",
    "unchecked": "unchecked",
    "disagreement": "disagreement",
    "refused": "refused",
}


class InputsReader:
    """Reads the inputs of signals from a member's own database."""

    def __init__(self, database: Database, *, consortium: Callable[[], Consortium], clock: Clock) -> None:
        self._database, self._consortium, self._clock = database, consortium, clock

    def one(self, subject: SubjectId) -> Inputs:
        """Return the inputs of one subject, which need not be a customer."""
        return self.some([subject])[subject]

    def all(self) -> dict[SubjectId, Inputs]:
        """Return the inputs of every subject that is on the firm's books or its list of customers."""
        return self._read(None)

    def some(self, subjects: Collection[SubjectId]) -> dict[SubjectId, Inputs]:
        """Return the inputs of some subjects, in their order."""
        found = self._read(subjects)
        return {subject: found[subject] for subject in subjects}

    def signals(self, subject: SubjectId) -> Signals:
        """Return the signals of one subject."""
        return signals_of(self.one(subject))

    def firm_open_minor(self) -> int | None:
        """Return all that is open on the firm's books, as far as there are rates; None before any import."""
        query = select(invoice.c.currency, func.sum(invoice.c.amount_minor))
        query = query.where(invoice.c.paid_date.is_(None)).group_by(invoice.c.currency)
        with self._database.read() as connection:
            book_day = last_import_day(connection)
            if book_day is None:
                return None
            rates = _Rates.of(self._consortium().policy, book_day)
            parts = [rates.convert(int(amount), currency) for currency, amount in connection.execute(query)]
        return sum(part for part in parts if part is not None)

    def _read(self, subjects: Subjects) -> dict[SubjectId, Inputs]:
        as_of, policy = self._clock.now().date(), self._consortium().policy
        which = subjects if subjects is not None and len(subjects) <= _AT_ONCE else None
        with self._database.read() as connection:
            book_day = last_import_day(connection)
            answers = _answers(connection, which)
            why_not = _why_not(connection, which)
            rows = _own_rows(connection, which, answers)
            lines = _invoices(connection, which, _Rates.of(policy, book_day))
            limits = _limits(connection, which)
            given = given_by_people(connection, as_of, which)
            listed = _customers(connection) if subjects is None else set()
        wanted = {*lines, *limits, *listed} if subjects is None else subjects
        return {
            subject: Inputs(
                subject=subject,
                as_of=as_of,
                minimum=policy.contributors_min,
                answered=answers.get(subject),
                why_not=why_not.get(subject, "not_asked"),
                rows=tuple(rows.get(subject, ())),
                book_day=book_day,
                invoices=tuple(lines.get(subject, ())),
                limit_minor=limits.get(subject),
                given=given.get(subject, {}),
            )
            for subject in wanted
        }


def _in(column: Column[str], which: Subjects) -> Any:
    return True if which is None else column.in_(list(which))


def _answers(connection: Connection, which: Subjects) -> dict[SubjectId, Answered]:
    """Return the newest checked answer of each subject."""
    newest = (
        select(inquiry.c.subject, func.max(inquiry.c.position).label("position"))
        .where(inquiry.c.status.in_(_CHECKED), _in(inquiry.c.subject, which))
        .group_by(inquiry.c.subject)
        .subquery()
    )
    query = select(inquiry.c.subject, inquiry.c.figures, inquiry.c.request_hash).join(
        newest,
        (inquiry.c.subject == newest.c.subject) & (inquiry.c.position == newest.c.position),
    )
    found = {}
    for subject, figures, request_hash in connection.execute(query.where(inquiry.c.status.in_(_CHECKED))):
        kept = figures or _figures_of(connection, request_hash)
        found[SubjectId(subject)] = _answered(unpack_figures(kept))
    return found


def _figures_of(connection: Connection, request_hash: bytes) -> str:
    """Return the figures of an answer that was stored before figures were kept beside answers."""
    query = select(inquiry).where(inquiry.c.request_hash == request_hash)
    figures = outcome_of(connection.execute(query).one()).figures
    if figures is None:
        raise AssertionError("a checked answer has figures")
    return pack_figures(figures)


def _answered(kept: KeptFigures) -> Answered:
    return Answered(
        last_closed=kept.last_closed, windows=kept.windows, level=kept.level, disputed=kept.disputed
    )


def _why_not(connection: Connection, which: Subjects) -> dict[SubjectId, Unknown]:
    """Return why a subject's newest inquiry has given nothing that signals may use."""
    query = select(inquiry.c.subject, inquiry.c.status).where(_in(inquiry.c.subject, which))
    rows = connection.execute(query.order_by(inquiry.c.made_at, inquiry.c.request_id))
    return {SubjectId(subject): _WHY_NOT[status] for subject, status in rows if status not in _CHECKED}


def _own_rows(
    connection: Connection, which: Subjects, answers: Mapping[SubjectId, Answered]
) -> dict[SubjectId, list[OwnRow]]:
    """Return the own rows that count, of the months that a window still looked at may hold."""
    closed = [one.last_closed for one in answers.values() if one.last_closed is not None]
    if not closed:
        return {}
    # A window whose last month is looked at may begin in January of its year.
    since = min(closed) - LOOK_BACK_MONTHS - _YEAR
    query = (
        select(
            own_row.c.subject,
            own_row.c.month,
            own_row.c.condition,
            own_row.c.delay,
            own_row.c.delay_days,
            draft.c.counted_in,
        )
        .join(draft)
        .where(draft.c.counted_in.is_not(None), own_row.c.month > since, _in(own_row.c.subject, which))
    )
    found: dict[SubjectId, list[OwnRow]] = defaultdict(list)
    for subject, *row in connection.execute(query):
        found[subject].append(OwnRow(*row))
    return found


class _Rates(NamedTuple):
    """What converts amounts: the reporting currency, and the rates of the book's month."""

    currency: str
    rates: Mapping[str, int]

    @classmethod
    def of(cls, policy: Policy, book_day: date | None) -> "_Rates":
        rates = {} if book_day is None else policy.rates_of(Month(month_at(book_day)))
        return cls(policy.currency, rates)

    def convert(self, amount_minor: int, currency: str) -> int | None:
        """Return an amount in the reporting currency, None without a rate."""
        if currency == self.currency:
            return amount_minor
        rate = self.rates.get(currency)
        return None if rate is None else amount_minor * rate // _RATE_UNIT


def _invoices(connection: Connection, which: Subjects, rates: _Rates) -> dict[SubjectId, list[OwnInvoice]]:
    query = select(
        invoice.c.subject,
        invoice.c.invoice_date,
        invoice.c.due_date,
        invoice.c.paid_date,
        invoice.c.amount_minor,
        invoice.c.currency,
        invoice.c.lost_on,
        invoice.c.disputed,
    ).where(_in(invoice.c.subject, which))
    days = _Days()
    found: dict[SubjectId, list[OwnInvoice]] = defaultdict(list)
    for subject, made, due, paid, amount_minor, currency, lost, contested in connection.execute(query):
        line = OwnInvoice(
            days[made],
            days[due],
            None if paid is None else days[paid],
            rates.convert(amount_minor, currency),
            None if lost is None else days[lost],
            contested,
        )
        found[subject].append(line)
    return found


class _Days(dict[str, int]):
    """Ordinals of days written as ISO text: a book has few days and many lines."""

    def __missing__(self, text: str) -> int:
        self[text] = date.fromisoformat(text).toordinal()
        return self[text]


def _limits(connection: Connection, which: Subjects) -> dict[SubjectId, int]:
    query = select(credit_limit.c.subject, credit_limit.c.limit_minor)
    rows = connection.execute(query.where(_in(credit_limit.c.subject, which)))
    return {SubjectId(subject): limit_minor for subject, limit_minor in rows}


def _customers(connection: Connection) -> set[SubjectId]:
    query = select(customer.c.subject).where(customer.c.subject.is_not(None))
    return {SubjectId(subject) for subject in connection.execute(query).scalars()}
