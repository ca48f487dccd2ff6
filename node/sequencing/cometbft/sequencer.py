"""The `Sequencer` over agreement: statements go to the mempool, and are found again in the own copy."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import LedgerError, MalformedError, RejectedError, StaleHeadError, UnavailableError
from hanse_ledger.fields import as_uint
from hanse_ledger.ids import NodeHash, PartyId
from hanse_ledger.merkle import leaf_hash
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.home import validator_address
from node.sequencing.cometbft.outcomes import Outcomes
from node.sequencing.cometbft.server import ABCI, COMETBFT, answer_bytes
from node.sequencing.reading import LogReading
from node.sequencing.remote import RemoteSequencer
from node.wire import Door, Handler, reply_of

INDEX: Final = "index-of"
MISBEHAVED: Final = "misbehaved"
PATIENCE_S: Final = 20.0
"""How long a submission waits for its block before its outcome counts as unknown."""
_AGAIN_S: Final = 2.0
"""After so long without a block the same bytes are brought again: a mempool forgets them in a restart."""
_STARTING_S: Final = 0.1
_BEHIND_S: Final = 0.5
SUBMISSIONS_MOST: Final = 64
"""So many wait for their blocks at once; the rest wait for them."""
_READING: Final = frozenset({"entries", "tile"})


class Mempool(Protocol):
    """Where statements wait for a block."""

    def broadcast(self, statement: bytes) -> None:
        """Bring a statement; again does no harm. Raises RejectedError, or UnavailableError."""
        ...


def application_door(application: Application) -> Handler:
    """Return what the thread that owns the application answers: CometBFT, and who reads the log."""
    reading = LogReading(application.replica, lambda: application.size)

    def handle(_caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb == ABCI:
            reading.forget()
            return answer_bytes(application, body)
        if verb == "entries":
            note, entries = reading.entries(as_uint(decode(body, limit=16), "index"))
            return encode([note, list(entries)])
        if verb == "tile":
            return reading.tile(body.decode("ascii", "replace")) or b""
        if verb == INDEX:
            return encode(application.index_of(NodeHash(body)))
        if verb == MISBEHAVED:
            return encode(_against_present(application))
        raise MalformedError("no such message")

    return handle


def _against_present(application: Application) -> list[list[int | bytes]]:
    """Return block, key and height of what is held against keys that may order by now."""
    found = application.misbehaved()
    if not found:
        return []
    parties = application.replica.state.consortium.parties.values()
    keys = {validator_address(one.log_key): one.log_key for one in parties if one.active and one.log_key}
    return [[one.block, keys[one.address], one.height] for one in found if one.address in keys]


class AgreementDoor:
    """Where a validator's node is asked to order and to show: reading never waits for a block."""

    def __init__(self, ordering: Handler, application: Door) -> None:
        self._ordering, self._application = ordering, application
        self._submitting = ThreadPoolExecutor(SUBMISSIONS_MOST, thread_name_prefix="submitting")

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        """Leave a request and return its future reply."""
        if verb in _READING:
            return self._application.post(caller, verb, body)
        return self._submitting.submit(self._ordering, caller, verb, body)

    def close(self) -> None:
        """Take no more statements, and let those on their way have their blocks."""
        self._submitting.shutdown()


class CometSequencer:
    """A `Sequencer` beside one validator. Any thread may call it, and waits for the block then."""

    def __init__(
        self, *, application: Door, mempool: Mempool, outcomes: Outcomes, patience_s: float = PATIENCE_S
    ) -> None:
        self._application, self._mempool, self._outcomes = application, mempool, outcomes
        self._patience_s = patience_s
        self._read = RemoteSequencer(self._call)
        self.entries: Callable[[int], tuple[bytes, Sequence[bytes]]] = self._read.entries
        self.tile: Callable[[str], bytes | None] = self._read.tile

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand, once the block that holds them is durable here."""
        indexes, refusal = self.submit_all([statement])
        if refusal is not None:
            raise refusal
        return indexes[0]

    def submit_all(self, statements: Sequence[bytes]) -> tuple[list[int], LedgerError | None]:
        """Bring statements in a row, until one fails; return the indexes before it, and why it did.

        UnavailableError says that its outcome is not known in time.
        """
        leaves = [leaf_hash(raw) for raw in statements]
        self._outcomes.expect(leaves)
        try:
            return self._submit(list(zip(statements, leaves, strict=True)))
        finally:
            self._outcomes.forget(leaves)

    def _submit(self, row: Sequence[tuple[bytes, NodeHash]]) -> tuple[list[int], LedgerError | None]:
        ends_at = time.monotonic() + self._patience_s
        indexes: list[int] = []
        brought, refusal = self._bring(row, ends_at)
        for raw, leaf in brought:
            try:
                indexes.append(self._await(raw, leaf, ends_at))
            except LedgerError as error:
                return indexes, error
        return indexes, refusal

    def _bring(
        self, row: Sequence[tuple[bytes, NodeHash]], ends_at: float
    ) -> tuple[Sequence[tuple[bytes, NodeHash]], LedgerError | None]:
        """Bring statements to the mempool; return those that wait there or stand already, and the refusal."""
        for place, (raw, leaf) in enumerate(row):
            try:
                if self._index_of(leaf) is None:
                    self._broadcast(raw, leaf, ends_at)
            except LedgerError as error:
                # Refused bytes may be those that a block has taken since.
                if isinstance(error, RejectedError) and self._index_of(leaf) is not None:
                    continue
                return row[:place], error
        return row, None

    def _broadcast(self, raw: bytes, leaf: NodeHash, ends_at: float) -> None:
        """Bring one statement; CometBFT that has just started takes none for a while.

        What does not continue its party's chain here may do so in a moment: this node is a block behind, or
        the statement stands in the block that is being decided. It is brought once more then.
        """
        was_refused = False
        while True:
            try:
                self._mempool.broadcast(raw)
            except (UnavailableError, StaleHeadError) as error:
                # Raises where the application has ended too: then nothing comes back by itself.
                if self._index_of(leaf) is not None:
                    return
                if was_refused or time.monotonic() > ends_at:
                    raise
                was_refused = isinstance(error, StaleHeadError)
                if not was_refused:
                    time.sleep(_STARTING_S)
                elif isinstance(self._outcomes.of(leaf, _BEHIND_S), int):
                    return
            else:
                return

    def _await(self, raw: bytes, leaf: NodeHash, ends_at: float) -> int:
        while True:
            index = self._index_of(leaf)
            if index is not None:
                return index
            outcome = self._outcomes.of(leaf, min(_AGAIN_S, self._patience_s))
            if isinstance(outcome, int):
                return outcome
            if outcome is not None:
                index = self._index_of(leaf)
                if index is not None:
                    # Refused the second time: a proposer may bring again what stands already.
                    return index
                raise outcome
            if time.monotonic() > ends_at:
                raise UnavailableError("no block has taken the statement in time")
            self._broadcast(raw, leaf, ends_at)

    def _index_of(self, leaf: NodeHash) -> int | None:
        found = decode(self._call(INDEX, leaf), limit=16)
        return None if found is None else as_uint(found, "index")

    def _call(self, verb: str, body: bytes) -> bytes:
        return reply_of(self._application.post(COMETBFT, verb, body))
