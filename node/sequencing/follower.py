"""Following a log that another node orders: replay every statement, and believe no root that differs.

What is fetched is held against a signed root before it is stored: the tree of the statements so far must be
the beginning of the signed one, as its hash tiles prove.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from sqlalchemy import Connection

from hanse_ledger.checkpoint import Checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import MalformedError, RejectedError, UnavailableError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import (
    HashReader,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
)
from hanse_ledger.misbehaviour import Fork, Refused, Seen, find_fork, first_difference
from hanse_ledger.policy import Policy, verify_log_signature
from hanse_ledger.state import LedgerState
from hanse_ledger.tiles import tile_hash_reader
from hanse_ledger.witnessing import policy_of
from node.ports import Sequencer
from node.sequencing.faults import SequencerFaultError
from node.sequencing.replica import Replica
from node.storage.log import put_checkpoint

Progress: TypeAlias = Callable[[int, int], None]
"""Told the size held and the size signed, at every answer of the sequencer and every step after it."""

OWN_COPY: Final = "own copy"


class Follower:
    """Brings a replica up to its sequencer: each statement is accepted anew, each signed root compared."""

    def __init__(
        self,
        *,
        replica: Replica,
        source: Sequencer,
        trusted: Consortium,
        progress: Progress = lambda _size, _signed: None,
        now: Callable[[], str] = lambda: "",
    ) -> None:
        """`now` gives the time as evidence names it.

        What may sign for the log is in the document in force by the replica, and in the `trusted` one until
        that has been in force there: then what follows it counts.
        """
        self.replica, self._source, self._progress, self._now = replica, source, progress, now
        self._trusted, self._has_come = trusted, False
        self._policies: dict[bytes, Policy] = {}
        self._believed: tuple[bytes, Checkpoint] | None = None
        self._tree: tuple[Checkpoint, HashReader] | None = None
        self._has_checkpoint = False
        self.shown: bytes | None = None
        """The checkpoint that the sequencer showed last."""

    def catch_up(self, size: int | None = None) -> None:
        """Take what the sequencer has, or enough to hold `size` statements.

        Raises UnavailableError when it is out of reach, SequencerFaultError when it shows a log that no
        honest sequencer makes.
        """
        while size is None or self.replica.state.size < size:
            note, entries = self._source.entries(self.replica.state.size)
            checkpoint = self._believe(note)
            self._progress(self.replica.state.size, checkpoint.size)
            if not entries or checkpoint.size <= self.replica.state.size:
                # Statements that no checkpoint covers are not taken, and not asked for again.
                self._compare(checkpoint, note)
                self._keep_first(checkpoint, note)
                return
            self._take(entries[: checkpoint.size - self.replica.state.size], checkpoint, note)
            self._progress(self.replica.state.size, checkpoint.size)
            if size is None and self.replica.state.size == checkpoint.size:
                return

    def fork_with(self, theirs: Seen, read: HashReader | None) -> Fork | None:
        """Return the proof that another signed tree does not fit the newest one held, if it is so.

        `read` gives the other's subtrees, None where nobody serves them: a larger tree is not compared then.
        """
        note = self.replica.log.checkpoint()
        if note is None:
            return None
        own = Seen(note=note, source=OWN_COPY, at=self._now())
        if theirs.checkpoint.size <= own.checkpoint.size:
            return find_fork(smaller=theirs, larger=own, read=self.replica.log.node)
        if read is None:
            return None
        return find_fork(smaller=own, larger=theirs, read=read)

    def _believe(self, note: bytes) -> Checkpoint:
        """Return what a checkpoint says; the same bytes need no second look at their signature."""
        if self._believed is None or self._believed[0] != note:
            self._believed = note, self._verify(note)
        self.shown = note
        return self._believed[1]

    def _verify(self, note: bytes) -> Checkpoint:
        failed: Exception | None = None
        for document in self._believable():
            policy = self._policy_of(document)
            try:
                return verify_log_signature(note, policy)
            except (VerificationError, RejectedError) as error:
                failed = error
        raise SequencerFaultError(
            "a checkpoint that the log's key has not signed", code="log_signature"
        ) from failed

    def _policy_of(self, document: Consortium) -> Policy:
        if document.hash not in self._policies:
            self._policies[document.hash] = policy_of(document)
        return self._policies[document.hash]

    def _believable(self) -> list[Consortium]:
        """Return the documents whose keys may sign for the log now."""
        documents = self.replica.state.documents
        self._has_come = self._has_come or any(one.hash == self._trusted.hash for one in documents)
        return documents[-1:] if self._has_come else [*documents[-1:], self._trusted]

    def _take(self, entries: Sequence[bytes], checkpoint: Checkpoint, note: bytes) -> None:
        start = self.replica.state.size
        self._check_tree(entries, checkpoint, note)

        def also(connection: Connection, state: LedgerState) -> None:
            if state.size == checkpoint.size:
                put_checkpoint(connection, size=checkpoint.size, note=note)

        # The sequencer has them durably; what this node says on them is a durable write that comes later.
        accepted, refusal = self.replica.append_until_refused(entries, also, durable=False)
        if refusal is not None:
            raise self._refused(start + len(accepted), entries[len(accepted)], refusal, checkpoint, note)

    def _check_tree(self, entries: Sequence[bytes], checkpoint: Checkpoint, note: bytes) -> None:
        """Check that what is held and these statements are the beginning of the signed tree, or all of it."""
        grown = self.replica.state.frontier.copy()
        for raw in entries:
            grown.append(leaf_hash(raw))
        if grown.size == checkpoint.size:
            fits = grown.root() == checkpoint.root
        else:
            fits = self._root_within(grown.size, checkpoint) == grown.root()
        if not fits:
            raise self._fault(entries, checkpoint, note)

    def _reader(self, checkpoint: Checkpoint) -> HashReader:
        if self._tree is None or self._tree[0] != checkpoint:
            self._tree = checkpoint, tile_hash_reader(checkpoint.size, self._source.tile)
        return self._tree[1]

    def _root_within(self, size: int, checkpoint: Checkpoint) -> NodeHash | None:
        """Return the root of the signed tree's first statements, None where its tiles do not fit its root."""
        read = self._reader(checkpoint)
        try:
            if size == 0:
                return root_at(0, read) if root_at(checkpoint.size, read) == checkpoint.root else None
            root = root_at(size, read)
            path = prove_consistency(size1=size, size2=checkpoint.size, read=read)
            verify_consistency(
                size1=size, size2=checkpoint.size, root1=root, root2=checkpoint.root, path=path
            )
        except (VerificationError, MalformedError):
            return None
        return root

    def _fault(self, entries: Sequence[bytes], checkpoint: Checkpoint, note: bytes) -> SequencerFaultError:
        """Find out what does not fit: what is held, what was fetched, or the tiles themselves."""
        start, read = self.replica.state.size, self._reader(checkpoint)
        root = self._root_within(start, checkpoint)
        if root is None:
            return _tiles_fault(checkpoint)
        if root != self.replica.state.frontier.root():
            return self._fork(start, checkpoint, note)
        try:
            for index, raw in enumerate(entries, start):
                if read(0, index) != leaf_hash(raw):
                    return SequencerFaultError(
                        f"statement {index} is not the one in the signed tree", code="tiles", index=index
                    )
        except MalformedError:
            pass
        return _tiles_fault(checkpoint)

    def _refused(
        self, index: int, raw: bytes, refusal: RejectedError, checkpoint: Checkpoint, note: bytes
    ) -> SequencerFaultError:
        message = f"statement {index} is refused: {refusal.code}"
        evidence = None
        # Whoever shows such a statement may not show the tiles that prove it to others.
        with suppress(VerificationError, MalformedError, UnavailableError):
            path = prove_inclusion(index=index, tree_size=checkpoint.size, read=self._reader(checkpoint))
            evidence = Refused(
                seen=self._seen(note), index=index, statement=raw, path=tuple(path), code=refusal.code
            )
        return SequencerFaultError(message, code="refused", index=index, evidence=evidence)

    def _compare(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Check that a signed tree of what is held or less is a beginning of what is held."""
        size = checkpoint.size
        if size <= self.replica.state.size and self.replica.root(size) != checkpoint.root:
            raise self._fork(size, checkpoint, note)

    def _fork(self, size: int, checkpoint: Checkpoint, note: bytes) -> SequencerFaultError:
        read, index, evidence = self._reader(checkpoint), None, None
        # Whoever shows another tree may not show its tiles, or false ones.
        with suppress(VerificationError, MalformedError, UnavailableError):
            evidence = self.fork_with(self._seen(note), read)
            index = first_difference(size, self.replica.log.node, read)
        where = f"another tree of {checkpoint.size} statements than the stored one"
        if index is not None:
            where = f"statement {index} is another one than in the tree signed before"
        return SequencerFaultError(where, code="fork", index=index, evidence=evidence)

    def _seen(self, note: bytes) -> Seen:
        return Seen(note=note, source="sequencer", at=self._now())

    def _keep_first(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Keep the checkpoint over a log that this node began by itself, with the genesis that it trusts."""
        if not self._has_checkpoint and checkpoint.size == self.replica.state.size:
            self.replica.keep_first_checkpoint(checkpoint.size, note)
            self._has_checkpoint = True


def _tiles_fault(checkpoint: Checkpoint) -> SequencerFaultError:
    return SequencerFaultError(
        f"hash tiles that do not fit the signed root of {checkpoint.size} statements", code="tiles"
    )
