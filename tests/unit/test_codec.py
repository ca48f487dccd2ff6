import hashlib

import cbor2
import pytest

from hanse_ledger.codec import decode, digest, encode, split_sequence
from hanse_ledger.errors import MalformedError

LIMIT = 65_535


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        # RFC 8949 appendix A, the kinds that have a place here.
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1_000, "1903e8"),
        (1_000_000, "1a000f4240"),
        (18_446_744_073_709_551_615, "1bffffffffffffffff"),
        (-1, "20"),
        (-100, "3863"),
        (False, "f4"),
        (True, "f5"),
        (None, "f6"),
        (b"", "40"),
        (b"\1\2\3\4", "4401020304"),
        ("", "60"),
        ("IETF", "6449455446"),
        ("\u6c34", "63e6b0b4"),
        ([], "80"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({}, "a0"),
        ({1: 2, 3: 4}, "a201020304"),
    ],
)
def test_each_value_has_one_encoding(value: object, encoded: str) -> None:
    assert encode(value).hex() == encoded
    assert decode(bytes.fromhex(encoded), limit=LIMIT) == value


def test_maps_are_written_in_the_order_of_their_keys() -> None:
    assert encode({4: 0, 1: 0, 15: 0}).hex() == "a301000400" + "0f00"


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "0000",  # two items
        "8200",  # cut short
        "1817",  # 23 in two bytes
        "190018",  # 24 in three
        "1a00000018",
        "1b0000000000000018",
        "5801" + "00",  # a length in two bytes
        "7801" + "61",
        "9801" + "00",
        "b801" + "0000",
        "9f01ff",  # indefinite lengths
        "bf0100ff",
        "5f4101ff",
        "7f6161ff",
        "a201000100",  # a key twice
        "a203000100",  # keys out of order
        "a1f500",  # a key that is true
        "a12000",  # -1
        "a1181800",  # 24
        "a1616100",  # text
        "a1800000",  # an array
        "f90000",  # 0.0
        "f93c00",  # 1.0
        "fa3f800000",
        "fb3ff0000000000000",
        "f97e00",  # not a number
        "f7",  # undefined
        "e0",  # other simple values
        "f820",
        "f814",  # false in two bytes
        "ff",
        "c11a514b67b0",  # tags: time, big numbers, sharing, sets, self-described
        "c24101",
        "c249010000000000000000",
        "c349010000000000000000",
        "c48221196ab3",
        "d81c81d81d00",
        "d9010281" + "01",
        "d9d9f700",
        "d1" + "00",  # 17
        "d81200",  # 18 in two bytes
        "3b8000000000000000" + "00",
        "3bffffffffffffffff",  # -2^64
        "61ff",  # no UTF-8
        "63eda080",  # a surrogate
        "1c",  # reserved
        "5bffffffffffffffff",  # lengths beyond all bytes
        "9bffffffffffffffff",
        "bb7fffffffffffffff",
    ],
)
def test_everything_else_is_refused(encoded: str) -> None:
    with pytest.raises(MalformedError):
        decode(bytes.fromhex(encoded), limit=LIMIT)
    if encoded:
        with pytest.raises(MalformedError):
            decode(b"\x81" + bytes.fromhex(encoded), limit=LIMIT)


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x01", b"\xd2", b"\x9f", b"\x82\x00"])
def test_depth_is_limited_however_deep(opening: bytes) -> None:
    for depth in (9, 400, LIMIT // len(opening)):
        with pytest.raises(MalformedError):
            decode(opening * depth + b"\x00", limit=LIMIT + 1)


def test_eight_levels_are_read_and_nine_are_not() -> None:
    assert decode(b"\x81" * 8 + b"\x00", limit=9) == [[[[[[[[0]]]]]]]]
    with pytest.raises(MalformedError, match="deep"):
        decode(b"\x81" * 9 + b"\x00", limit=10)


def test_the_limit_is_in_bytes() -> None:
    raw = encode(b"1234")
    assert decode(raw, limit=5) == b"1234"
    with pytest.raises(MalformedError):
        decode(raw, limit=4)


def test_tag_18_is_read_as_a_tag() -> None:
    tagged = decode(bytes.fromhex("d28100"), limit=3)
    assert isinstance(tagged, cbor2.CBORTag)
    assert (tagged.tag, list(tagged.value)) == (18, [0])


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**64,
        -(2**64),
        {24: 0},
        {-1: 0},
        {"a": 0},
        {True: 0},
        {1, 2},
        cbor2.undefined,
        cbor2.CBORTag(17, 0),
        object(),
        [[[[[[[[[0]]]]]]]]],
    ],
)
def test_nothing_else_is_written(value: object) -> None:
    with pytest.raises(MalformedError):
        encode(value)


def test_digest_is_sha_256_of_the_array() -> None:
    assert digest("a", b"\1", [2]) == hashlib.sha256(bytes.fromhex("83616141018102")).digest()


SEQUENCES = {
    "one": ["00"],
    "numbers of every width": ["17", "1818", "1903e8", "1a000f4240", "1b00000001ffffffff", "20", "f6"],
    "strings": ["40", "4401020304", "60", "6449455446", "5818" + 24 * "00"],
    "arrays, maps and tags": ["80", "8301820203820405", "a0", "a201020304", "d28443a10118a0f640"],
}


@pytest.mark.parametrize("items", SEQUENCES.values(), ids=SEQUENCES)
def test_a_sequence_is_split_into_its_items(items: list[str]) -> None:
    raws = [bytes.fromhex(item) for item in items]
    assert split_sequence(b"".join(raws), most=len(raws)) == raws
    # Another reader sees the same items.
    assert [cbor2.dumps(cbor2.loads(raw)) for raw in raws] == raws
    with pytest.raises(MalformedError):
        split_sequence(b"".join(raws), most=len(raws) - 1)
    for cut in range(1, len(raws[-1])):
        with pytest.raises(MalformedError):
            split_sequence(b"".join(raws)[:-cut], most=len(raws))


@pytest.mark.parametrize(
    "raw",
    ["", "5fff", "9fff", "bfff", "ff", "1c", "5bffffffffffffffff00", "9bffffffffffffffff00", "81" * 9 + "00"],
)
def test_what_is_no_sequence_is_refused(raw: str) -> None:
    with pytest.raises(MalformedError):
        split_sequence(bytes.fromhex(raw), most=4)
