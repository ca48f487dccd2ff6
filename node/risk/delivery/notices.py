"""What is to be told: one notice for each turn of an alert or a plan, written in the transaction of the turn.

A notice says what there is to say once and for all; which channels it goes out by, and how often that has to
be tried, is theirs (`courier`). Its id is the same in every attempt and on every channel.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, exists, select

from node.risk.policy.watching import SEVERITIES, Severity
from node.storage.monitoring_schema import notice as notice_table

NoticeKind: TypeAlias = Literal[
    "alert.raised", "alert.again", "alert.awake", "plan.opened", "plan.late", "plan.closed"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell. `content` is JSON with every sentence in both languages; a drill's is marked."""

    number: int
    id: str
    kind: NoticeKind
    severity: Severity
    at: datetime
    drill: bool
    content: Mapping[str, Any] = field(repr=False)

    def body(self) -> bytes:
        """Return the body of a webhook: the same bytes at every attempt."""
        told = {
            "type": self.kind,
            "timestamp": self.at.isoformat(),
            "drill": self.drill,
            "severity": self.severity,
            "data": self.content,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def put_notice(
    connection: Connection,
    *,
    key: str,
    kind: NoticeKind,
    severity: Severity,
    at: datetime,
    content: Mapping[str, Any],
    drill: bool = False,
) -> None:
    """Leave a notice in the caller's transaction, once for a kind and `key`."""
    notice_id = hashlib.sha256(f"{kind}\0{key}".encode()).hexdigest()[:32]
    is_known = exists().where(notice_table.c.id == notice_id)
    if connection.execute(select(is_known)).scalar():
        return
    values = {
        "id": notice_id,
        "kind": kind,
        "severity": severity,
        "at": at.isoformat(),
        "drill": drill,
        "content": json.dumps(content, ensure_ascii=False),
    }
    connection.execute(notice_table.insert(), values)


def next_notice(connection: Connection, *, after: int, least: Severity) -> Notice | None:
    """Return the first notice after a number that is at least so grave, None where there is none."""
    grave = SEVERITIES[SEVERITIES.index(least) :]
    query = select(notice_table).where(notice_table.c.number > after, notice_table.c.severity.in_(grave))
    row = connection.execute(query.order_by(notice_table.c.number).limit(1)).one_or_none()
    return None if row is None else read_notice(row)


def read_notice(row: Any) -> Notice:
    """Return a stored notice."""
    return Notice(
        number=row.number,
        id=row.id,
        kind=row.kind,
        severity=row.severity,
        at=datetime.fromisoformat(row.at),
        drill=row.drill,
        content=json.loads(row.content),
    )
