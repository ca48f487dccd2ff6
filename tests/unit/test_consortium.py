"""The consortium document: every limit of section 12, and that a refusal names the place."""

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support_consortium import (
    ALDER,
    BIRCH,
    CEDAR,
    CONSORTIUM,
    DESK,
    GONE,
    STEWARDS,
    TOKEN_SHARES,
    XS,
    Document,
    canonical,
    changed,
    consortium,
    document,
    genesis_body,
    log_key,
    party_in,
    statement_key,
)

from hanse_ledger.codec import encode
from hanse_ledger.consortium import admission_message, genesis_message, parse_document, verify_genesis
from hanse_ledger.errors import DocumentError, VerificationError
from hanse_ledger.ids import month_of
from hanse_ledger.privacy.voprf import public_share

Path = tuple[str | int, ...]
DOCUMENT = document()
PLACES = {party["id"]: f"parties[{i}]" for i, party in enumerate(DOCUMENT["parties"])}
HEX = {"statement_key", "proof", "cosign_key", "log_key", "token_key"}


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document below the root, with its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key), item
        yield from nodes(item, (*path, key))


def place(path: Path) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def put(path: Path, value: object) -> Document:
    doc = copy.deepcopy(DOCUMENT)
    *above, last = path
    at: Any = doc
    for key in above:
        at = at[key]
    at[last] = value
    return doc


def refused(doc: object) -> str:
    """Return the field that the refusal names."""
    return refused_bytes(canonical(doc))


def refused_bytes(raw: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_document(raw)
    return caught.value.field


ALL = list(nodes(DOCUMENT))
FIXED = [(path, value) for path, value in ALL if "rates" not in path[:-1]]
FIELDS = [path for path, _ in FIXED if isinstance(path[-1], str)]


def test_the_document_is_read() -> None:
    read = consortium()
    assert read.id == CONSORTIUM
    assert (read.demo, read.first_month, read.previous) == (False, month_of(2026, 1), b"")
    assert read.hash == hashlib.sha256(read.raw).digest()
    assert list(read.parties) == sorted(PLACES)
    assert list(read.stewards) == list(XS)
    assert [party.id for party in read.stewards.values()] == list(STEWARDS.values())
    assert read.ordering == (DESK,)
    alder = read.parties[ALDER]
    assert alder.roles == {"member"}
    assert (alder.x, alder.token_key, alder.log_key) == (None, None, None)
    assert alder.statement_key == statement_key(ALDER).public
    assert read.parties[DESK].log_key == log_key(DESK).public
    assert read.stewards[XS[3]].token_key == public_share(TOKEN_SHARES[XS[3]])
    assert read.policy.bounds_minor == (100_000, 1_000_000, 5_000_000, 25_000_000, 100_000_000)
    assert read.policy.rates_of(month_of(2026, 1)) == {"EUR": 8_100_000}
    assert read.policy.rates_of(month_of(2026, 2)) == {}


def test_who_is_active_and_who_counts_together() -> None:
    read = consortium()
    assert read.party(GONE) is None
    assert read.party(ALDER) is read.parties[ALDER]
    groups = read.groups()
    assert groups[BIRCH] == groups[CEDAR]
    assert len({groups[party] for party in (ALDER, BIRCH, GONE)}) == 3
    named = parse_document(canonical(changed(lambda d: party_in(d, BIRCH).update(group="alder"))))
    assert named.groups()[BIRCH] != named.groups()[ALDER]  # a group called like a party is another


@pytest.mark.parametrize("path", FIELDS, ids=place)
def test_every_field_is_needed(path: Path) -> None:
    doc = copy.deepcopy(DOCUMENT)
    at: Any = doc
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    # A log_key is needed by the one who orders only.
    assert refused(doc) == ("ordering[0]" if path[-1] == "log_key" else place(path))


@pytest.mark.parametrize(
    "path",
    [(), *(path for path, value in FIXED if isinstance(value, dict) and path[-1] != "rates")],
    ids=place,
)
def test_no_field_is_added(path: Path) -> None:
    doc = copy.deepcopy(DOCUMENT)
    at: Any = doc
    for key in path:
        at = at[key]
    for name in ("zzz", "", "Format"):
        at[name] = 1
        assert refused(doc) == place((*path, name))
        del at[name]


@pytest.mark.parametrize(("path", "value"), ALL, ids=[place(path) for path, _ in ALL])
def test_every_value_has_its_type(path: Path, value: object) -> None:
    wrong: list[object] = [None, [], {}, "x", 7, True]
    if isinstance(value, bool):
        wrong = [None, [], {}, "true", "", 0, 1]
    elif isinstance(value, int):
        wrong = [None, [], {}, str(value), "", True, False, -1, -value]
    elif isinstance(value, str):
        wrong = [None, [], {}, 7, 0, True, False]
    elif isinstance(value, list):
        wrong = [None, {}, "", 7, True]
    elif isinstance(value, dict):
        wrong = [None, [], "", 7, True]
    for other in wrong:
        assert refused(put(path, other)).startswith(place(path))


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, value in FIXED
        if isinstance(value, str) and path[-1] not in ("group", "url", "previous")
    ],
    ids=place,
)
def test_only_three_texts_may_be_empty(path: Path) -> None:
    assert refused(put(path, "")) == place(path)


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, value in FIXED if path[-1] in HEX], ids=str
)
def test_hex_is_lower_case_and_of_its_length(path: Path, value: str) -> None:
    for other in (value.upper(), value[:-2], value + "00", value[:-1], f" {value}", f"0x{value[2:]}"):
        assert refused(put(path, other)) == place(path)


def test_previous_is_a_hash_or_empty() -> None:
    assert parse_document(canonical(put(("previous",), "ab" * 32))).previous == b"\xab" * 32
    for other in ("AB" * 32, "ab" * 31, "ab" * 33, "ab", "xy" * 32):
        assert refused(put(("previous",), other)) == "previous"


RAW = canonical(DOCUMENT)
SPELLINGS = {
    "a name twice": RAW.replace(b'{"consortium":', b'{"consortium":"x","consortium":', 1),
    "the same value twice": RAW.replace(b'"exponent":2', b'"exponent":2,"exponent":2'),
    "a space": RAW.replace(b'":', b'": ', 1),
    "a newline at the end": RAW + b"\n",
    "a byte order mark": b"\xef\xbb\xbf" + RAW,
    "names in another order": json.dumps(dict(reversed(DOCUMENT.items())), separators=(",", ":")).encode(),
    "an escape": RAW.replace(b'"name":"Alder"', b'"name":"\\u0041lder"'),
    "a float": RAW.replace(b'"exponent":2', b'"exponent":2.0'),
    "an exponent": RAW.replace(b'"exponent":2', b'"exponent":2e0'),
    "a minus zero": RAW.replace(b'"share_hours":24', b'"share_hours":-0'),
    "a leading zero": RAW.replace(b'"share_hours":24', b'"share_hours":024'),
    "not a number": RAW.replace(b'"share_hours":24', b'"share_hours":NaN'),
    "infinity": RAW.replace(b'"share_hours":24', b'"share_hours":Infinity'),
    "5,000 digits": RAW.replace(b'"share_hours":24', b'"share_hours":' + b"1" * 5_000),
    "a lone surrogate": RAW.replace(b'"name":"Alder"', b'"name":"\\ud800"'),
    "no UTF-8": RAW.replace(b'"name":"Alder"', b'"name":"\xff"'),
    "a surrogate in UTF-8": RAW.replace(b'"name":"Alder"', b'"name":"\xed\xa0\x80"'),
    "two documents": RAW + RAW,
    "half a document": RAW[: len(RAW) // 2],
    "nothing": b"",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "deep lists": b"[" * 50_000,
    "closed deep lists": b"[" * 20_000 + b"]" * 20_000,
    "deep objects": b'{"a":' * 50_000,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_document_has_one_spelling(name: str) -> None:
    assert SPELLINGS[name] != RAW
    assert refused_bytes(SPELLINGS[name]) == "document"


def test_every_party_signs_the_hash_of_genesis() -> None:
    signatures = genesis_body(RAW).signatures
    verify_genesis(consortium(), signatures)
    for i in range(len(signatures)):
        false = (signatures[i][0], bytes(64))
        with pytest.raises(VerificationError):
            verify_genesis(consortium(), (*signatures[:i], false, *signatures[i + 1 :]))
        with pytest.raises(DocumentError) as caught:
            verify_genesis(consortium(), (*signatures[:i], *signatures[i + 1 :]))
        assert caught.value.field == "signatures"


def test_what_is_signed_at_admission_and_genesis() -> None:
    assert admission_message(CONSORTIUM, ALDER, b"k" * 32) == encode(
        ["hanse/v1/admission", "hanse.example/test", "alder", b"k" * 32]
    )
    assert genesis_message(bytes(32)) == encode(["hanse/v1/genesis", bytes(32)])
