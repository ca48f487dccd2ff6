"""The log's formats against a model that is RFC 6962 word by word and shares no code with them."""

import hashlib

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support_tlog import TLOG, WORKED_LOGS, Tree, policy_of

from hanse_ledger.errors import LedgerError, MalformedError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import (
    Frontier,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from hanse_ledger.note import parse_note, parse_vkey
from hanse_ledger.policy import parse_policy, verify_checkpoint
from hanse_ledger.proof import parse_proof, verify_proof
from hanse_ledger.tiles import (
    TilePath,
    decode_bundle,
    encode_bundle,
    parse_tile_path,
    tile_hash_reader,
    tile_paths,
    tile_width,
)

LARGEST = 300
TREE = Tree([b"event-%d" % i for i in range(LARGEST)])
TILES = TREE.tiles()
SIZES = st.integers(1, LARGEST)
POLICY = policy_of(WORKED_LOGS[1])
CHECKPOINT = (WORKED_LOGS[1].folder / "checkpoint").read_bytes()
PROOF = (TLOG / "event-3.tlog-proof").read_bytes()


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


def audit_path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(entries) == 1:
        return []
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if m < k:
        return [*audit_path(m, entries[:k]), tree_hash(entries[k:])]
    return [*audit_path(m - k, entries[k:]), tree_hash(entries[:k])]


def subproof(m: int, entries: list[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if m == len(entries):
        return [] if known else [tree_hash(entries)]
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if m <= k:
        return [*subproof(m, entries[:k], known=known), tree_hash(entries[k:])]
    return [*subproof(m - k, entries[k:], known=False), tree_hash(entries[:k])]


@given(SIZES)
def test_roots_are_those_of_rfc_6962(size: int) -> None:
    root = tree_hash(TREE.entries[:size])
    assert root_at(size, TREE.read) == root
    assert Tree(TREE.entries[:size]).frontier.root() == root
    assert root_at(size, tile_hash_reader(LARGEST, TILES.get)) == root


@given(SIZES, st.data())
def test_inclusion_is_proven_and_nothing_near_it(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = prove_inclusion(index=index, tree_size=size, read=TREE.read)
    assert path == audit_path(index, TREE.entries[:size])
    leaf, root = leaf_hash(TREE.entries[index]), root_at(size, TREE.read)
    verify_inclusion(leaf=leaf, index=index, tree_size=size, root=root, path=path)
    other = data.draw(st.integers(0, LARGEST))
    assume(other != index)
    with pytest.raises(VerificationError):
        verify_inclusion(leaf=leaf, index=other, tree_size=size, root=root, path=path)


@given(SIZES, SIZES, st.data())
def test_growth_is_proven_and_no_other_growth(one: int, two: int, data: st.DataObject) -> None:
    size1, size2 = sorted((one, two))
    path = prove_consistency(size1=size1, size2=size2, read=TREE.read)
    assert path == subproof(size1, TREE.entries[:size2], known=True)
    root1, root2 = root_at(size1, TREE.read), root_at(size2, TREE.read)
    verify_consistency(size1=size1, size2=size2, root1=root1, root2=root2, path=path)
    assume(path)
    at = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:at], NodeHash(bytes([path[at][0] ^ 1]) + path[at][1:]), *path[at + 1 :]]
    for bad in (changed, path[:at] + path[at + 1 :], [*path[:at], path[at], *path[at:]]):
        with pytest.raises(VerificationError):
            verify_consistency(size1=size1, size2=size2, root1=root1, root2=root2, path=bad)


@given(SIZES, st.integers(0, 40))
def test_a_restored_frontier_goes_on_as_if_nothing_had_been(size: int, more: int) -> None:
    grown, restored = Tree(TREE.entries[:size]).frontier, Frontier.restore(size=size, read=TREE.read)
    for number in range(more):
        leaf = leaf_hash(b"%d" % number)
        assert grown.append(leaf) == restored.append(leaf)
    assert (grown.size, grown.root()) == (restored.size, restored.root())


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, (1 << 55) - 1), st.integers(1, 256))
def test_tile_paths_have_one_spelling(level: int | None, index: int, width: int) -> None:
    path = TilePath(level=level, index=index, width=width)
    assert parse_tile_path(path.encode()) == path


@given(st.integers(0, 200_000))
@example(65_536)
def test_the_tiles_of_a_size_hold_each_complete_subtree_once(size: int) -> None:
    widths: dict[int | None, int] = {}
    for path in tile_paths(size):
        assert tile_width(path, size) == path.width
        widths[path.level] = widths.get(path.level, 0) + path.width
    assert widths.get(None, 0) == widths.get(0, 0) == size
    assert widths.get(1, 0) == size // 256
    assert widths.get(2, 0) == size // 65_536


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_bundles_give_back_what_went_in(entries: list[bytes]) -> None:
    raw = encode_bundle(entries)
    assert decode_bundle(raw, len(entries)) == entries
    with pytest.raises(MalformedError):
        decode_bundle(raw[:-1], len(entries))
    with pytest.raises(MalformedError):
        decode_bundle(raw + b"\0", len(entries))


@settings(max_examples=300)
@given(st.integers(0, 8 * len(PROOF) - 1))
def test_no_bit_of_a_proof_file_can_be_flipped(bit: int) -> None:
    changed = bytearray(PROOF)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(LedgerError):
        verify_proof(parse_proof(bytes(changed)), leaf=leaf_hash(b"event-3"), policy=POLICY, strict=True)


@settings(max_examples=200)
@given(st.integers(0, len(CHECKPOINT) - 1), st.integers(0, 5))
def test_no_part_of_a_checkpoint_can_be_left_out(start: int, length: int) -> None:
    changed = CHECKPOINT[:start] + CHECKPOINT[start + length + 1 :]
    with pytest.raises(LedgerError):
        verify_checkpoint(changed, POLICY, strict=True)


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode())))
def test_readers_refuse_noise_in_one_way(raw: bytes) -> None:
    for parse in (parse_note, parse_proof, parse_policy):
        with pytest.raises(MalformedError):
            parse(raw)
    with pytest.raises(MalformedError):
        parse_vkey(raw.decode("utf-8", "surrogateescape"))
