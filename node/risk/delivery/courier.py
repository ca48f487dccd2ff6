"""One channel's way through the notices: in order, each until it is sent or given up, with a log of attempts.

How far a channel is stands in the database. An attempt is written down before it is made and when it has
ended; one that a crash cut off is marked `unknown` and made again under the same id, since whether the other
side took it cannot be known. Nothing is skipped, and what was sent is not sent again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from node.ports import Clock
from node.risk.delivery.notices import Notice, next_notice
from node.risk.delivery.outcomes import Channel, Outcome
from node.storage.database import Database, inserted_id
from node.storage.monitoring_schema import channel as channel_table
from node.storage.monitoring_schema import delivery
from node.storage.monitoring_schema import notice as notice_table

_log = logging.getLogger(__name__)

PAUSES_S: Final[Sequence[float]] = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000)
"""How long the next attempt waits, after each that failed: ten in all, over two days."""
UNKNOWN: Final = "unknown"
GIVEN_UP: Final = "given up"


class Courier:
    """Works off one channel. One thread uses it."""

    def __init__(self, database: Database, clock: Clock, channel: Channel) -> None:
        """Take up a channel; a new one begins with what is told from now on."""
        self._database, self._clock, self._channel = database, clock, channel
        with database.write() as connection:
            _register(connection, channel.name)

    def step(self) -> float | None:
        """Make the attempt that is due, if one is; return in how many seconds the next is, None for nothing.

        0 means at once.
        """
        now = self._clock.now()
        with self._database.read() as connection:
            row = _progress(connection, self._channel.name)
            notice = next_notice(connection, after=row.reached, least=self._channel.least)
        if notice is None:
            return None
        wait_s = _wait_s(row.next_at, now)
        if wait_s > 0:
            return wait_s
        attempt = self._begin(notice, row.attempts + 1, now)
        outcome = self._channel.send(notice, now)
        self._end(notice, attempt, row.attempts + 1, outcome)
        return 0

    def _begin(self, notice: Notice, attempt: int, now: datetime) -> int:
        values = {
            "channel": self._channel.name,
            "notice": notice.number,
            "attempt": attempt,
            "begun_at": now.isoformat(),
        }
        cut_off = delivery.update().where(
            delivery.c.channel == self._channel.name, delivery.c.ended_at.is_(None)
        )
        with self._database.write() as connection:
            connection.execute(cut_off, {"ended_at": now.isoformat(), "outcome": UNKNOWN})
            return inserted_id(connection.execute(delivery.insert(), values))

    def _end(self, notice: Notice, number: int, attempt: int, outcome: Outcome) -> None:
        now = self._clock.now()
        is_over = outcome.ending != "failed" or attempt > len(PAUSES_S)
        if is_over:
            progress: dict[str, Any] = {"reached": notice.number, "attempts": 0, "next_at": None}
        else:
            pause_s = max(PAUSES_S[attempt - 1], outcome.hold_s or 0)
            progress = {"attempts": attempt, "next_at": (now + timedelta(seconds=pause_s)).isoformat()}
        ending = GIVEN_UP if is_over and outcome.ending == "failed" else outcome.ending
        if ending != "sent":
            _log.warning("a notice was not delivered by %s: %s", self._channel.name, ending)
        ended = {"ended_at": now.isoformat(), "outcome": ending, "detail": outcome.detail}
        with self._database.write() as connection:
            connection.execute(delivery.update().where(delivery.c.number == number), ended)
            connection.execute(_of(self._channel.name).values(progress))


def run_dry(couriers: Sequence[Courier]) -> None:
    """Make every attempt that is due, until none is; for a command that ends. Raises UnavailableError."""
    for courier in couriers:
        while courier.step() == 0:
            pass


def _register(connection: Connection, name: str) -> None:
    is_known = select(channel_table.c.name).where(channel_table.c.name == name)
    if connection.execute(is_known).scalar() is None:
        newest = connection.execute(select(func.max(notice_table.c.number))).scalar() or 0
        connection.execute(channel_table.insert(), {"name": name, "reached": newest, "attempts": 0})


def _progress(connection: Connection, name: str) -> Any:
    return connection.execute(select(channel_table).where(channel_table.c.name == name)).one()


def _of(name: str) -> Any:
    return channel_table.update().where(channel_table.c.name == name)


def _wait_s(next_at: str | None, now: datetime) -> float:
    return 0.0 if next_at is None else (datetime.fromisoformat(next_at) - now).total_seconds()
