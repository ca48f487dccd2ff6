"""The solo sequencer: one node orders, and signs every checkpoint in the transaction that stores its tree."""

from collections.abc import Sequence

from sqlalchemy import Connection

from hanse_ledger.checkpoint import Checkpoint, sign_checkpoint
from hanse_ledger.errors import RejectedError
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import LedgerState
from node.sequencing.logkeys import VotedKey, both, no_other
from node.sequencing.reading import LogReading
from node.sequencing.replica import Replica
from node.storage.log import put_checkpoint


class SoloSequencer:
    """A `Sequencer` over its node's own replica. One at a time orders a log."""

    def __init__(self, *, replica: Replica, log_key: SigningKey, voted: VotedKey = no_other) -> None:
        """`voted` gives the key that a document names for this party; it signs too where it is another."""
        self.replica, self._log_key, self._voted = replica, log_key, voted
        self._reading = LogReading(replica, lambda: replica.state.size)

    def submit(self, statement: bytes) -> int:
        """Order one statement; it and the checkpoint over it are durable when this returns."""
        # Acceptance refuses bytes that stand in the log already (their seq is taken): look then.
        state_before = self.replica.state.size
        self._reading.forget()
        try:
            return self.replica.append([statement], self._sign)[0].index
        except RejectedError:
            index = self.replica.log.index_of(leaf_hash(statement))
            if index is None or index >= state_before:
                raise
            return index

    def submit_all(self, statements: Sequence[bytes]) -> tuple[list[int], RejectedError | None]:
        """Order statements one after the other until one is refused; return the indexes before it.

        All that are new in a row, and the checkpoint over them, become durable in one write.
        """
        self._reading.forget()
        indexes: list[int] = []
        while len(indexes) < len(statements):
            rest = statements[len(indexes) :]
            accepted, refusal = self.replica.append_until_refused(rest, self._sign)
            indexes += [one.index for one in accepted]
            if refusal is None:
                break
            index = self.replica.log.index_of(leaf_hash(statements[len(indexes)]))
            if index is None:
                return indexes, refusal
            indexes.append(index)
        return indexes, None

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return the newest checkpoint and up to 256 statements from `start` on."""
        return self._reading.entries(start)

    def tile(self, path: str) -> bytes | None:
        """Return a hash tile that the log covers."""
        return self._reading.tile(path)

    def sign_newest(self) -> bytes:
        """Sign the checkpoint over all that is stored, as whoever orders from here on; return the note."""
        with self.replica.write() as connection:
            self._sign(connection, self.replica.state)
        note = self.replica.log.checkpoint()
        if note is None:
            raise AssertionError("it was stored a moment ago")
        self._reading.forget()
        return note

    def _sign(self, connection: Connection, state: LedgerState) -> None:
        checkpoint = Checkpoint(origin=state.consortium.id, size=state.size, root=state.frontier.root())
        note = sign_checkpoint(checkpoint, *both(self._log_key, self._voted(state.consortium)))
        put_checkpoint(connection, size=state.size, note=note)
