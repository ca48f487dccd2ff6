"""What signals are computed from as it is stored: one query each, for some subjects or for all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, Connection, func, select

from hanse_ledger.filings import FactKind
from hanse_ledger.ids import SubjectId
from node.own.history import outcome_of
from node.risk.signals.inputs import FactName, StandingFact
from node.risk.signals.names import Unknown
from node.risk.signals.sums import LOOK_BACK_MONTHS
from node.storage.facts import facts_by_id
from node.storage.figures import last_closed_of, pack_figures
from node.storage.risk_schema import credit_limit
from node.storage.schema import book_import, customer, draft, inquiry, invoice, own_row

Subjects: TypeAlias = Sequence[SubjectId] | None
"""Some subjects, or None for all."""

_CHECKED: Final = ("checked", "nothing")
_YEAR: Final = 12
_FACTS: Final[Mapping[FactKind, FactName]] = {
    FactKind.INSOLVENCY_OPENED: "insolvency_opened",
    FactKind.INSOLVENCY_CLOSED: "insolvency_closed",
    FactKind.JUDGMENT: "judgment",
    FactKind.DISHONOURED_BILL: "dishonoured_bill",
    FactKind.STRUCK_OFF: "struck_off",
}
_WHY_NOT: Final[Mapping[str | None, Unknown]] = {
    None: "unanswered",
    "unchecked": "unchecked",
    "disagreement": "disagreement",
    "refused": "refused",
}


def standing_facts(connection: Connection, which: Subjects) -> dict[SubjectId, list[StandingFact]]:
    """Return the public facts in force in the order of the log."""
    by_id = facts_by_id(connection, which)
    return {
        SubjectId(subject): [
            StandingFact(_FACTS[fact.kind], date.fromisoformat(fact.day), fact.position) for fact in facts
        ]
        for subject, facts in by_id.items()
    }


def newest_answers(connection: Connection, which: Subjects) -> dict[SubjectId, str]:
    """Return the figures, as they are kept, of the newest checked answer of each subject."""
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
    rows = connection.execute(query.where(inquiry.c.status.in_(_CHECKED))).all()
    return {
        SubjectId(subject): figures or _figures_of(connection, request_hash)
        for subject, figures, request_hash in rows
    }


def _figures_of(connection: Connection, request_hash: bytes) -> str:
    """Return the figures of an answer that was stored before figures were kept beside answers."""
    query = select(inquiry).where(inquiry.c.request_hash == request_hash)
    figures = outcome_of(connection.execute(query).one()).figures
    if figures is None:
        raise AssertionError("a checked answer has figures")
    return pack_figures(figures)


def why_no_answer(connection: Connection, which: Subjects) -> dict[SubjectId, Unknown]:
    """Return why a subject's newest inquiry has given nothing that signals may use."""
    query = select(inquiry.c.subject, inquiry.c.status).where(
        inquiry.c.status.is_(None) | inquiry.c.status.not_in(_CHECKED), _in(inquiry.c.subject, which)
    )
    rows = connection.execute(query.order_by(inquiry.c.made_at, inquiry.c.request_id))
    return {SubjectId(subject): _WHY_NOT[status] for subject, status in rows}


def counting_own_rows(
    connection: Connection, which: Subjects, answers: Mapping[SubjectId, str]
) -> dict[SubjectId, list[Any]]:
    """Return the fields of own rows that count or may, of the months that a window looked at may hold."""
    closed = [month for month in map(last_closed_of, answers.values()) if month is not None]
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
            func.coalesce(draft.c.counted_in, draft.c.log_month),
            draft.c.counted_in.is_not(None),
        )
        .join(draft)
        .where(own_row.c.month > since, _in(own_row.c.subject, which))
    )
    return _by_subject(connection.execute(query).all())


def book_lines(connection: Connection, which: Subjects) -> dict[SubjectId, list[Any]]:
    """Return the fields of the book's lines."""
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
    return _by_subject(connection.execute(query).all())


def open_by_currency(connection: Connection) -> dict[str, int]:
    """Return what is unpaid on the whole book, in minor units of each currency."""
    query = select(invoice.c.currency, func.sum(invoice.c.amount_minor)).where(invoice.c.paid_date.is_(None))
    rows = connection.execute(query.group_by(invoice.c.currency))
    return {currency: int(amount) for currency, amount in rows}


def limits_of(connection: Connection, which: Subjects) -> dict[SubjectId, int]:
    """Return the firm's own limits."""
    query = select(credit_limit.c.subject, credit_limit.c.limit_minor)
    rows = connection.execute(query.where(_in(credit_limit.c.subject, which)))
    return {SubjectId(subject): limit_minor for subject, limit_minor in rows}


def subjects_on_book(connection: Connection) -> list[SubjectId]:
    """Return the subjects of the book's lines, each once."""
    return [
        SubjectId(subject) for subject in connection.execute(select(invoice.c.subject).distinct()).scalars()
    ]


def state_of(connection: Connection) -> tuple[int | None, ...]:
    """Return numbers of which at least one changes whenever lines, checked answers or counting rows do."""
    answered = select(func.max(inquiry.c.position)).where(inquiry.c.status.in_(_CHECKED))
    queries = (
        select(func.max(book_import.c.id)),
        answered,
        select(func.count()).select_from(inquiry).where(inquiry.c.status.in_(_CHECKED)),
        select(func.count()).select_from(draft).where(draft.c.counted_in.is_not(None)),
    )
    return tuple(connection.execute(query).scalar() for query in queries)


def listed_subjects(connection: Connection) -> set[SubjectId]:
    """Return the subjects on the firm's list of customers."""
    query = select(customer.c.subject).where(customer.c.subject.is_not(None))
    return {SubjectId(subject) for subject in connection.execute(query).scalars()}


def _by_subject(rows: Iterable[Any]) -> dict[SubjectId, list[Any]]:
    found: dict[SubjectId, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _in(column: Column[str], which: Subjects) -> Any:
    return True if which is None else column.in_(list(which))
