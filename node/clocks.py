"""The clocks and the entropy of a running node."""

import os
from datetime import UTC, date, datetime, time, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


class DemoClock:
    """The machine's clock, but never before the day after `as_of`: made-up data may lie in the future."""

    def __init__(self, as_of: date) -> None:
        self._least = datetime.combine(as_of + timedelta(days=1), time(), UTC)

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return max(datetime.now(UTC), self._least)


system_entropy = os.urandom
