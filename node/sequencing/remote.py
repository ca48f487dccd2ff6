"""The sequencer as other nodes see it: three messages, `submit`, `entries` and `tile`."""

from collections.abc import Callable, Sequence

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import MalformedError
from hanse_ledger.fields import as_array, as_uint
from hanse_ledger.ids import PartyId
from node.ports import Sequencer

_REPLY_LIMIT = 1 << 26


def serve_sequencer(sequencer: Sequencer) -> Callable[[PartyId, str, bytes], bytes]:
    """Return the handler of the ordering node."""

    def handle(_caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb == "submit":
            # A statement is signed itself: who brings it does not matter.
            return encode(sequencer.submit(body))
        if verb == "entries":
            note, entries = sequencer.entries(as_uint(decode(body, limit=16), "index"))
            return encode([note, list(entries)])
        if verb == "tile":
            return sequencer.tile(body.decode("ascii", "replace")) or b""
        raise MalformedError("no such message")

    return handle


class RemoteSequencer:
    """A `Sequencer` behind messages; `call` sends one and waits for the reply."""

    def __init__(self, call: Callable[[str, bytes], bytes]) -> None:
        self._call = call

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand."""
        return as_uint(decode(self._call("submit", statement), limit=16), "index")

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return the newest checkpoint and statements from `start` on."""
        reply = decode(self._call("entries", encode(start)), limit=_REPLY_LIMIT)
        note, entries = as_array(reply, 2, "entries")
        if not isinstance(note, bytes) or not isinstance(entries, list):
            raise MalformedError("entries are a checkpoint and a list")
        return note, entries

    def tile(self, path: str) -> bytes | None:
        """Return the hash tile at a path; none is empty."""
        return self._call("tile", path.encode()) or None
