"""A member's book: taking exports, all or nothing, and what they change of rows that were reported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from hanse_ledger.errors import MissingRateError, RejectedError
from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.rows import Invoice, Row, make_row
from node.receivables.outcome import Reading, Record
from node.roles.party import Standing
from node.storage.book import (
    has_import,
    last_import_day,
    load_invoices,
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


class Book:
    """One member's invoices."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def take(self, reading: Reading, *, sha256: bytes, as_of: date) -> BookChange:
        """Add what is new and update what has changed, in one transaction.

        The lines of the book that the export does not have stay: an export may cover a part. Raises
        OlderExportError when the book holds one of a later day.
        """
        with self._standing.database.write() as connection:
            last = last_import_day(connection)
            if last is not None and as_of < last:
                raise OlderExportError(f"the book holds an export of {last}, which is later than {as_of}")
            known = load_lines(connection)
            import_id = put_import(connection, sha256=sha256, as_of=as_of, taken=len(reading.records))
            lines = [_line(record, known.get(_key(record))) for record in reading.records]
            new = [line for line in lines if (line["customer"], line["reference"]) not in known]
            changed = [line for line in lines if _has_changed(line, known)]
            put_lines(connection, [{**line, "import_id": import_id} for line in [*new, *changed]])
            moved = {SubjectId(known[line["customer"], line["reference"]]["subject"]) for line in changed}
            touched = moved | {SubjectId(line["subject"]) for line in [*new, *changed]}
            differences = tuple(self._differences(connection, touched))
        return BookChange(
            new=len(new),
            changed=len(changed),
            unchanged=len(lines) - len(new) - len(changed),
            customers=len({record.customer for record in reading.records}),
            subjects=len({record.subject for record in reading.records}),
            differences=differences,
        )

    def has_taken(self, sha256: bytes) -> bool:
        """Return whether an export with this hash has been taken."""
        with self._standing.database.read() as connection:
            return has_import(connection, sha256)

    def _differences(self, connection: Connection, touched: Iterable[SubjectId]) -> Iterable[Difference]:
        reported = load_rows(connection)
        primary_of = self._standing.state.primary_of
        subjects = {subject for each in touched for subject in (each, primary_of(each))}
        if subjects.isdisjoint(record.subject for record in reported):
            return
        book = load_invoices(connection)
        joined: dict[SubjectId, list[Invoice]] = {}
        for subject, invoices in book.items():
            joined.setdefault(primary_of(subject), []).extend(invoices)
        for record in reported:
            if record.subject in subjects:
                subject, month, was = SubjectId(record.subject), Month(record.month), row_of(record)
                # A row was made from the subject's own invoices, since an alias from those of all its ids.
                alone = self._row(book.get(subject, []), month)
                now = self._row(joined[subject], month) if subject in joined else alone
                if was not in (alone, now):
                    yield Difference(subject=subject, month=month, reported=was, now=now)

    def _row(self, invoices: Sequence[Invoice], month: Month) -> Row | None:
        policy = self._standing.in_force.policy
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
    }


def _has_changed(line: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]]) -> bool:
    before = known.get((line["customer"], line["reference"]))
    return before is not None and any(before[name] != value for name, value in line.items())
