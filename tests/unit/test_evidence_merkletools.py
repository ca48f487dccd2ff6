"""Evidence trees in the hands of the real merkletools package: the same roots, and each other's proofs."""

import hashlib
import os
import warnings
from importlib.util import find_spec
from typing import Any

import pytest

from hanse_ledger.evidence import evidence_root, leaf_hash, prove_leaf, tree_root, verify_leaf


@pytest.fixture(scope="module")
def merkletools() -> Any:
    if find_spec("merkletools") is None:
        reason = "merkletools is not installed: pip install --no-deps merkletools==1.0.3"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with warnings.catch_warnings():
        # It warns that pysha3 is missing, which no supported Python can build and SHA-256 does not need.
        warnings.simplefilter("ignore")
        import merkletools as package  # noqa: PLC0415 - only under the filter
    return package


def salted_leaves(count: int) -> list[tuple[bytes, str, Any]]:
    names = ["subject", "month", "condition", "exposure", "delay"]
    return [
        (
            hashlib.sha256(f"salt {index}".encode()).digest()[:16],
            names[index] if index < len(names) else "invoice",
            [f"INV-{index}", "2026-08-01", "2026-08-31", "", index + 1, "CNY"],
        )
        for index in range(count)
    ]


@pytest.mark.parametrize("count", [*range(1, 34), 63, 64, 65, 127])
def test_roots_and_proofs_are_each_others(merkletools: Any, count: int) -> None:
    leaves = salted_leaves(count)
    hashes = [leaf_hash(*leaf) for leaf in leaves]
    tree = merkletools.MerkleTools()
    tree.add_leaf([each.hex() for each in hashes])
    tree.make_tree()
    assert tree.get_merkle_root() == tree_root(hashes).hex()
    root = evidence_root(hashes)
    for index, (salt, name, value) in enumerate(leaves):
        ours, theirs = prove_leaf(hashes, index), tree.get_proof(index)
        assert ours == theirs
        assert tree.validate_proof(ours, hashes[index].hex(), tree_root(hashes).hex())
        verify_leaf(salt=salt, name=name, value=value, index=index, leaf_count=count, proof=theirs, root=root)
        assert not tree.validate_proof(ours, hashes[index - 1].hex(), tree.get_merkle_root()) or count == 1
