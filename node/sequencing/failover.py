"""A `Sequencer` behind several nodes that show one log: the one that answers is asked, until it does not."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hanse_ledger.errors import UnavailableError
from node.ports import Sequencer

_T = TypeVar("_T")


class FailoverSequencer:
    """Used as its sources may be; what they show is verified by whoever follows it."""

    def __init__(self, sources: Sequence[Sequencer]) -> None:
        """Take at least one source; at first they are asked in this order."""
        self._sources = tuple(sources)
        self._current = 0

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand."""
        return self._ask(lambda source: source.submit(statement))

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return a checkpoint and statements from `start` on."""
        return self._ask(lambda source: source.entries(start))

    def tile(self, path: str) -> bytes | None:
        """Return the hash tile at a path."""
        return self._ask(lambda source: source.tile(path))

    def _ask(self, what: Callable[[Sequencer], _T]) -> _T:
        """Ask the one that answered last, then each of the others once; UnavailableError of the last."""
        first, count = self._current, len(self._sources)
        for place in range(first, first + count - 1):
            try:
                found = what(self._sources[place % count])
            except UnavailableError:
                continue
            self._current = place % count
            return found
        self._current = (first - 1) % count
        return what(self._sources[self._current])
