"""What a node that orders shows of its log to those who follow it."""

from collections.abc import Callable, Sequence
from typing import Final

from hanse_ledger.errors import UnavailableError
from hanse_ledger.tiles import parse_tile_path, tile_width
from node.sequencing.replica import Replica

_ENTRIES_LIMIT: Final = 256


class LogReading:
    """Checkpoint, statements and tiles of a replica; `forget` whenever it grows."""

    def __init__(self, replica: Replica, size: Callable[[], int]) -> None:
        """`size` tells how much of the log is durable."""
        self._replica, self._size = replica, size
        # What was last read for followers, who ask for the same one after the other.
        self._note: bytes | None = None
        self._tail: tuple[int, list[bytes]] | None = None

    def forget(self) -> None:
        """Read anew from here on."""
        self._note = self._tail = None

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return the newest checkpoint and up to 256 statements from `start` on."""
        if self._note is None:
            self._note = self._replica.log.checkpoint()
        if self._note is None:
            raise UnavailableError("the log has no checkpoint yet")
        if start >= self._size():
            return self._note, []
        if self._tail is None or self._tail[0] != start:
            self._tail = start, self._replica.log.entries(start, _ENTRIES_LIMIT)
        return self._note, self._tail[1]

    def tile(self, path: str) -> bytes | None:
        """Return a hash tile that the log covers."""
        found = parse_tile_path(path)
        is_there = found.width <= tile_width(found, self._size())
        return self._replica.tile(found) if is_there else None
