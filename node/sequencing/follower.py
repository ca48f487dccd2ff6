"""Following a log that another node orders: replay every statement, and believe no root that differs."""

from collections.abc import Callable
from typing import TypeAlias

from sqlalchemy import Connection

from hanse_ledger.checkpoint import Checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import CorruptionError, RejectedError, VerificationError
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.state import LedgerState
from hanse_ledger.witnessing import policy_of
from node.ports import Sequencer
from node.sequencing.replica import Replica
from node.storage.log import put_checkpoint

Progress: TypeAlias = Callable[[int, int], None]
"""Told the size held and the size signed, at every answer of the sequencer and every step after it."""


class Follower:
    """Brings a replica up to its sequencer: each statement is accepted anew, each signed root compared."""

    def __init__(
        self,
        *,
        replica: Replica,
        source: Sequencer,
        trusted: Consortium,
        progress: Progress = lambda _size, _signed: None,
    ) -> None:
        self.replica, self._source, self._progress = replica, source, progress
        self._policy = policy_of(trusted)
        self._believed: tuple[bytes, Checkpoint] | None = None
        self._has_checkpoint = False

    def catch_up(self, size: int | None = None) -> None:
        """Take what the sequencer has, or enough to hold `size` statements.

        Raises UnavailableError when it is out of reach, CorruptionError when it shows a log that no honest
        sequencer makes.
        """
        while size is None or self.replica.state.size < size:
            note, entries = self._source.entries(self.replica.state.size)
            checkpoint = self._believe(note)
            self._progress(self.replica.state.size, checkpoint.size)
            if not entries or checkpoint.size <= self.replica.state.size:
                # Statements that no checkpoint covers are not taken, and not asked for again.
                self._compare(checkpoint)
                self._keep_first(checkpoint, note)
                return
            self._take(list(entries), checkpoint, note)
            self._progress(self.replica.state.size, checkpoint.size)
            if size is None and self.replica.state.size == checkpoint.size:
                return

    def _believe(self, note: bytes) -> Checkpoint:
        """Return what a checkpoint says; the same bytes need no second look at their signature."""
        if self._believed is None or self._believed[0] != note:
            try:
                self._believed = note, verify_log_signature(note, self._policy)
            except (VerificationError, RejectedError) as error:
                raise CorruptionError("a checkpoint that the log's key has not signed") from error
        return self._believed[1]

    def _take(self, entries: list[bytes], checkpoint: Checkpoint, note: bytes) -> None:
        start = self.replica.state.size

        def also(connection: Connection, state: LedgerState) -> None:
            # Between two checkpoints there is no signed root to compare with; at one there is.
            if state.size == checkpoint.size:
                self._check_root(checkpoint, state.size, state.frontier.root())
                put_checkpoint(connection, size=checkpoint.size, note=note)

        try:
            # The sequencer has them durably; what this node says on them is a durable write that comes later.
            self.replica.append(entries[: checkpoint.size - start], also, durable=False)
        except RejectedError as error:
            raise CorruptionError(
                f"from {start} on stands a statement that is refused: {error.code}"
            ) from error

    def _compare(self, checkpoint: Checkpoint) -> None:
        state = self.replica.state
        if checkpoint.size < state.size:
            if self.replica.root(checkpoint.size) != checkpoint.root:
                raise CorruptionError(f"another tree of {checkpoint.size} statements than the stored one")
            return
        self._check_root(checkpoint, state.size, state.frontier.root())

    def _keep_first(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Keep the checkpoint over a log that this node began by itself, with the genesis that it trusts."""
        if not self._has_checkpoint and checkpoint.size == self.replica.state.size:
            self.replica.keep_first_checkpoint(checkpoint.size, note)
            self._has_checkpoint = True

    @staticmethod
    def _check_root(checkpoint: Checkpoint, size: int, root: bytes) -> None:
        if size == checkpoint.size and root != checkpoint.root:
            raise CorruptionError(f"another tree of {size} statements than the signed one")
