"""A `Sequencer` over HTTP: statements by POST, the log as C2SP tlog-tiles."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

from hanse_ledger.checkpoint import log_signed, parse_signed_checkpoint
from hanse_ledger.errors import LedgerError, MalformedError, RejectedError, UnavailableError
from hanse_ledger.ids import PartyId
from hanse_ledger.tiles import TILE_WIDTH, TilePath, fetch_entries, tile_width
from node.links.http import HttpCaller
from node.links.steward import COSE
from node.ports import Sequencer
from node.sequencing.ahead import BATCH

CHECKPOINT_PATH: Final = "/log/checkpoint"
JSON: Final = "application/json"
STATEMENTS_PATH: Final = "/v1/statements"
SEQUENCE: Final = "application/cbor-seq"
_BYTES_AT_ONCE: Final = 1 << 22


class _Ahead(NamedTuple):
    """What whoever reads in order asks for next, on its way while the last statements are verified."""

    start: int
    note: bytes
    size: int
    entries: Future[list[bytes]]


class HttpSequencer(Sequencer):
    """The ordering node as other nodes see it. What it shows is verified by whoever follows it.

    One thread at a time reads entries; any may submit.
    """

    def __init__(self, caller: HttpCaller) -> None:
        self._caller = caller
        self._fetching = ThreadPoolExecutor(1, thread_name_prefix="tiles")
        self._ahead: _Ahead | None = None

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand."""
        reply = self._caller.post(STATEMENTS_PATH, statement, COSE, is_signed=False, reply_type=JSON)
        return _as_index(_read_json(reply, "index"))

    def submit_all(self, statements: Sequence[bytes]) -> tuple[list[int], LedgerError | None]:
        """Submit statements in their order, in one request as long as none is refused."""
        try:
            return self._submit_row(statements), None
        except RejectedError:
            # One by one they tell which it is: those before it stand by now, and keep their indexes.
            return super().submit_all(statements)
        except LedgerError as error:
            return [], error

    def _submit_row(self, statements: Sequence[bytes]) -> list[int]:
        reply = self._caller.post(
            STATEMENTS_PATH, b"".join(statements), SEQUENCE, is_signed=False, reply_type=JSON
        )
        indexes = _read_json(reply, "indexes")
        if not isinstance(indexes, list) or len(indexes) != len(statements):
            raise MalformedError("an index for each statement was to be told")
        return [_as_index(index) for index in indexes]

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return a checkpoint, and the statements from `start` to the end of a bundle.

        The newest checkpoint, or the last one again as long as it covers what follows on the last answer.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.start == start:
            note, size, entries = ahead.note, ahead.size, ahead.entries.result()
        else:
            note, size = self._checkpoint()
            entries = self._bundles(start, size) if start < size else []
        following = start + len(entries)
        if entries and following < size:
            bundles = self._fetching.submit(self._bundles, following, size)
            self._ahead = _Ahead(following, note, size, bundles)
        return note, entries

    def tile(self, path: str) -> bytes | None:
        """Return the hash tile at a path."""
        return self._caller.get(f"/log/{path}")

    def close(self) -> None:
        """Let go of the connections."""
        self._caller.close()
        self._fetching.shutdown()

    def _checkpoint(self) -> tuple[bytes, int]:
        note = self._caller.get(CHECKPOINT_PATH)
        if note is None:
            raise UnavailableError("the log has no checkpoint yet")
        return log_signed(note), parse_signed_checkpoint(note).size

    def _bundles(self, start: int, size: int) -> list[bytes]:
        """Fetch as many bundles as are best verified at once, fewer where they are large."""
        entries = self._bundle(start, size)
        while (
            start + len(entries) < size
            and len(entries) + TILE_WIDTH <= BATCH
            and sum(map(len, entries)) < _BYTES_AT_ONCE
        ):
            entries += self._bundle(start + len(entries), size)
        return entries

    def _bundle(self, start: int, size: int) -> list[bytes]:
        index, offset = divmod(start, TILE_WIDTH)
        width = tile_width(TilePath(level=None, index=index), size)
        path = TilePath(level=None, index=index, width=width)
        return fetch_entries(path, lambda name: self._caller.get(f"/log/{name}"))[offset:]


def _read_json(reply: bytes, name: str) -> object:
    try:
        return json.loads(reply)[name]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError(f"{name} was to be told") from error


def _as_index(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise MalformedError("an index is a number from 0 on")
    return value


class OrderingLinks:
    """The ways to those that order the log, by the document in force. One thread's."""

    def __init__(
        self, parties: Callable[[], Sequence[PartyId]], caller_to: Callable[[PartyId], HttpCaller]
    ) -> None:
        """`parties` gives them in the order in which to ask them."""
        self._parties, self._caller_to = parties, caller_to
        self._made: dict[PartyId, HttpSequencer] = {}

    def __call__(self) -> list[HttpSequencer]:
        """Return the ways to those that order now, the same one to each as before."""
        parties = self._parties()
        for party in parties:
            if party not in self._made:
                self._made[party] = HttpSequencer(self._caller_to(party))
        return [self._made[party] for party in parties]

    def close(self) -> None:
        """Let go of the connections."""
        for way in self._made.values():
            way.close()
