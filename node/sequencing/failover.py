"""A `Sequencer` behind several nodes that show one log: the one that answers is asked, until it does not."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hanse_ledger.errors import LedgerError, UnavailableError
from node.ports import Sequencer

_T = TypeVar("_T")


class FailoverSequencer:
    """Used as its sources may be; what they show is verified by whoever follows it."""

    def __init__(self, sources: Callable[[], Sequence[Sequencer]]) -> None:
        """Take what gives those that may be asked now, the same objects as long as they stay.

        At first they are asked in this order.
        """
        self._sources = sources
        self._current: Sequencer | None = None

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand."""
        return self._ask(lambda source: source.submit(statement))

    def submit_all(self, statements: Sequence[bytes]) -> tuple[list[int], LedgerError | None]:
        """Submit statements in their order to one of them."""

        def ask(source: Sequencer) -> tuple[list[int], LedgerError | None]:
            indexes, failed = source.submit_all(statements)
            if not indexes and isinstance(failed, UnavailableError):
                raise failed
            return indexes, failed

        try:
            return self._ask(ask)
        except UnavailableError as error:
            return [], error

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return a checkpoint and statements from `start` on."""
        return self._ask(lambda source: source.entries(start))

    def tile(self, path: str) -> bytes | None:
        """Return the hash tile at a path."""
        return self._ask(lambda source: source.tile(path))

    def _ask(self, what: Callable[[Sequencer], _T]) -> _T:
        """Ask the one that answered last, then each of the others once; UnavailableError of the last."""
        failed = UnavailableError("nobody is known who orders the log")
        for source in self._in_turn():
            self._current = source
            try:
                return what(source)
            except UnavailableError as error:
                failed = error
        raise failed

    def _in_turn(self) -> Sequence[Sequencer]:
        sources = list(self._sources())
        first = sources.index(self._current) if self._current in sources else 0
        return [*sources[first:], *sources[:first]]
