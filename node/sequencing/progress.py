"""Saying how far a node is behind the log that it follows: in its health, and in a line now and then."""

import logging
from datetime import datetime, timedelta
from typing import Final

from node.health import HealthBoard
from node.ports import Clock

_log = logging.getLogger(__name__)

_EVERY: Final = timedelta(seconds=10)
_WORTH_SAYING: Final = 1_000
"""A node that is fewer statements behind has them in a moment."""


class FollowingProgress:
    """A `Progress`. Owned by the thread that follows."""

    def __init__(self, board: HealthBoard, clock: Clock) -> None:
        self._board, self._clock = board, clock
        self._said_at: datetime | None = None

    def __call__(self, size: int, signed: int) -> None:
        """Take in how far the copy is, and how far the sequencer."""
        now = self._clock.now()
        is_behind = size < signed
        changes = {"checkpoint_size": signed} if size == signed else {}
        self._board.update(
            size=size,
            sequencer_size=signed,
            last_contact=now,
            catching_up_to=signed if is_behind else None,
            **changes,
        )
        self._say(size, signed, now)

    def _say(self, size: int, signed: int, now: datetime) -> None:
        if self._said_at is None:
            if signed - size >= _WORTH_SAYING:
                _log.info("catching up: %d of %d statements", size, signed)
                self._said_at = now
        elif size >= signed:
            _log.info("caught up: %d statements", size)
            self._said_at = None
        elif now - self._said_at >= _EVERY:
            _log.info("catching up: %d of %d statements", size, signed)
            self._said_at = now
