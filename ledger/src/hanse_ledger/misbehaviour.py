"""Evidence against whoever orders a log, alone or in agreement, and how it is found and verified.

What `verify_evidence` finds true follows from the log's own signatures alone; when and from whom it was
seen is the word of the party that kept it.
"""

from dataclasses import dataclass
from typing import TypeAlias

from hanse_ledger.checkpoint import Checkpoint, parse_signed_checkpoint
from hanse_ledger.errors import VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import (
    Frontier,
    HashReader,
    complete_subtrees,
    leaf_hash,
    node_hash,
    prove_consistency,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from hanse_ledger.policy import Policy, verify_log_signature
from hanse_ledger.signing import verify_signature
from hanse_ledger.votes import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A signed checkpoint, and what its keeper says of where it was seen, and when (UTC, ISO 8601)."""

    note: bytes
    source: str
    at: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says, unverified."""
        return parse_signed_checkpoint(self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Two signed trees of which neither is a beginning of the other: proved by the signatures alone.

    `path` leads from `prefix_root`, the root of the larger tree's first statements, to the larger tree; the
    smaller one, of just so many statements, has another root.
    """

    smaller: Seen
    larger: Seen
    prefix_root: NodeHash
    path: tuple[NodeHash, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """A smaller tree shown after a larger one. Both signatures are proved; which came first is not."""

    before: Seen
    after: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A signed tree that holds a statement which acceptance refuses.

    That it stands there is proved; `code`, the reason, follows from replaying the statements before it.
    """

    seen: Seen
    index: int
    statement: bytes
    path: tuple[NodeHash, ...]
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A party's signed statement that the log passed over between two checkpoints.

    That it is none of those taken between is proved; that it was brought in time is its keeper's word.
    """

    before: Seen
    after: Seen
    statement: bytes
    subtrees: tuple[NodeHash, ...]
    """The complete subtrees of the tree before, largest first."""
    leaves: tuple[NodeHash, ...]
    """The leaf hashes of what was taken between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleVote:
    """Two votes of one validator, at one place, for different blocks of a chain.

    `key` is its log key (ADR 0028). Nobody honest ever makes the second one, whatever crashes.
    """

    chain_id: str
    key: bytes
    first: Vote
    second: Vote


Misbehaviour: TypeAlias = Fork | Shrunk | Refused | Withheld | DoubleVote


def find_fork(*, smaller: Seen, larger: Seen, read: HashReader) -> Fork | None:
    """Return the proof that the smaller tree is no beginning of the larger one, whose subtrees `read` gives.

    None where it is one. Raises VerificationError when what `read` gives is not the larger tree.
    """
    first, second = smaller.checkpoint, larger.checkpoint
    if first.size == 0:
        return None
    prefix, path = second.root, list[NodeHash]()
    if first.size < second.size:
        prefix = root_at(first.size, read)
        path = prove_consistency(size1=first.size, size2=second.size, read=read)
    verify_consistency(size1=first.size, size2=second.size, root1=prefix, root2=second.root, path=path)
    if prefix == first.root:
        return None
    return Fork(smaller=smaller, larger=larger, prefix_root=prefix, path=tuple(path))


def first_difference(size: int, ours: HashReader, theirs: HashReader) -> int | None:
    """Return the first of `size` leaves in which two trees differ, None where they do not.

    Raises VerificationError when the subtrees of `theirs` do not fit each other.
    """
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if not size >> level & 1:
            continue
        if ours(level, start >> level) != theirs(level, start >> level):
            return _descend(level, start >> level, ours, theirs)
        start += 1 << level
    return None


def _descend(level: int, index: int, ours: HashReader, theirs: HashReader) -> int:
    while level:
        level, left = level - 1, 2 * index
        children = theirs(level, left), theirs(level, left + 1)
        if node_hash(*children) != theirs(level + 1, index):
            raise VerificationError("hash tiles that do not fit each other")
        index = left if ours(level, left) != children[0] else left + 1
    return index


def verify_evidence(found: Misbehaviour, policy: Policy) -> None:
    """Check that what the evidence shows was signed by the log and is what it says it is.

    Raises VerificationError.
    """
    match found:
        case Fork():
            _verify_fork(found, policy)
        case Shrunk():
            before, after = (_signed(seen, policy) for seen in (found.before, found.after))
            _check(after.size < before.size, "the later tree is not smaller")
        case Refused():
            signed = _signed(found.seen, policy)
            verify_inclusion(
                leaf=leaf_hash(found.statement),
                index=found.index,
                tree_size=signed.size,
                root=signed.root,
                path=found.path,
            )
        case Withheld():
            _verify_withheld(found, policy)
        case DoubleVote():
            _verify_votes(found, policy)


def _verify_votes(found: DoubleVote, policy: Policy) -> None:
    first, second = found.first, found.second
    _check(any(found.key == log.key.public for log in policy.logs), "no key that may order has signed")
    places = [(vote.type, vote.height, vote.round) for vote in (first, second)]
    _check(places[0] == places[1], "the votes are at different places")
    _check(first.block_hash != second.block_hash, "the votes are for the same block")
    for vote in (first, second):
        message = vote.signed_bytes(found.chain_id)
        verify_signature(public=found.key, message=message, signature=vote.signature)


def _verify_fork(fork: Fork, policy: Policy) -> None:
    smaller, larger = _signed(fork.smaller, policy), _signed(fork.larger, policy)
    verify_consistency(
        size1=smaller.size,
        size2=larger.size,
        root1=fork.prefix_root,
        root2=larger.root,
        path=fork.path,
    )
    _check(fork.prefix_root != smaller.root, "the two trees fit together")


def _verify_withheld(withheld: Withheld, policy: Policy) -> None:
    before, after = _signed(withheld.before, policy), _signed(withheld.after, policy)
    _check(after.size > before.size, "the log did not grow between")
    _check(len(withheld.leaves) == after.size - before.size, "other leaves than those between")
    grown = Frontier.restore_from(size=before.size, nodes=withheld.subtrees)
    _check(grown.root() == before.root, "the subtrees are not those of the tree before")
    for leaf in withheld.leaves:
        grown.append(leaf)
    _check(grown.root() == after.root, "the leaves are not those of the tree after")
    _check(leaf_hash(withheld.statement) not in withheld.leaves, "the statement was taken")


def prove_withheld(*, before: Seen, after: Seen, statement: bytes, read: HashReader) -> Withheld:
    """Return the evidence that a statement was passed over; `read` gives the subtrees of the later tree."""
    old, new = before.checkpoint, after.checkpoint
    return Withheld(
        before=before,
        after=after,
        statement=statement,
        subtrees=tuple(complete_subtrees(old.size, read)),
        leaves=tuple(read(0, index) for index in range(old.size, new.size)),
    )


def _signed(seen: Seen, policy: Policy) -> Checkpoint:
    return verify_log_signature(seen.note, policy)


def _check(holds: bool, sentence: str) -> None:  # noqa: FBT001 - a condition, not a mode
    if not holds:
        raise VerificationError(sentence)
