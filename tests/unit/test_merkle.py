import base64
import hashlib
from typing import Any

import pytest
from support import vectors
from support_tlog import Tree

from hanse_ledger.errors import RejectedError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)

FOREIGN = vectors("merkle.json")
# The one case that a verifier which checks lengths refuses: roots of 12 bytes.
DEVIATION = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"
TREE = Tree([b"event-%d" % i for i in range(13)])


def decoded(text: str | None) -> NodeHash:
    return NodeHash(base64.b64decode(text or ""))


def path_of(case: dict[str, Any]) -> list[NodeHash]:
    return [decoded(node) for node in case["proof"] or []]


@pytest.mark.parametrize("case", FOREIGN["inclusion"], ids=lambda case: case["file"])
def test_foreign_inclusion_verdicts(case: dict[str, Any]) -> None:
    def check() -> None:
        verify_inclusion(
            leaf=decoded(case["leafHash"]),
            index=case["leafIdx"],
            tree_size=case["treeSize"],
            root=decoded(case["root"]),
            path=path_of(case),
        )

    if case["wantErr"]:
        with pytest.raises(VerificationError):
            check()
    else:
        check()


@pytest.mark.parametrize("case", FOREIGN["consistency"], ids=lambda case: case["file"])
def test_foreign_consistency_verdicts(case: dict[str, Any]) -> None:
    def check() -> None:
        verify_consistency(
            size1=case["size1"],
            size2=case["size2"],
            root1=decoded(case["root1"]),
            root2=decoded(case["root2"]),
            path=path_of(case),
        )

    if case["wantErr"] or case["file"] == DEVIATION:
        with pytest.raises(VerificationError):
            check()
    else:
        check()


def test_the_foreign_cases_are_all_there_and_the_deviation_is_the_named_one() -> None:
    assert len(FOREIGN["inclusion"]) + len(FOREIGN["consistency"]) == 196
    [case] = [case for case in FOREIGN["consistency"] if case["file"] == DEVIATION]
    assert DEVIATION in FOREIGN["known_deviation"]
    assert not case["wantErr"]
    assert len(decoded(case["root1"])) == 12


def test_the_empty_tree_has_the_root_of_rfc_6962() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == EMPTY_ROOT
    assert root_at(0, TREE.read) == EMPTY_ROOT


def test_leaves_and_nodes_have_their_own_prefixes() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert left == hashlib.sha256(b"\x00a").digest()
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()


def test_an_odd_leaf_is_not_duplicated() -> None:
    a, b, c = (leaf_hash(entry) for entry in (b"a", b"b", b"c"))
    frontier = Frontier()
    for leaf in (a, b, c):
        frontier.append(leaf)
    assert frontier.root() == node_hash(node_hash(a, b), c)


def test_append_returns_each_subtree_once_when_it_completes() -> None:
    frontier = Frontier()
    completed = [[(one.level, one.position) for one in frontier.append(leaf_hash(b""))] for _ in range(8)]
    assert completed[0] == [(0, 0)]
    assert completed[3] == [(0, 3), (1, 1), (2, 0)]
    assert completed[6] == [(0, 6)]
    assert completed[7] == [(0, 7), (1, 3), (2, 1), (3, 0)]


def test_a_copy_grows_on_its_own() -> None:
    first = Frontier.restore(size=5, read=TREE.read)
    second = first.copy()
    second.append(leaf_hash(TREE.entries[5]))
    assert (first.size, first.root()) == (5, root_at(5, TREE.read))
    assert (second.size, second.root()) == (6, root_at(6, TREE.read))


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_inclusion_is_proven_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(RejectedError):
        prove_inclusion(index=index, tree_size=size, read=TREE.read)


@pytest.mark.parametrize(("size1", "size2"), [(0, 5), (6, 5), (-1, 5)])
def test_no_consistency_is_proven_from_nothing_or_backwards(size1: int, size2: int) -> None:
    with pytest.raises(RejectedError):
        prove_consistency(size1=size1, size2=size2, read=TREE.read)


def inclusion(**changes: Any) -> dict[str, Any]:
    good = {
        "leaf": leaf_hash(TREE.entries[4]),
        "index": 4,
        "tree_size": 13,
        "root": root_at(13, TREE.read),
        "path": prove_inclusion(index=4, tree_size=13, read=TREE.read),
    }
    return good | changes


PATH = inclusion()["path"]
FLIPPED = NodeHash(bytes([PATH[0][0] ^ 1]) + PATH[0][1:])


@pytest.mark.parametrize(
    "changes",
    [
        {"leaf": leaf_hash(b"event-5")},
        {"leaf": b""},
        {"index": 5},
        {"index": 12},
        {"index": -1},
        {"index": 13},
        {"tree_size": 4},
        {"tree_size": 16, "index": 8},
        {"root": root_at(12, TREE.read)},
        {"root": b""},
        {"path": []},
        {"path": PATH[:-1]},
        {"path": [*PATH, PATH[-1]]},
        {"path": PATH[::-1]},
        {"path": [FLIPPED, *PATH[1:]]},
        {"path": [PATH[0][:-1], *PATH[1:]]},
        {"path": [PATH[0] + b"\0", *PATH[1:]]},
    ],
    ids="-".join,
)
def test_an_inclusion_that_is_not_so_is_refused(changes: dict[str, Any]) -> None:
    verify_inclusion(**inclusion())
    with pytest.raises(VerificationError):
        verify_inclusion(**inclusion(**changes))


def consistency(**changes: Any) -> dict[str, Any]:
    good = {
        "size1": 6,
        "size2": 13,
        "root1": root_at(6, TREE.read),
        "root2": root_at(13, TREE.read),
        "path": prove_consistency(size1=6, size2=13, read=TREE.read),
    }
    return good | changes


GROWTH = consistency()["path"]


@pytest.mark.parametrize(
    "changes",
    [
        {"size1": 0},
        {"size1": 5},
        {"size1": 8},
        {"size1": 14},
        {"size2": 5},
        {"size2": 33},
        {"root1": root_at(5, TREE.read)},
        {"root1": b""},
        {"root2": root_at(12, TREE.read)},
        {"root2": b""},
        {"path": []},
        {"path": GROWTH[:-1]},
        {"path": [*GROWTH, GROWTH[-1]]},
        {"path": GROWTH[::-1]},
        {"path": [*GROWTH[:-1], FLIPPED]},
        {"path": [GROWTH[0][:-1], *GROWTH[1:]]},
        {"size1": 13, "root1": root_at(13, TREE.read)},
        {"size1": 13, "path": []},
    ],
    ids="-".join,
)
def test_a_growth_that_is_not_so_is_refused(changes: dict[str, Any]) -> None:
    verify_consistency(**consistency())
    with pytest.raises(VerificationError):
        verify_consistency(**consistency(**changes))


def test_a_tree_is_consistent_with_itself() -> None:
    root = root_at(13, TREE.read)
    assert prove_consistency(size1=13, size2=13, read=TREE.read) == []
    verify_consistency(size1=13, size2=13, root1=root, root2=root, path=[])
