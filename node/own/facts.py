"""Public facts as a node's own people file and read them."""

import json
import string
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final, Literal, TypeAlias, get_args

from hanse_ledger.errors import MalformedError
from hanse_ledger.filings import FactKind
from hanse_ledger.ids import HASH_BYTES, SubjectId
from hanse_ledger.subjects import parse_subject
from node.own.replies import as_json
from node.roles.desk import Desk, Filing
from node.storage import facts as stored
from node.storage.database import Database
from node.storage.facts import PublicFact

KindName: TypeAlias = Literal[
    "insolvency_opened", "insolvency_closed", "judgment", "dishonoured_bill", "struck_off"
]
KINDS: Final[dict[str, FactKind]] = {name: FactKind[name.upper()] for name in get_args(KindName)}


class Facts:
    """The public facts that this node's copy of the log holds. Any thread may ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def facts_of(self, subject: SubjectId) -> list[PublicFact]:
        """Return the standing facts on a subject, by any of its ids, the oldest first."""
        with self._database.read() as connection:
            return stored.facts_of(connection, subject)

    def facts_of_all(self, subjects: Collection[SubjectId]) -> dict[SubjectId, list[PublicFact]]:
        """Return the standing facts on some subjects; those without one are left out."""
        with self._database.read() as connection:
            return stored.facts_of_all(connection, subjects)

    def listed(self, *, after: int | None, limit: int) -> list[PublicFact]:
        """Return facts, withdrawn ones too, the newest first, from an index of the log down."""
        with self._database.read() as connection:
            return stored.listed(connection, after=after, limit=limit)


def filing_of(*, subject: str, kind: str, day: str, source: str, document_sha256: str) -> Filing:
    """Read what a person says; raises SubjectIdError or MalformedError with the field's name."""
    if kind not in KINDS:
        raise MalformedError(f"kind: one of {', '.join(KINDS)}")
    return Filing(
        subject=parse_subject(subject).id,
        kind=KINDS[kind],
        day=_day(day),
        source=source,
        document=_document(document_sha256),
    )


def file_body(filing: Filing) -> bytes:
    """Return the message that files a fact."""
    return as_json(
        {
            "subject": filing.subject,
            "kind": filing.kind.name.lower(),
            "day": filing.day.isoformat(),
            "source": filing.source,
            "document_sha256": filing.document.hex(),
        }
    )


def withdraw_body(position: int, source: str | None) -> bytes:
    """Return the message that withdraws a fact."""
    return as_json({"position": position, "source": source})


def file(desk: Desk, body: bytes) -> bytes:
    """File a fact and describe it."""
    return as_json(desk.file(filing_of(**json.loads(body))).describe())


def withdraw(desk: Desk, body: bytes) -> bytes:
    """Withdraw a fact and describe it."""
    return as_json(desk.withdraw(**json.loads(body)).describe())


def describe_all(facts: Collection[PublicFact]) -> list[dict[str, Any]]:
    """Return facts as they are shown."""
    return [fact.describe() for fact in facts]


def describe_by_subject(
    facts: Mapping[SubjectId, Collection[PublicFact]],
) -> dict[SubjectId, list[dict[str, Any]]]:
    """Return facts by subject as they are shown."""
    return {subject: describe_all(known) for subject, known in facts.items()}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedError("date: a day as YYYY-MM-DD") from None


def _document(text: str) -> bytes:
    if len(text) != 2 * HASH_BYTES or not set(text) <= set(string.hexdigits):
        raise MalformedError("document_sha256: 64 hexadecimal digits")
    return bytes.fromhex(text)
