"""How long the running bulletin period has lasted, by this node's clock: a restart does not begin it anew."""

from datetime import datetime, timedelta

from sqlalchemy import select

from node.roles.party import Standing
from node.storage.bulletin_schema import period_seen


class Rhythm:
    """When what belongs to a period is due: a bulletin in its middle, its close at its end."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._seen: tuple[int, datetime] | None = None

    def has_lasted(self, share: float) -> bool:
        """Return whether this share of `policy.bulletin_hours` has passed since this node saw it begin."""
        hours = self._standing.state.consortium.policy.bulletin_hours
        return self._standing.clock.now() - self._began() >= timedelta(hours=hours) * share

    def _began(self) -> datetime:
        """Return when the running period was first looked at, and note it where that is now."""
        period = self._standing.state.next_period
        if self._seen is None or self._seen[0] != period:
            self._seen = period, self._stored(period) or self._store(period)
        return self._seen[1]

    def _stored(self, period: int) -> datetime | None:
        query = select(period_seen.c.seen_at).where(period_seen.c.period == period)
        with self._standing.database.read() as connection:
            seen = connection.execute(query).scalar()
        return None if seen is None else datetime.fromisoformat(seen)

    def _store(self, period: int) -> datetime:
        now = self._standing.clock.now()
        with self._standing.database.write() as connection:
            connection.execute(period_seen.delete())
            connection.execute(period_seen.insert(), {"period": period, "seen_at": now.isoformat()})
        return now
