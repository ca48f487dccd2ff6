"""Deterministic CBOR (RFC 8949 section 4.2.1) in and out: every value has one encoding.

No floats, indefinite lengths, duplicate keys, negative numbers below the COSE algorithm ids, or tags
other than 18; map keys are 0 to 23. A reader re-encodes what it has read and compares.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import cbor2

from hanse_ledger.errors import MalformedError

Value: TypeAlias = Any
"""int | str | bytes | bool | None | list[Value] | dict[int, Value] | CBORTag of 18.

`Any`, because each reader narrows at once what it expects and a recursive union only adds casts.
"""

COSE_SIGN1_TAG: Final = 18
_DEPTH_LIMIT: Final = 8
_KEY_LIMIT: Final = 23
_INT_BITS: Final = 64
# RFC 8949 section 3: byte and text strings are major types 2 and 3, then arrays, maps and tags. An argument
# stands in the head, or in the 1, 2, 4 or 8 bytes behind it.
_MAJOR_STRINGS: Final = (2, 3)
_MAJOR_BYTES, _MAJOR_ARRAY, _MAJOR_MAP, _MAJOR_TAG = 2, 4, 5, 6
_WIDTH_MOST: Final = 8
_DIRECT_COUNT, _BYTE_MOST = 24, 0xFF


def encode(value: Value) -> bytes:
    """Encode a value in its one form. A value outside the allowed kinds is a bug of the caller."""
    _check(value, _DEPTH_LIMIT)
    return cbor2.dumps(value, canonical=True)


def decode(raw: bytes, *, limit: int) -> Value:
    """Read one canonical CBOR item that fills `raw`, of at most `limit` bytes.

    Raises MalformedError for everything else, whatever the bytes are.
    """
    value = decode_loosely(raw, limit=limit)
    try:
        _check(value, _DEPTH_LIMIT)
        again = cbor2.dumps(value, canonical=True)
    except MalformedError:
        raise
    except Exception as error:  # such as a value that refers to itself
        raise MalformedError("not CBOR of the allowed kinds") from error
    compare(raw, again)
    return value


def decode_loosely(raw: bytes, *, limit: int) -> Value:
    """Read CBOR in any form, for a reader that encodes again what it has read and calls `compare`."""
    if len(raw) > limit:
        raise MalformedError(f"{len(raw)} bytes are more than {limit}")
    try:
        return cbor2.loads(raw)
    except Exception as error:  # the decoder's errors vary with the bytes; all mean the same here
        raise MalformedError("not CBOR of the allowed kinds") from error


def compare(raw: bytes, encoded: bytes) -> None:
    """Refuse bytes that are not the one encoding of what was read from them."""
    if raw != encoded:
        raise MalformedError("CBOR that is not in its canonical form")


def split_sequence(raw: bytes, *, most: int) -> list[bytes]:
    """Return the 1 to `most` items of a CBOR sequence (RFC 8742) as they stand, of definite lengths.

    Raises MalformedError for what is no such sequence; what the items hold is not looked at.
    """
    items, position = list[bytes](), 0
    while position < len(raw):
        if len(items) == most:
            raise MalformedError(f"a sequence of more than {most} items")
        end = _skip(raw, position, _DEPTH_LIMIT)
        items.append(raw[position:end])
        position = end
    if not items:
        raise MalformedError("a sequence of no items")
    return items


def digest(*parts: Value) -> bytes:
    """SHA-256 of the CBOR array of `parts`: H[a, b, ...] of the protocol."""
    return hashlib.sha256(encode(list(parts))).digest()


def _skip(raw: bytes, position: int, depth: int) -> int:
    """Return where the item that begins at `position` ends (RFC 8949, section 3)."""
    if position >= len(raw) or not depth:
        raise MalformedError("a CBOR item that ends too early, or is too deep")
    major, short = raw[position] >> 5, raw[position] & 0x1F
    width = 0 if short < _DIRECT_COUNT else 1 << (short - _DIRECT_COUNT)
    if width > _WIDTH_MOST:
        raise MalformedError("a CBOR item of no definite length")
    position += 1 + width
    if position > len(raw):
        raise MalformedError("a CBOR item that ends too early")
    argument = int.from_bytes(raw[position - width : position], "big") if width else short
    if major in _MAJOR_STRINGS:
        position += argument
    # An array has `argument` items within, a map twice as many, a tag one.
    for _ in range({_MAJOR_ARRAY: argument, _MAJOR_MAP: 2 * argument, _MAJOR_TAG: 1}.get(major, 0)):
        position = _skip(raw, position, depth - 1)
    if position > len(raw):
        raise MalformedError("a CBOR item that ends too early")
    return position


def join_array(items: Sequence[bytes]) -> bytes:
    """Return the CBOR array of items that are encoded already."""
    return _head(_MAJOR_ARRAY, len(items)) + b"".join(items)


def byte_string(value: bytes) -> bytes:
    """Return the CBOR encoding of bytes."""
    return _head(_MAJOR_BYTES, len(value)) + value


def _head(major: int, argument: int) -> bytes:
    """Return the shortest head of an item with an argument below 2^32 (RFC 8949, sections 3 and 4.2.1)."""
    if argument < _DIRECT_COUNT:
        return bytes((major << 5 | argument,))
    if argument <= _BYTE_MOST:
        return bytes((major << 5 | _DIRECT_COUNT, argument))
    more, width = (1, 2) if argument < 1 << 16 else (2, 4)
    return bytes((major << 5 | _DIRECT_COUNT + more,)) + argument.to_bytes(width, "big")


def _check(value: Value, depth: int) -> None:
    kind = type(value)
    # What stands in most places comes first, by its exact type: this runs for every value.
    if kind is bytes or kind is str or kind is bool or value is None:
        return
    if kind is int:
        if value.bit_length() > _INT_BITS:
            raise MalformedError("an integer beyond 64 bits")
    elif depth == 0:
        raise MalformedError("CBOR nested too deeply")
    elif kind is list or kind is tuple:
        for item in value:
            _check(item, depth - 1)
    else:
        _check_rare(value, depth)


def _check_rare(value: Value, depth: int) -> None:
    if type(value) is dict or isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, bool) or not isinstance(key, int) or not 0 <= key <= _KEY_LIMIT:
                raise MalformedError("a map key outside 0 to 23")
            _check(item, depth - 1)
    elif isinstance(value, cbor2.CBORTag) and value.tag == COSE_SIGN1_TAG:
        _check(value.value, depth - 1)
    elif isinstance(value, str | bytes):
        return  # the NewTypes are plain already; this is for a subclass such as an enum
    else:
        raise MalformedError("a CBOR kind that has no place here")
