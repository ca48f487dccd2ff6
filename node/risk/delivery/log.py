"""How deliveries stand: each channel's progress, and the log of every attempt."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from node.errors import NotFoundError
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.roles import Actor, require
from node.storage.database import Database
from node.storage.monitoring_schema import channel as channel_table
from node.storage.monitoring_schema import delivery
from node.storage.monitoring_schema import notice as notice_table


class Deliveries:
    """The channels of one member's node. Any thread may use it."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain) -> None:
        self._database, self._clock, self._audit = database, clock, audit

    def channels(self, actor: Actor) -> list[dict[str, Any]]:
        """Return every channel that there is or was: how many notices it has before it, when it goes on."""
        require(actor, "delivery.view")
        waiting = select(func.count()).where(notice_table.c.number > channel_table.c.reached)
        query = select(channel_table, waiting.scalar_subquery().label("waiting")).order_by(
            channel_table.c.name
        )
        with self._database.read() as connection:
            return [
                {
                    "name": row.name,
                    "waiting": row.waiting,
                    "attempts": row.attempts,
                    "next_at": row.next_at,
                }
                for row in connection.execute(query)
            ]

    def listed(
        self, actor: Actor, *, channel: str | None = None, before: int | None = None, limit: int
    ) -> list[dict[str, Any]]:
        """Return the attempts, the newest first."""
        require(actor, "delivery.view")
        return deliveries(self._database, channel=channel, before=before, limit=limit)

    def retry(self, actor: Actor, channel: str) -> None:
        """Let a channel that waits after a failure try again now; raises NotFoundError."""
        require(actor, "delivery.retry")
        at: datetime = self._clock.now()
        is_it = channel_table.update().where(channel_table.c.name == channel)
        with self._database.write() as connection:
            if not connection.execute(is_it, {"next_at": None}).rowcount:
                raise NotFoundError("no channel has this name")
            content = {"channel": channel}
            self._audit.append(
                connection, actor=actor, action="delivery.retried", subject=None, content=content, at=at
            )


def deliveries(
    database: Database, *, channel: str | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return the log of attempts, the newest first."""
    columns = (*delivery.c, notice_table.c.id.label("notice_id"), notice_table.c.kind)
    query = select(*columns).join(notice_table).order_by(delivery.c.number.desc()).limit(limit)
    if channel is not None:
        query = query.where(delivery.c.channel == channel)
    if before is not None:
        query = query.where(delivery.c.number < before)
    with database.read() as connection:
        return [_describe(row) for row in connection.execute(query)]


def _describe(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "channel": row.channel,
        "notice": row.notice_id,
        "kind": row.kind,
        "attempt": row.attempt,
        "begun_at": row.begun_at,
        "ended_at": row.ended_at,
        "outcome": row.outcome,
        "detail": row.detail,
    }
