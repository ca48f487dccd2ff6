"""A member's audit chain: every decision and every look at a subject, each row bound to the one before it.

A row is a line of canonical JSON (RFC 8785) which names the SHA-256 of the line before it: anyone with a hash
function can check what was exported. A changed, missing, added or moved row breaks the chain. A cut off
end, or a chain made anew as a whole, does not: against these a reader keeps a `Head` outside of the node.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, TypeAlias

import rfc8785
from sqlalchemy import Connection, bindparam, select

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId
from node.errors import AuditChainError
from node.ports import Clock
from node.risk.roles import Actor
from node.storage.database import Database
from node.storage.facts import ids_about
from node.storage.risk_schema import audit

FORMAT: Final = "hanse-audit/1"
_BEGIN: Final = bytes(hashlib.sha256().digest_size)
_PAGE: Final = 1_000
_NAMED: Final = ("number", "at", "actor", "role", "action", "subject")
_LAST: Final = select(audit).order_by(audit.c.number.desc()).limit(1)
_AFTER: Final = select(audit).where(audit.c.number > bindparam("after")).order_by(audit.c.number).limit(_PAGE)
_BEFORE: Final = audit.alias("before")
_LINKED: Final = (
    select(audit, _BEFORE.c.hash.label("previous"))
    .outerjoin(_BEFORE, _BEFORE.c.number == audit.c.number - 1)
    .order_by(audit.c.number)
)
_HEAD: Final = re.compile(r"(0|[1-9][0-9]{0,15}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How many rows a chain has, and the hash of the last. Kept elsewhere, it shows one cut or made anew."""

    size: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.size}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<size>:<hash in hex>`; raises MalformedError."""
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise MalformedError("a head of an audit chain is <number of rows>:<64 hex digits>")
        return cls(size=int(found[1]), hash=bytes.fromhex(found[2]))


EMPTY: Final = Head(size=0, hash=_BEGIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row as it is stored; `content` is what the action says of itself, `line` the row in the chain."""

    number: int
    at: datetime
    actor: Actor
    action: str
    subject: SubjectId | None = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    line: bytes = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Return what the row says, as fields."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "actor": self.actor.name,
            "role": self.actor.role,
            "action": self.action,
            "subject": self.subject,
            "content": self.content,
        }


Note: TypeAlias = Callable[[Connection, Actor, str, str | None, Mapping[str, Any]], None]
"""Adds a row within a `write`: who did what about whom, and what the action says of itself."""


class AuditChain:
    """The chain of one node. Rows are added in the transaction of what they tell of, and never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self,
        connection: Connection,
        *,
        actor: Actor,
        action: str,
        subject: SubjectId | None,
        content: Mapping[str, Any],
        at: datetime,
    ) -> int:
        """Add a row within the caller's `write`, which alone writes; return its number.

        `content` is JSON: texts, finite numbers below 2**53, lists, objects.
        """
        last = connection.execute(_LAST).one_or_none()
        number, previous = (0, _BEGIN) if last is None else (last.number + 1, last.hash)
        values = {
            "number": number,
            "at": at.isoformat(),
            "actor": actor.name,
            "role": actor.role,
            "action": action,
            "subject": subject,
        }
        hashed = _hash(_line(values, content, previous))
        # What is hashed is canonical, and made of this again: so this need not be.
        packed = json.dumps(dict(content), separators=(",", ":"))
        connection.execute(audit.insert(), {**values, "content": packed, "hash": hashed})
        return number

    def noting(self, clock: Clock) -> "Note":
        """Return what adds rows as `append` does, at the time of a clock."""

        def note(
            connection: Connection, actor: Actor, action: str, subject: str | None, content: Mapping[str, Any]
        ) -> None:
            of = None if subject is None else SubjectId(subject)
            at = clock.now()
            self.append(connection, actor=actor, action=action, subject=of, content=content, at=at)

        return note

    def record(
        self,
        *,
        actor: Actor,
        action: str,
        subject: SubjectId | None,
        content: Mapping[str, Any],
        at: datetime,
    ) -> int:
        """Add a row in a transaction of its own, for a look that changes nothing else."""
        with self._database.write() as connection:
            return self.append(
                connection, actor=actor, action=action, subject=subject, content=content, at=at
            )

    def head(self) -> Head:
        """Return the chain's end as it stands, without checking what leads to it."""
        with self._database.read() as connection:
            last = connection.execute(_LAST).one_or_none()
        return EMPTY if last is None else Head(size=last.number + 1, hash=last.hash)

    def last(self) -> AuditRow | None:
        """Return the newest row, None where there is none."""
        newest = _LINKED.order_by(None).order_by(audit.c.number.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(newest).one_or_none()
        return None if row is None else _read(row)

    def verify(self, kept: Head | None = None) -> Head:
        """Check every row, and that the chain goes on from the `kept` head; return its head.

        Raises AuditChainError for the first row that does not hold.
        """
        with self._database.read() as connection:
            return verify_lines(_lines(connection, is_checked=True), kept)

    def export(self) -> Iterator[bytes]:
        """Return one state of the chain as JSON lines with their ends, in order, without checking it."""
        with self._database.read() as connection:
            for line in _lines(connection, is_checked=False):
                yield line + b"\n"

    def rows(
        self, *, after: int | None = None, limit: int, subject: SubjectId | None = None
    ) -> list[AuditRow]:
        """Return rows in order from the one behind number `after`; of a subject alone, by any of its ids."""
        query = _LINKED.limit(limit)
        if after is not None:
            query = query.where(audit.c.number > after)
        with self._database.read() as connection:
            if subject is not None:
                query = query.where(audit.c.subject.in_(ids_about(connection, [subject])))
            return [_read(row) for row in connection.execute(query)]

    def decisions(
        self, connection: Connection, actions: Collection[str], subjects: Collection[SubjectId] | None = None
    ) -> list[AuditRow]:
        """Return the rows of some actions in order, of some subjects or of all: what is told from them alone.

        Raises AuditChainError for a row that is not as it was written.
        """
        query = _LINKED.where(audit.c.action.in_(list(actions)))
        if subjects is not None:
            query = query.where(audit.c.subject.in_(list(subjects)))
        return [_checked(row) for row in connection.execute(query)]


def _checked(row: Any) -> AuditRow:
    found = _read(row)
    if _hash(found.line) != row.hash:
        raise AuditChainError(number=row.number, reason="was changed")
    return found


def _read(row: Any) -> AuditRow:
    return AuditRow(
        number=row.number,
        at=datetime.fromisoformat(row.at),
        actor=Actor(name=row.actor, role=row.role),
        action=row.action,
        subject=None if row.subject is None else SubjectId(row.subject),
        content=json.loads(row.content),
        line=_stored_line(row, row.previous or _BEGIN),
    )


def verify_lines(lines: Iterable[bytes], kept: Head | None = None) -> Head:
    """Check a chain's lines from its first on, without their ends; return the head.

    Raises AuditChainError for the first line that does not hold, and where the chain is not the one whose
    head was `kept`, or ends before it. Nothing here vouches for the last line but a head that was kept.
    """
    last, size = _BEGIN, 0
    for line in lines:
        _check_line(line, size, last)
        last, size = _hash(line), size + 1
        if kept is not None and kept.size == size and kept.hash != last:
            raise AuditChainError(number=size - 1, reason="is not the one that the kept head names")
    if kept is not None and kept.size > size:
        raise AuditChainError(number=size, reason="is missing, and so is what came after it")
    return Head(size=size, hash=last)


def _check_line(line: bytes, number: int, previous: bytes) -> None:
    try:
        said = json.loads(line)
    except ValueError as error:
        raise AuditChainError(number=number, reason="is no line of an audit chain") from error
    named = (said.get("format"), said.get("number")) if isinstance(said, dict) else ()
    if named != (FORMAT, number):
        raise AuditChainError(number=number, reason="is missing or in another place")
    if said.get("previous") != previous.hex():
        raise AuditChainError(number=number, reason="does not follow the one before it")


def _lines(connection: Connection, *, is_checked: bool) -> Iterator[bytes]:
    """Give the stored rows as lines; if checked, each must have the hash that was stored with it."""
    previous, after = _BEGIN, -1
    while rows := connection.execute(_AFTER, {"after": after}).all():
        for row in rows:
            line = _stored_line(row, previous)
            if is_checked and _hash(line) != row.hash:
                raise AuditChainError(number=row.number, reason="was changed")
            previous = row.hash
            yield line
        after = rows[-1].number


def _stored_line(row: Any, previous: bytes) -> bytes:
    values = {name: getattr(row, name) for name in _NAMED}
    try:
        return _line(values, json.loads(row.content), previous)
    except ValueError as error:
        raise AuditChainError(number=row.number, reason="was changed") from error


def _line(values: Mapping[str, Any], content: Mapping[str, Any], previous: bytes) -> bytes:
    named = {name: values[name] for name in _NAMED}
    return rfc8785.dumps({"format": FORMAT, **named, "content": content, "previous": previous.hex()})


def _hash(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()
