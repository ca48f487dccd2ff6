"""The sequencer as other nodes see it: four messages, `submit`, `submit-all`, `entries` and `tile`."""

from collections.abc import Callable, Sequence
from typing import Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import LedgerError, MalformedError
from hanse_ledger.fields import as_array, as_uint
from hanse_ledger.ids import PartyId
from node.ports import Sequencer
from node.wire import read_submitted

SUBMIT_ALL: Final = "submit-all"
_STATEMENTS_LIMIT: Final = 1 << 25
_REPLY_LIMIT: Final = 1 << 26


def serve_sequencer(sequencer: Sequencer) -> Callable[[PartyId, str, bytes], bytes]:
    """Return the handler of the ordering node."""

    def handle(_caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb == "submit":
            # A statement is signed itself: who brings it does not matter.
            return encode(sequencer.submit(body))
        if verb == SUBMIT_ALL:
            indexes, failed = sequencer.submit_all(decode(body, limit=_STATEMENTS_LIMIT))
            return encode([indexes, None, None] if failed is None else [indexes, failed.code, str(failed)])
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

    def submit_all(self, statements: Sequence[bytes]) -> tuple[list[int], LedgerError | None]:
        """Submit statements in their order, in one message."""
        try:
            return read_submitted(self._call(SUBMIT_ALL, encode(list(statements))))
        except LedgerError as error:
            return [], error

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
