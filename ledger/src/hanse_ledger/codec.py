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
# RFC 8949 section 3: an array is major type 4, its count in the head or in the bytes behind it.
_ARRAY, _COUNT_IN_BYTE, _COUNT_IN_TWO = 0x80, 24, 25
_DIRECT_COUNT, _BYTE_MOST = 24, 0xFF


def encode(value: Value) -> bytes:
    """Encode a value in its one form. A value outside the allowed kinds is a bug of the caller."""
    _check(value, _DEPTH_LIMIT)
    return cbor2.dumps(value, canonical=True)


def decode(raw: bytes, *, limit: int) -> Value:
    """Read one canonical CBOR item that fills `raw`, of at most `limit` bytes.

    Raises MalformedError for everything else, whatever the bytes are.
    """
    if len(raw) > limit:
        raise MalformedError(f"{len(raw)} bytes are more than {limit}")
    try:
        value = cbor2.loads(raw)
        _check(value, _DEPTH_LIMIT)
        again = cbor2.dumps(value, canonical=True)
    except MalformedError:
        raise
    except Exception as error:  # the decoder's errors vary with the bytes; all mean the same here
        raise MalformedError("not CBOR of the allowed kinds") from error
    if again != raw:
        raise MalformedError("CBOR that is not in its canonical form")
    return value


def digest(*parts: Value) -> bytes:
    """SHA-256 of the CBOR array of `parts`: H[a, b, ...] of the protocol."""
    return hashlib.sha256(encode(list(parts))).digest()


def join_array(items: Sequence[bytes]) -> bytes:
    """Return the CBOR array of at most 65,535 items that are encoded already."""
    count = len(items)
    if count < _DIRECT_COUNT:
        head = bytes([_ARRAY | count])
    elif count <= _BYTE_MOST:
        head = bytes([_ARRAY | _COUNT_IN_BYTE, count])
    else:
        head = bytes([_ARRAY | _COUNT_IN_TWO]) + count.to_bytes(2, "big")
    return head + b"".join(items)


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
    if isinstance(value, Mapping):
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
