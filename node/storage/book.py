"""A member's book in its own database: invoices as last imported, and the rows that were made of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, bindparam, func, select

from hanse_ledger.codec import decode, encode, join_array
from hanse_ledger.evidence import SALT_BYTES
from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.rows import Invoice, Row
from node.storage.bulk import bulk_insert
from node.storage.database import inserted_id
from node.storage.schema import book_import, draft, invoice, own_row

_EVIDENCE_LIMIT = 1 << 26
Lines: TypeAlias = dict[tuple[str, str], dict[str, Any]]
"""Lines of a book as columns, by customer and reference."""

_INVOICE: Final = (
    invoice.c.reference,
    invoice.c.invoice_date,
    invoice.c.due_date,
    invoice.c.paid_date,
    invoice.c.amount_minor,
    invoice.c.currency,
    invoice.c.lost_on,
)
_BOOK: Final = select(invoice.c.subject, *_INVOICE).order_by(
    invoice.c.subject, invoice.c.customer, invoice.c.reference
)
_DROP_LINE: Final = invoice.delete().where(
    invoice.c.customer == bindparam("of"), invoice.c.reference == bindparam("named")
)


def load_invoices(
    connection: Connection, subjects: Iterable[SubjectId] | None = None
) -> dict[SubjectId, list[Invoice]]:
    """Return the book by subject: all of it, or of some subjects."""
    query = _BOOK if subjects is None else _BOOK.where(invoice.c.subject.in_(list(subjects)))
    book: dict[SubjectId, list[Invoice]] = defaultdict(list)
    for subject, *line in connection.execute(query):
        book[SubjectId(subject)].append(_invoice(*line))
    return dict(book)


def invoices_of(lines: Iterable[Mapping[str, Any]]) -> dict[SubjectId, list[Invoice]]:
    """Return lines as `load_lines` gives them by subject, in the order of `load_invoices`."""
    book: dict[SubjectId, list[Invoice]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line["customer"], line["reference"])):
        book[SubjectId(line["subject"])].append(_invoice(*(line[column.name] for column in _INVOICE)))
    return dict(book)


def load_lines(connection: Connection) -> Lines:
    """Return every line of the book by customer and reference, as columns."""
    rows = connection.execute(select(invoice)).mappings()
    return {(row["customer"], row["reference"]): dict(row) for row in rows}


def put_import(connection: Connection, *, sha256: bytes, as_of: date, taken: int) -> int:
    """Note an import and return its number."""
    values = {"sha256": sha256, "as_of": as_of.isoformat(), "taken": taken}
    return inserted_id(connection.execute(book_import.insert(), values))


def last_import_day(connection: Connection) -> date | None:
    """Return the latest day that an imported export is as of, or None before any."""
    day = connection.execute(select(func.max(book_import.c.as_of))).scalar()
    return None if day is None else date.fromisoformat(day)


def has_import(connection: Connection, sha256: bytes) -> bool:
    """Return whether an export with this hash has been taken."""
    found = connection.execute(select(book_import.c.id).where(book_import.c.sha256 == sha256).limit(1))
    return found.scalar() is not None


def counting_rows(connection: Connection, subject: SubjectId) -> list[Any]:
    """Return a subject's rows whose reports count, each with the log month in which its report began to."""
    query = (
        select(own_row, draft.c.counted_in)
        .join(draft)
        .where(own_row.c.subject == subject, draft.c.counted_in.is_not(None))
    )
    return list(connection.execute(query.order_by(own_row.c.month)))


def put_lines(connection: Connection, lines: list[Mapping[str, Any]]) -> None:
    """Add lines to the book, each in the place of the one with its customer and reference."""
    if lines:
        keys = [{"of": line["customer"], "named": line["reference"]} for line in lines]
        connection.execute(_DROP_LINE, keys)
        bulk_insert(connection, invoice, lines)


def load_rows(connection: Connection, subjects: Iterable[SubjectId] | None = None) -> list[Any]:
    """Return the rows that were made, with subject, month, classes, exact figures, draft and number."""
    query = select(own_row).order_by(own_row.c.subject, own_row.c.month)
    if subjects is not None:
        query = query.where(own_row.c.subject.in_(list(subjects)))
    return list(connection.execute(query))


def row_of(record: Any) -> Row:
    """Return a stored row's classes and figures."""
    return Row(
        condition=record.condition,
        exposure=record.exposure,
        delay=record.delay,
        peak_minor=record.peak_minor,
        delay_days=record.delay_days,
    )


def encode_evidence(leaves: Sequence[bytes], salts: Iterable[bytes]) -> bytes:
    """Pack a row's evidence for the private store: all salts in one, and the encoded leaves."""
    return join_array([encode(b"".join(salts)), join_array(leaves)])


def decode_evidence(raw: bytes) -> list[tuple[bytes, str, Any]]:
    """Return salt, name and value of each leaf of a row."""
    joined, leaves = decode(raw, limit=_EVIDENCE_LIMIT)
    salts = [joined[i : i + SALT_BYTES] for i in range(0, len(joined), SALT_BYTES)]
    return [(salt, name, value) for salt, (name, value) in zip(salts, leaves, strict=True)]


def months_made(connection: Connection, since: Month) -> set[tuple[SubjectId, Month]]:
    """Return the (subject, month) pairs, from a month on, for which there is a row."""
    query = select(own_row.c.subject, own_row.c.month).where(own_row.c.month >= since)
    return {(SubjectId(row.subject), Month(row.month)) for row in connection.execute(query)}


def _invoice(
    reference: str,
    invoice_date: str,
    due_date: str,
    paid_date: str | None,
    amount_minor: int,
    currency: str,
    lost_on: str | None,
) -> Invoice:
    return Invoice(
        reference=reference,
        invoice_date=date.fromisoformat(invoice_date),
        due_date=date.fromisoformat(due_date),
        paid_date=None if paid_date is None else date.fromisoformat(paid_date),
        amount_minor=amount_minor,
        currency=currency,
        lost_on=None if lost_on is None else date.fromisoformat(lost_on),
    )
