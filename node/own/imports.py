"""Exports that a member's own people bring."""

import hashlib
from datetime import date
from typing import Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.fields import as_array
from hanse_ledger.subjects import parse_subject
from node.errors import RefusedLinesError
from node.member import MemberNode
from node.own.replies import as_json
from node.receivables.export import open_export
from node.receivables.read import take

IMPORT_BYTES_MOST: Final = 32 << 20
_LINES_NAMED: Final = 20


def import_body(export: bytes, as_of: date) -> bytes:
    """Return the message that brings an export."""
    return encode([as_of.isoformat(), export])


def take_export(member: MemberNode, body: bytes) -> bytes:
    """Take an export whose customers are called by their subject ids: all of it or nothing."""
    day, raw = as_array(decode(body, limit=IMPORT_BYTES_MOST + 64), 2, "import")
    as_of = date.fromisoformat(day)
    sha256 = hashlib.sha256(raw).digest()
    if member.has_imported(sha256):
        return as_json({"imported": False})
    policy = member.standing.consortium.policy
    reading = take(
        open_export(raw),
        subject_of=parse_subject,
        currency=policy.currency,
        rated_currencies=policy.rates,
        as_of=as_of,
    )
    if reading.refused:
        named = [f"line {remark.line}: {remark.reason}" for remark in reading.refused[:_LINES_NAMED]]
        raise RefusedLinesError("; ".join([f"{len(reading.refused)} lines are refused", *named]))
    change = member.import_book(reading, sha256=sha256, as_of=as_of)
    return as_json(
        {
            "imported": True,
            "new": change.new,
            "changed": change.changed,
            "unchanged": change.unchanged,
            "customers": change.customers,
            "subjects": change.subjects,
            "differences": len(change.differences),
        }
    )
