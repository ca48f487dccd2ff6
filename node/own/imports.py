"""Exports that a member's own people bring: shown first, then taken as a whole or not at all.

Reading a file and comparing it with the book runs in the caller's thread; the taking is one message to the
node's thread and one transaction, in which the preview becomes `taken`. What was previewed is what is taken,
whatever the list of customers says by then.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from hanse_ledger.consortium import Policy
from hanse_ledger.errors import MalformedError, SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import Subject
from node.errors import ImportStateError, NotFoundError, RefusedLinesError
from node.member import MemberNode
from node.own.records import pack, pack_records, unpack, unpack_records
from node.own.replies import as_json
from node.ports import Clock
from node.receivables.export import open_export
from node.receivables.mapping import Mapping as Columns
from node.receivables.mapping import parse_mapping
from node.receivables.outcome import Reading, Remark
from node.receivables.read import take
from node.receivables.subjectmap import SubjectOf
from node.roles.book import BookChange, Rules, plan
from node.storage.book import has_import
from node.storage.database import Database
from node.storage.schema import import_preview

IMPORT_BYTES_MOST: Final = 32 << 20
PREVIEWED: Final = "previewed"
TAKEN: Final = "taken"
DISCARDED: Final = "discarded"
_SHOWN: Final = 20
_KEPT: Final = timedelta(days=7)
"""How long a preview that nobody confirms is kept."""
_AHEAD: Final = timedelta(days=1)
"""Somewhere it is tomorrow already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export as it was brought."""

    raw: bytes
    as_of: date
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What an export is read by."""

    policy: Policy
    primary_of: Mapping[str, str]
    subject_of: SubjectOf


class Imports:
    """Previews of one member's imports."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def export(self, raw: bytes, *, as_of: date | None, columns: str | None) -> Export:
        """Return an export with its day, today without one; raises MalformedError or MappingError."""
        today = self._clock.now().date()
        if as_of is not None and as_of > today + _AHEAD:
            raise MalformedError("as_of: a day that has not come")
        used = Columns() if columns is None else parse_mapping(columns.encode())
        return Export(raw=raw, as_of=as_of or today, columns=used)

    def preview(self, export: Export, reader: Reader, *, import_id: str) -> dict[str, Any]:
        """Read an export, hold it against the book and store what came of it; nothing is taken.

        Under an id that there is already, that preview is returned. Raises a ReceivablesError for a file that
        cannot be read as a whole, OlderExportError when the book holds a later one.
        """
        known = self._find(import_id)
        if known is not None:
            return describe(known)
        unmatched = Unmatched(reader.subject_of)
        reading = take(
            open_export(export.raw, mapping=export.columns),
            subject_of=unmatched,
            currency=reader.policy.currency,
            rated_currencies=reader.policy.rates,
            as_of=export.as_of,
        )
        sha256 = hashlib.sha256(export.raw).digest()
        rules = Rules(policy=reader.policy, primary_of=lambda one: SubjectId(reader.primary_of.get(one, one)))
        with self._database.read() as connection:
            change = plan(connection, reading.records, as_of=export.as_of, rules=rules).change
            is_known = has_import(connection, sha256)
        summary = _summary(reading, change, unmatched.customers, is_known=is_known)
        self._put(import_id, export.as_of, sha256, summary, reading, unmatched.customers)
        return self.one(import_id)

    def one(self, import_id: str) -> dict[str, Any]:
        """Return what is known of an import; raises NotFoundError."""
        found = self._find(import_id)
        if found is None:
            raise _no_import()
        return describe(found)

    def listed(self, *, before: int | None, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """Return imports with their numbers, the newest first."""
        query = select(import_preview).order_by(import_preview.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(import_preview.c.number < before)
        with self._database.read() as connection:
            return [(row.number, describe(row)) for row in connection.execute(query)]

    def refused(self, import_id: str) -> list[dict[str, Any]]:
        """Return every line that is refused, with its reason, in the order of the file."""
        return [_remark(*fields) for fields in unpack(self._needed(import_id).refused)]

    def unmatched(self, import_id: str) -> Sequence[Any]:
        """Return every customer of the export without a subject."""
        return unpack(self._needed(import_id).unmatched)

    def discard(self, import_id: str) -> dict[str, Any]:
        """Throw a preview away; again changes nothing. Raises ImportStateError once it is taken."""
        with self._database.write() as connection:
            row = _find(connection, import_id)
            if row is None:
                raise _no_import()
            if row.state == TAKEN:
                raise ImportStateError("this import has been taken")
            _set(connection, import_id, state=DISCARDED, records=None)
        return self.one(import_id)

    def _needed(self, import_id: str) -> Any:
        found = self._find(import_id)
        if found is None:
            raise _no_import()
        return found

    def _find(self, import_id: str) -> Any:
        with self._database.read() as connection:
            return _find(connection, import_id)

    def _put(
        self,
        import_id: str,
        as_of: date,
        sha256: bytes,
        summary: Mapping[str, Any],
        reading: Reading,
        unmatched: Sequence[str],
    ) -> None:
        now = self._clock.now()
        values = {
            "id": import_id,
            "state": PREVIEWED,
            "sha256": sha256,
            "as_of": as_of.isoformat(),
            "created_at": now.isoformat(),
            "summary": json.dumps(summary, ensure_ascii=False),
            "refused": pack([[one.reason, one.line, one.column] for one in reading.refused]),
            "unmatched": pack(unmatched),
            "records": pack_records(reading.records),
        }
        is_old = import_preview.c.created_at < (now - _KEPT).isoformat()
        with self._database.write() as connection:
            old = import_preview.update().where(is_old, import_preview.c.state == PREVIEWED)
            connection.execute(old, {"state": DISCARDED, "records": None})
            connection.execute(import_preview.insert(), values)


class Unmatched:
    """A `SubjectOf` that remembers the customers without a subject, in the order of the export."""

    def __init__(self, subject_of: SubjectOf) -> None:
        self._subject_of = subject_of
        self.customers: list[str] = []

    def __call__(self, customer: str) -> Subject | None:
        """Return the customer's subject."""
        try:
            found = self._subject_of(customer)
        except SubjectIdError:
            self.customers.append(customer)
            raise
        if found is None:
            self.customers.append(customer)
        return found


def confirm(member: MemberNode, import_id: str, *, skip_refused: bool) -> bytes:
    """Take a previewed export, on the node's thread; an import that was taken before is returned as it is.

    Raises NotFoundError, ImportStateError for one that was discarded, RefusedLinesError where lines are
    refused and that is not `skip_refused`, OlderExportError.
    """
    database = member.standing.database
    with database.read() as connection:
        row = _find(connection, import_id)
    if row is None:
        raise _no_import()
    _check_kept(row)
    if row.state == TAKEN:
        return as_json(describe(row))
    summary = json.loads(row.summary)
    if summary["refused"] and not skip_refused:
        raise RefusedLinesError(f"{summary['refused']} lines are refused; nothing was taken")

    def note(connection: Connection, change: BookChange) -> None:
        _check_kept(_find(connection, import_id))  # another thread may have discarded it since
        changed = json.dumps(summary | _counts(change), ensure_ascii=False)
        _set(connection, import_id, state=TAKEN, records=None, summary=changed)

    records = unpack_records(row.records)
    member.book.take(records, sha256=row.sha256, as_of=date.fromisoformat(row.as_of), note=note)
    with database.read() as connection:
        return as_json(describe(_find(connection, import_id)))


def describe(row: Any) -> dict[str, Any]:
    """Return an import as it is shown."""
    return {
        "id": row.id,
        "state": row.state,
        "sha256": row.sha256.hex(),
        "as_of": row.as_of,
        "created_at": row.created_at,
        **json.loads(row.summary),
    }


def _find(connection: Connection, import_id: str) -> Any:
    query = select(import_preview).where(import_preview.c.id == import_id)
    return connection.execute(query).one_or_none()


def _set(connection: Connection, import_id: str, **values: object) -> None:
    connection.execute(import_preview.update().where(import_preview.c.id == import_id).values(**values))


def _check_kept(row: Any) -> None:
    if row.state == DISCARDED:
        raise ImportStateError("this import was discarded: bring the export again")


def _no_import() -> NotFoundError:
    return NotFoundError("no import has this id")


def _summary(
    reading: Reading, change: BookChange, unmatched: Sequence[str], *, is_known: bool
) -> dict[str, Any]:
    first = reading.refused[:_SHOWN]
    return {
        "seen_before": is_known,
        "lines": reading.lines,
        "taken": len(reading.records),
        "left_out": len(reading.left_out),
        "refused": len(reading.refused),
        "refused_lines": [_remark(one.reason, one.line, one.column) for one in first],
        "unmatched": len(unmatched),
        "unmatched_customers": unmatched[:_SHOWN],
        "currencies": dict(reading.currencies),
        "columns": dict(reading.mapping.columns),
        **_counts(change),
    }


def _counts(change: BookChange) -> dict[str, Any]:
    return {
        "new": change.new,
        "changed": change.changed,
        "unchanged": change.unchanged,
        "customers": change.customers,
        "subjects": change.subjects,
        "differences": len(change.differences),
    }


def _remark(reason: Any, line: Any, column: Any) -> dict[str, Any]:
    text = Remark(reason=reason, line=line, column=column).text()
    return {"line": line, "reason": reason, "column": column, "text": text}
