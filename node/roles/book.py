"""A member's book: taking exports, all or nothing, and what they change of rows that were reported."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection

from hanse_ledger.consortium import Policy
from hanse_ledger.errors import MissingRateError, RejectedError
from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.rows import Invoice, Row, make_row
from node.receivables.outcome import Record
from node.risk.events import record_event
from node.roles.party import Standing
from node.storage.book import (
    Lines,
    invoices_of,
    last_import_day,
    load_lines,
    load_rows,
    put_import,
    put_lines,
    row_of,
)


class OlderExportError(RejectedError):
    """The book already holds an export of a later day; taking this one would undo what is known since."""

    code = "older_export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A reported row that the book would make otherwise now. What was reported stays as it is."""

    subject: SubjectId
    month: Month
    reported: Row
    now: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChange:
    """What an import did: counts of lines, of customers and subjects in the export, and differing rows."""

    new: int
    changed: int
    unchanged: int
    customers: int
    subjects: int
    differences: tuple[Difference, ...]


Note: TypeAlias = Callable[[Connection, BookChange], None]
"""Writes something of its own in the transaction of an import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What taking an export would write, and what that changes."""

    change: BookChange
    lines: tuple[Mapping[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What rows follow from beside the book: the policy, and which ids are one subject."""

    policy: Policy
    primary_of: Callable[[SubjectId], SubjectId]


class Book:
    """One member's invoices."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def take(
        self, records: Sequence[Record], *, sha256: bytes, as_of: date, note: Note = lambda *_: None
    ) -> BookChange:
        """Add what is new and update what has changed, in one transaction, in which `note` writes too.

        The lines of the book that the export does not have stay: an export may cover a part. Raises
        OlderExportError when the book holds one of a later day.
        """
        state, policy = self._standing.state, self._standing.in_force.policy
        with self._standing.database.write() as connection:
            rules = Rules(policy=policy, primary_of=state.primary_of)
            planned = plan(connection, records, as_of=as_of, rules=rules)
            import_id = put_import(connection, sha256=sha256, as_of=as_of, taken=len(records))
            put_lines(connection, [{**line, "import_id": import_id} for line in planned.lines])
            now = self._standing.clock.now()
            record_event(connection, kind="book_imported", key=str(import_id), subject=None, at=now)
            note(connection, planned.change)
        return planned.change


def plan(connection: Connection, records: Sequence[Record], *, as_of: date, rules: Rules) -> Plan:
    """Say what taking an export would do, and change nothing; raises OlderExportError."""
    last = last_import_day(connection)
    if last is not None and as_of < last:
        raise OlderExportError(f"the book holds an export of {last}, which is later than {as_of}")
    known = load_lines(connection)
    lines = [_line(record, known.get(_key(record))) for record in records]
    new = [line for line in lines if (line["customer"], line["reference"]) not in known]
    changed = [line for line in lines if _has_changed(line, known)]
    moved = {SubjectId(known[line["customer"], line["reference"]]["subject"]) for line in changed}
    touched = moved | {SubjectId(line["subject"]) for line in [*new, *changed]}
    after = known | {(line["customer"], line["reference"]): line for line in [*new, *changed]}
    change = BookChange(
        new=len(new),
        changed=len(changed),
        unchanged=len(lines) - len(new) - len(changed),
        customers=len({record.customer for record in records}),
        subjects=len({record.subject for record in records}),
        differences=tuple(_differences(load_rows(connection), touched, after, rules)),
    )
    return Plan(change=change, lines=(*new, *changed))


def _differences(
    reported: Iterable[Any], touched: Iterable[SubjectId], after: Lines, rules: Rules
) -> Iterable[Difference]:
    """Yield the reported rows that a book, as it is `after` an import, would make otherwise."""
    subjects = {subject for each in touched for subject in (each, rules.primary_of(each))}
    affected = [record for record in reported if record.subject in subjects]
    if not affected:
        return
    book = invoices_of(after.values())
    joined: dict[SubjectId, list[Invoice]] = {}
    for subject, invoices in book.items():
        joined.setdefault(rules.primary_of(subject), []).extend(invoices)
    for record in affected:
        subject, month, was = SubjectId(record.subject), Month(record.month), row_of(record)
        # A row was made from the subject's own invoices, since an alias from those of all its ids.
        alone = _row(book.get(subject, []), month, rules.policy)
        now = _row(joined[subject], month, rules.policy) if subject in joined else alone
        if was not in (alone, now):
            yield Difference(subject=subject, month=month, reported=was, now=now)


def _row(invoices: Sequence[Invoice], month: Month, policy: Policy) -> Row | None:
    try:
        return make_row(
            invoices,
            month=month,
            bounds_minor=policy.bounds_minor,
            currency=policy.currency,
            rates=policy.rates_of(month),
        )
    except MissingRateError:
        return None


def _key(record: Record) -> tuple[str, str]:
    return record.customer, record.invoice.reference


def _line(record: Record, known: dict[str, Any] | None) -> dict[str, Any]:
    """Return a record's columns; a loss keeps the first day that the book knows."""
    invoice = record.invoice
    lost_on = None if invoice.lost_on is None else invoice.lost_on.isoformat()
    if lost_on is not None and known is not None and known["lost_on"] is not None:
        lost_on = min(lost_on, known["lost_on"])
    return {
        "customer": record.customer,
        "reference": invoice.reference,
        "subject": record.subject,
        "invoice_date": invoice.invoice_date.isoformat(),
        "due_date": invoice.due_date.isoformat(),
        "paid_date": None if invoice.paid_date is None else invoice.paid_date.isoformat(),
        "amount_minor": invoice.amount_minor,
        "currency": invoice.currency,
        "lost_on": lost_on,
        "disputed": record.disputed,
        "trouble": record.trouble,
    }


def _has_changed(line: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]]) -> bool:
    before = known.get((line["customer"], line["reference"]))
    return before is not None and any(before[name] != value for name, value in line.items())
