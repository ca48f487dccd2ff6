"""What a row is proved with comes back from the private store as it went in."""

import pytest

from hanse_ledger.errors import MalformedError
from hanse_ledger.evidence import Leaf, encode_leaf
from node.storage.book import decode_evidence, encode_evidence

LEAVES: list[Leaf] = [
    ("subject", "ref:DEMO:C1"),
    ("month", 24_300),
    ("invoice", ["R1", "2024-07-01", "2024-07-10", "", 100_000, "CNY"]),
]
ENCODED = [encode_leaf(name, value) for name, value in LEAVES]
SALTS = [bytes([number]) * 16 for number in range(len(LEAVES))]


def test_every_leaf_comes_back_with_its_salt() -> None:
    expected = [(salt, name, value) for salt, (name, value) in zip(SALTS, LEAVES, strict=True)]
    assert decode_evidence(encode_evidence(ENCODED, SALTS)) == expected


def test_a_changed_encoding_is_refused() -> None:
    with pytest.raises(MalformedError):
        decode_evidence(encode_evidence(ENCODED, SALTS) + b"\x00")


def test_a_salt_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        decode_evidence(encode_evidence(ENCODED, SALTS[:-1]))
