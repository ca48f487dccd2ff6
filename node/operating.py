"""What a party's own people and systems ask of its node, by messages; replies are JSON.

Answered by the node's thread, and only when the caller is the party itself.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final, TypeAlias

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import MEMBER
from hanse_ledger.errors import LedgerError, MalformedError, SubjectIdError
from hanse_ledger.fields import as_array
from hanse_ledger.ids import Month, SubjectId, month_text
from hanse_ledger.subjects import parse_subject
from node.errors import RefusedLinesError
from node.member import MemberNode
from node.receivables.export import open_export
from node.receivables.read import take
from node.roles.contributor import Reported
from node.roles.inquirer import Outcome
from node.roles.steward import Steward
from node.storage.book import last_import_day

WORK: Final = "work"
CLOSE: Final = "close"
IMPORT: Final = "import"
INQUIRE: Final = "inquire"
REPORTED: Final = "reported"

SUBJECTS_MOST: Final = 64
IMPORT_BYTES_MOST: Final = 32 << 20
_TEXT_BYTES_MOST: Final = 1 << 16
_LINES_NAMED: Final = 20

Verbs: TypeAlias = Mapping[str, Callable[[bytes], bytes]]


def steward_verbs(steward: Steward) -> Verbs:
    """Return what a steward's operator may ask."""

    def close(body: bytes) -> bytes:
        month = decode(body, limit=16)
        closed = steward.close_month(None if month is None else Month(month))
        return _json({"month": None if closed is None else month_text(closed)})

    return {WORK: lambda _body: _json({"waiting": steward.work()}), CLOSE: close}


def member_verbs(member: MemberNode) -> Verbs:
    """Return what a member's (or desk's) own people may ask."""
    contributes = MEMBER in member.standing.party.roles

    def work(_body: bytes) -> bytes:
        # Reporting by itself begins with the first export: before it, all rows would be empty ones.
        if contributes and _has_book(member):
            return _json(_reported(member.report()))
        member.standing.catch_up()
        return _json({})

    verbs = {WORK: work, INQUIRE: lambda body: _inquire(member, body)}
    if not contributes:
        return verbs
    return {
        **verbs,
        IMPORT: lambda body: _import(member, body),
        REPORTED: lambda _body: _json(_reported(member.reported())),
    }


def import_body(export: bytes, as_of: date) -> bytes:
    """Return the message that brings an export."""
    return encode([as_of.isoformat(), export])


def inquire_body(subjects: list[str], purpose: str, *, proof: bool) -> bytes:
    """Return the message that asks about subjects, and whether the answers come with their proofs."""
    return encode([purpose, subjects, proof])


def _has_book(member: MemberNode) -> bool:
    with member.standing.database.read() as connection:
        return last_import_day(connection) is not None


def _import(member: MemberNode, body: bytes) -> bytes:
    """Take an export whose customers are called by their subject ids: all of it or nothing."""
    day, raw = as_array(decode(body, limit=IMPORT_BYTES_MOST + 64), 2, "import")
    as_of = date.fromisoformat(day)
    sha256 = hashlib.sha256(raw).digest()
    if member.has_imported(sha256):
        return _json({"imported": False})
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
    return _json(
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


def _inquire(member: MemberNode, body: bytes) -> bytes:
    """Ask about subjects in one statement; answer objects come in the order asked."""
    purpose, typed, with_proof = as_array(decode(body, limit=_TEXT_BYTES_MOST), 3, "inquiry")
    if not 1 <= len(typed) <= SUBJECTS_MOST:
        raise MalformedError(f"an inquiry is about 1 to {SUBJECTS_MOST} subjects")
    ids = [_subject(place, text) for place, text in enumerate(typed, 1)]
    member.standing.catch_up()
    asked = [member.standing.state.primary_of(subject) for subject in ids]
    describe = partial(_prove, member) if with_proof else Outcome.describe
    outcomes = list(member.inquire(list(dict.fromkeys(asked)), purpose))
    answers = {one.subject: describe(one) for one in outcomes}
    return _json({"answers": [answers[subject] for subject in asked]})


def _prove(member: MemberNode, outcome: Outcome) -> dict[str, Any]:
    """Return an answer file's content where there are figures, and stewards in reach to prove them.

    An answer that cannot be proved now is given without `proof`: it was asked for and is paid for.
    """
    if outcome.figures is None:
        return outcome.describe()
    try:
        content: dict[str, Any] = json.loads(member.answer_file(outcome))
    except LedgerError as error:
        return {**outcome.describe(), "proof_code": error.code}
    return content


def _subject(place: int, text: str) -> SubjectId:
    try:
        return parse_subject(text).id
    except SubjectIdError as error:
        raise SubjectIdError(f"subject {place}: {error}") from error


def _reported(reported: Reported) -> dict[str, Any]:
    return {
        "month": month_text(reported.month),
        "due": reported.due,
        "reports": reported.reports,
        "counting": reported.counting,
        "rows": reported.rows,
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
