"""Reading fields of decoded CBOR: each function returns the value in its type, or raises MalformedError."""

import itertools
from collections.abc import Sequence
from typing import Any, Final

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import HASH_BYTES

INT_LIMIT: Final = 1 << 63


def as_array(value: Any, length: int, what: str) -> list[Any]:
    """Return an array of exactly `length` fields."""
    if not isinstance(value, list) or len(value) != length:
        raise MalformedError(f"{what} is an array of {length} fields")
    return value


def as_list(value: Any, least: int, most: int, what: str) -> list[Any]:
    """Return a list of `least` to `most` items."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise MalformedError(f"{what} is a list of {least} to {most}")
    return value


def as_uint(value: Any, what: str, *, limit: int = INT_LIMIT, least: int = 0) -> int:
    """Return an integer, least <= value < limit."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < limit:
        raise MalformedError(f"{what} is no integer of its range")
    return value


def as_bytes(value: Any, what: str, *, size: int = HASH_BYTES) -> bytes:
    """Return bytes of exactly `size`."""
    if not isinstance(value, bytes) or len(value) != size:
        raise MalformedError(f"{what} has {size} bytes")
    return value


def as_text(value: Any, what: str, *, most: int = 65_535) -> str:
    """Return text of at most `most` UTF-8 bytes."""
    if not isinstance(value, str) or len(value.encode(errors="surrogatepass")) > most:
        raise MalformedError(f"{what} is text of at most {most} bytes")
    return value


def check_ascending(values: Sequence[int], what: str) -> None:
    """Refuse values that do not strictly rise."""
    if any(a >= b for a, b in itertools.pairwise(values)):
        raise MalformedError(f"{what} stand in order, each once")
