"""A `Sequencer` over HTTP: statements by POST, the log as C2SP tlog-tiles."""

import json
from collections.abc import Sequence
from typing import Final

from hanse_ledger.checkpoint import parse_checkpoint
from hanse_ledger.errors import MalformedError, UnavailableError
from hanse_ledger.note import Note, parse_note
from hanse_ledger.tiles import TILE_WIDTH, TilePath, fetch_entries, tile_width
from node.links.http import HttpCaller
from node.links.steward import COSE

CHECKPOINT_PATH: Final = "/log/checkpoint"
STATEMENTS_PATH: Final = "/v1/statements"


class HttpSequencer:
    """The ordering node as other nodes see it. What it shows is verified by whoever follows it."""

    def __init__(self, caller: HttpCaller) -> None:
        self._caller = caller

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand."""
        reply = self._caller.post(STATEMENTS_PATH, statement, COSE, is_signed=False)
        try:
            index = json.loads(reply)["index"]
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedError("an index was to be told") from error
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            raise MalformedError("an index is a number from 0 on")
        return index

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return the newest checkpoint, and the statements from `start` to the end of their bundle."""
        note = self._caller.get(CHECKPOINT_PATH)
        if note is None:
            raise UnavailableError("the log has no checkpoint yet")
        # Cosignatures come later than the log's own; without them one tree has one note.
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        size = checkpoint.size
        own = tuple(line for line in parsed.signatures if line.name == checkpoint.origin)
        note = Note(text=parsed.text, signatures=own).encode()
        if start >= size:
            return note, []
        index, offset = divmod(start, TILE_WIDTH)
        width = tile_width(TilePath(level=None, index=index), size)
        path = TilePath(level=None, index=index, width=width)
        return note, fetch_entries(path, lambda name: self._caller.get(f"/log/{name}"))[offset:]

    def close(self) -> None:
        """Let go of the connections."""
        self._caller.close()
