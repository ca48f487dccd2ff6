"""Salted evidence trees (protocol section 3): a member shows one invoice of a row and nothing else.

A leaf is SHA-256(0x00 || salt || CBOR [name, value]), a parent SHA-256(left || right), an odd last
node moves up unchanged: the tree that the merkletools package builds. Inner nodes have no prefix
there, so what a report carries is the evidence root, which binds the number of leaves, and
`verify_leaf` demands the exact path of one place in a tree of that size: no inner node can pass for
a leaf.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import cbor2

from hanse_ledger.codec import Value
from hanse_ledger.errors import VerificationError
from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.rows import Invoice, Row, open_in

SALT_BYTES: Final = 16
Leaf: TypeAlias = tuple[str, Value]
"""Name and value."""
Side: TypeAlias = Literal["left", "right"]
ProofStep: TypeAlias = dict[Side, str]
"""{"left": hex} or {"right": hex}: the sibling's side and hash, as in merkletools."""

_ROW_LEAVES: Final = ("subject", "month", "condition", "exposure", "delay")
_INVOICE_LEAF: Final = "invoice"
_HEADS: Final = {name: b"\x82" + cbor2.dumps(name) for name in (*_ROW_LEAVES, _INVOICE_LEAF)}
"""The CBOR of [name, ...] up to the value: an array of two begins with 0x82."""
_LEAF_RULE: Final = f"a salt has {SALT_BYTES} bytes, and a leaf has one of the names of a row's leaves"
_HEX_HASH: Final = re.compile(r"[0-9a-f]{64}")
_LEAF_COUNT_LIMIT: Final = 2**32


def row_leaves(*, subject: SubjectId, month: Month, row: Row, invoices: Iterable[Invoice]) -> list[Leaf]:
    """Return the leaves of a row: its five figures, then each invoice that is open in the month.

    Invoices stand in the order of the bytes of their references, with what stands in the books;
    those not open in the month are left out.
    """
    shown = sorted(open_in(invoices, month), key=lambda invoice: invoice.reference.encode())
    figures = (subject, month, row.condition, row.exposure, row.delay)
    leaves: list[Leaf] = list(zip(_ROW_LEAVES, figures, strict=True))
    leaves += [(_INVOICE_LEAF, _invoice_value(invoice)) for invoice in shown]
    return leaves


def encode_leaf(name: str, value: Value) -> bytes:
    """Return CBOR [name, value]; ValueError unless `name` is one of the six."""
    if name not in _HEADS:
        raise ValueError(_LEAF_RULE)
    return _encode_figure(name, value) if type(value) is int else _encode(name, value)


def hash_leaf(salt: bytes, encoded: bytes) -> bytes:
    """Return the hash of a leaf in its encoded form; ValueError unless `salt` is 16 (random) bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError(_LEAF_RULE)
    return hashlib.sha256(b"\x00" + salt + encoded).digest()


def leaf_hash(salt: bytes, name: str, value: Value) -> bytes:
    """Return a leaf's hash; ValueError unless `salt` is 16 (random) bytes and `name` one of the six."""
    return hash_leaf(salt, encode_leaf(name, value))


def _encode(name: str, value: Value) -> bytes:
    # `codec.encode` would check the kinds of values that were built here, for half of a row's time.
    return _HEADS[name] + cbor2.dumps(value, canonical=True)


_encode_figure = lru_cache(maxsize=4_096)(_encode)
"""Months and classes: few values, on every row."""


def tree_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root of merkletools' tree over one or more leaf hashes."""
    return _levels(leaf_hashes)[-1][0]


def evidence_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return what a report carries for the row: SHA-256(0x02 || leaf count as u32 || tree root)."""
    return _bound_root(len(leaf_hashes), tree_root(leaf_hashes))


def prove_leaf(leaf_hashes: Sequence[bytes], index: int) -> list[ProofStep]:
    """Return the siblings of leaf `index` from the bottom up, in merkletools' form.

    Raises IndexError outside the tree.
    """
    levels = _levels(leaf_hashes)
    return [{side: levels[height][sibling].hex()} for height, sibling, side in _path(index, len(leaf_hashes))]


def verify_leaf(
    *,
    salt: bytes,
    name: str,
    value: Value,
    index: int,
    leaf_count: int,
    proof: Sequence[ProofStep],
    root: bytes,
) -> None:
    """Check that the row with this evidence root has this leaf at this place.

    Raises VerificationError, also for a name that has no business at that place and for a proof that
    is not exactly the path of leaf `index` in a tree of `leaf_count`.
    """
    if not 0 <= index < leaf_count < _LEAF_COUNT_LIMIT:
        raise VerificationError("the leaf is outside its tree")
    if name != (_ROW_LEAVES[index] if index < len(_ROW_LEAVES) else _INVOICE_LEAF):
        raise VerificationError("another leaf has that place in a row's evidence")
    if len(salt) != SALT_BYTES:
        raise VerificationError(f"a salt has {SALT_BYTES} bytes")
    sides = [side for _, _, side in _path(index, leaf_count)]
    if [tuple(step) for step in proof] != [(side,) for side in sides]:
        raise VerificationError("the proof is not the path of that leaf")
    node = leaf_hash(salt, name, value)
    for side, step in zip(sides, proof, strict=True):
        if not _HEX_HASH.fullmatch(step[side]):
            raise VerificationError("a step of the proof is not a hash in lower-case hex")
        sibling = bytes.fromhex(step[side])
        node = _parent(sibling, node) if side == "left" else _parent(node, sibling)
    if _bound_root(leaf_count, node) != root:
        raise VerificationError("the leaf does not belong to this evidence root")


def _invoice_value(invoice: Invoice) -> list[Value]:
    return [
        invoice.reference,
        invoice.invoice_date.isoformat(),
        invoice.due_date.isoformat(),
        invoice.paid_date.isoformat() if invoice.paid_date is not None else "",
        invoice.amount_minor,
        invoice.currency,
    ]


def _parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(left + right).digest()


def _bound_root(leaf_count: int, root: bytes) -> bytes:
    return hashlib.sha256(b"\x02" + leaf_count.to_bytes(4, "big") + root).digest()


def _levels(leaf_hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the nodes of every level, the leaves first and the root alone last."""
    if not leaf_hashes:
        raise ValueError("a tree has at least one leaf")
    levels = [leaf_hashes]
    while len(level := levels[-1]) > 1:
        above = [_parent(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        levels.append(above)
    return levels


def _path(index: int, leaf_count: int) -> list[tuple[int, int, Side]]:
    """Return (height, place, side) of each sibling on the way up; a level without one has no step."""
    if not 0 <= index < leaf_count:
        raise IndexError("no such leaf")
    path: list[tuple[int, int, Side]] = []
    height, width = 0, leaf_count
    while width > 1:
        sibling = index ^ 1
        if sibling < width:
            path.append((height, sibling, "left" if sibling < index else "right"))
        height, index, width = height + 1, index // 2, (width + 1) // 2
    return path
