"""What was read of an export, between its preview and its confirmation: private, in the node's database."""

import json
import zlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from hanse_ledger.ids import SubjectId
from hanse_ledger.rows import Invoice
from node.receivables.outcome import Record


def pack(content: object) -> bytes:
    """Return JSON as compressed bytes."""
    return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def unpack(raw: bytes) -> list[Any]:
    """Return the list that was packed."""
    content: list[Any] = json.loads(zlib.decompress(raw))
    return content


def pack_records(records: Sequence[Record]) -> bytes:
    """Return records as bytes."""
    return pack([_fields(record) for record in records])


def unpack_records(raw: bytes) -> list[Record]:
    """Return the records that were packed."""
    return [_record(fields) for fields in unpack(raw)]


def _fields(record: Record) -> list[object]:
    invoice = record.invoice
    days = (invoice.invoice_date, invoice.due_date, invoice.paid_date, invoice.lost_on)
    return [
        record.line,
        record.customer,
        record.subject,
        record.personal,
        record.disputed,
        record.trouble,
        invoice.reference,
        invoice.amount_minor,
        invoice.currency,
        *(None if day is None else day.isoformat() for day in days),
    ]


def _record(fields: Sequence[Any]) -> Record:
    line, customer, subject, personal, disputed, trouble, *rest = fields
    reference, amount_minor, currency, *days = rest
    invoice_date, due_date, paid_date, lost_on = (day and date.fromisoformat(day) for day in days)
    invoice = Invoice(
        reference=reference,
        invoice_date=invoice_date,
        due_date=due_date,
        paid_date=paid_date,
        amount_minor=amount_minor,
        currency=currency,
        lost_on=lost_on,
    )
    return Record(
        line=line,
        customer=customer,
        subject=SubjectId(subject),
        personal=personal,
        disputed=disputed,
        trouble=trouble,
        invoice=invoice,
    )
