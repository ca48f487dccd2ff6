"""The clocks and the entropy of a running node."""

import os
from datetime import UTC, date, datetime, time, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


class DemoClock:
    """The day after a demo's data ends, for ever: no later month becomes due by waiting (ADR 0007)."""

    def __init__(self, as_of: date) -> None:
        self._now = datetime.combine(as_of + timedelta(days=1), time(), UTC)

    def now(self) -> datetime:
        """Return that day's first moment."""
        return self._now


system_entropy = os.urandom
