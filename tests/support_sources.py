"""A node's stored copy of the log as a `Sequencer` that others read from, as they would over HTTP."""

from collections.abc import Sequence

from hanse_ledger.errors import UnavailableError
from hanse_ledger.tiles import parse_tile_path
from node.ports import Sequencer
from node.sequencing.replica import Replica


class StoredLog(Sequencer):
    """What a replica holds, with its newest checkpoint."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    @property
    def size(self) -> int:
        return self._replica.state.size

    def submit(self, _statement: bytes) -> int:
        raise UnavailableError("this node orders nothing")

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        note = self._replica.log.checkpoint()
        assert note is not None
        return note, self._replica.log.entries(start, 256)

    def tile(self, path: str) -> bytes | None:
        return self._replica.tile(parse_tile_path(path))
