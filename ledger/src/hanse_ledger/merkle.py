"""The RFC 6962 Merkle tree of the log (SHA-256): growing it, proving and verifying.

The tree over n leaves splits at the largest power of two below n; a single node on the right is never
duplicated. `HashReader` gives the complete subtrees only: node (level, index) covers the leaves
[index * 2**level, (index + 1) * 2**level), level 0 being the leaf hashes.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from hanse_ledger.errors import RejectedError, VerificationError
from hanse_ledger.ids import HASH_BYTES, NodeHash

EMPTY_ROOT: Final = NodeHash(hashlib.sha256(b"").digest())

HashReader: TypeAlias = Callable[[int, int], NodeHash]
"""(level, index) -> hash of a complete subtree that storage keeps."""


class CompletedNode(NamedTuple):
    """A subtree whose last leaf has come: its hash never changes again."""

    level: int
    position: int
    """Its index among the complete subtrees of its level."""
    hash: NodeHash


def leaf_hash(entry: bytes) -> NodeHash:
    """Hash a log entry to its leaf (RFC 6962 section 2.1)."""
    return NodeHash(hashlib.sha256(b"\x00" + entry).digest())


def node_hash(left: NodeHash, right: NodeHash) -> NodeHash:
    """Hash two neighbours to their parent (RFC 6962 section 2.1)."""
    return NodeHash(hashlib.sha256(b"\x01" + left + right).digest())


class Frontier:
    """The right edge of a growing tree: what is needed to append and to know the root.

    Holds one hash for each bit of its size, at most 63. Mutable and not shared between threads; `copy`
    is cheap, so that a caller can try an append and drop it.
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self) -> None:
        self._size = 0
        # Owned by this object: complete subtrees from left to right, the sizes falling.
        self._nodes: list[NodeHash] = []

    @classmethod
    def restore(cls, *, size: int, read: HashReader) -> "Frontier":
        """Return the frontier of the tree of `size` leaves whose complete subtrees `read` knows."""
        return cls.restore_from(size=size, nodes=_complete_subtrees(0, size, read))

    @classmethod
    def restore_from(cls, *, size: int, nodes: Sequence[NodeHash]) -> "Frontier":
        """Return the frontier of the tree of `size` leaves that has these complete subtrees, largest first.

        Raises VerificationError for another number of subtrees than a tree of that size has.
        """
        if len(nodes) != size.bit_count():
            raise VerificationError(f"a tree of {size} leaves has another number of complete subtrees")
        frontier = cls()
        frontier._size, frontier._nodes = size, list(nodes)
        return frontier

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def append(self, leaf: NodeHash) -> list[CompletedNode]:
        """Add a leaf; return every subtree that it completes, from the leaf itself upward."""
        completed = [CompletedNode(0, self._size, leaf)]
        level, index, node = 0, self._size, leaf
        while index & 1:
            node = node_hash(self._nodes.pop(), node)
            level, index = level + 1, index >> 1
            completed.append(CompletedNode(level, index, node))
        self._nodes.append(node)
        self._size += 1
        return completed

    def root(self) -> NodeHash:
        """Return the root over all leaves so far, `EMPTY_ROOT` for none."""
        return _fold(self._nodes)

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own from here."""
        twin = Frontier()
        twin._size, twin._nodes = self._size, self._nodes.copy()
        return twin


def complete_subtrees(size: int, read: HashReader) -> list[NodeHash]:
    """Return the complete subtrees of the first `size` leaves, largest first: what makes their root."""
    return _complete_subtrees(0, size, read)


def root_at(size: int, read: HashReader) -> NodeHash:
    """Return the root of the first `size` leaves."""
    return _fold(_complete_subtrees(0, size, read))


def prove_inclusion(*, index: int, tree_size: int, read: HashReader) -> list[NodeHash]:
    """Return the audit path of leaf `index`, its sibling first (RFC 9162 section 2.1.3.1).

    Raises RejectedError for a leaf outside the tree.
    """
    if not 0 <= index < tree_size:
        raise RejectedError(f"index {index} is outside a tree of {tree_size}")
    start, end, path = 0, tree_size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    path.reverse()
    return path


def prove_consistency(*, size1: int, size2: int, read: HashReader) -> list[NodeHash]:
    """Return the proof that the tree of `size2` extends that of `size1` (RFC 9162 section 2.1.4.1).

    Empty for equal sizes. Raises RejectedError unless 0 < size1 <= size2: nothing needs proof from an
    empty tree.
    """
    if not 0 < size1 <= size2:
        raise RejectedError(f"no consistency proof leads from {size1} to {size2}")
    start, end, path = 0, size2, []
    while end != size1:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    # At start 0 the last subtree is the old tree itself, whose root the verifier has.
    if start:
        path.append(_range_root(start, end, read))
    path.reverse()
    return path


def verify_inclusion(
    *, leaf: NodeHash, index: int, tree_size: int, root: NodeHash, path: Sequence[NodeHash]
) -> None:
    """Check that `leaf` is entry number `index` of the tree with this `root`.

    Raises VerificationError also when the path is too short or too long, holds anything but 32-byte
    hashes, or names an entry outside the tree.
    """
    if not 0 <= index < tree_size:
        raise VerificationError(f"index {index} is outside a tree of {tree_size}")
    _check_lengths(leaf, root, *path)
    # RFC 9162 section 2.1.3.2. `position` and `last` are the coordinates, on the level being hashed, of
    # our node and of the level's right-most node.
    position, last, node = index, tree_size - 1, leaf
    for sibling in path:
        if last == 0:
            raise VerificationError("an inclusion path that is too long")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            position, last = _climb_right_edge(position, last)
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise VerificationError("an inclusion path that is too short")
    if node != root:
        raise VerificationError("an inclusion path that does not lead to the root")


def verify_consistency(
    *, size1: int, size2: int, root1: NodeHash, root2: NodeHash, path: Sequence[NodeHash]
) -> None:
    """Check that the tree (size2, root2) is the tree (size1, root1) with leaves appended.

    Raises VerificationError also for size1 = 0, from which nothing can be proven, for a shrinking tree
    and for hashes that are not 32 bytes long.
    """
    if not 0 < size1 <= size2:
        raise VerificationError(f"a tree of {size2} does not extend one of {size1}")
    _check_lengths(root1, root2, *path)
    if size1 == size2:
        if path or root1 != root2:
            raise VerificationError("two trees of one size that are not the same")
        return
    # RFC 9162 section 2.1.4.2. When the old tree is one complete subtree, its root opens the path.
    nodes = [root1, *path] if size1 & (size1 - 1) == 0 else list(path)
    if not path:
        raise VerificationError("a consistency path that is too short")
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise VerificationError("a consistency path that is too long")
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            position, last = _climb_right_edge(position, last)
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    if last:
        raise VerificationError("a consistency path that is too short")
    if old != root1 or new != root2:
        raise VerificationError("a consistency path that does not lead to both roots")


def _climb_right_edge(position: int, last: int) -> tuple[int, int]:
    """Skip the levels on which our node is a lone right-most one: it rises unchanged there."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _check_lengths(*hashes: NodeHash) -> None:
    if any(len(node) != HASH_BYTES for node in hashes):
        raise VerificationError(f"a tree hash that has not {HASH_BYTES} bytes")


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _complete_subtrees(start: int, end: int, read: HashReader) -> list[NodeHash]:
    """Return the complete subtrees that make up [start, end), left to right.

    `start` is a multiple of the largest power of two that fits into the range, as every range is that
    comes from splitting a tree.
    """
    nodes = []
    for level in range((end - start).bit_length() - 1, -1, -1):
        if (end - start) >> level & 1:
            nodes.append(read(level, start >> level))
            start += 1 << level
    return nodes


def _range_root(start: int, end: int, read: HashReader) -> NodeHash:
    return _fold(_complete_subtrees(start, end, read))


def _fold(nodes: Sequence[NodeHash]) -> NodeHash:
    """Join subtrees of falling size into the root above them."""
    if not nodes:
        return EMPTY_ROOT
    root = nodes[-1]
    for node in nodes[-2::-1]:
        root = node_hash(node, root)
    return root
