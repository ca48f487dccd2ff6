"""Reading RFC 8785 JSON strictly: canonical bytes in, plain values out, every refusal names its field."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeGuard, TypeVar

import rfc8785

from hanse_ledger.errors import DocumentError

INT_LIMIT: Final = 1 << 53
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")
T = TypeVar("T")


def parse_canonical(raw: bytes) -> dict[str, Any]:
    """Return the object that `raw` is the RFC 8785 form of; raises DocumentError for anything else."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=_refuse_number, parse_constant=_refuse_number)
        again = rfc8785.dumps(value)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise DocumentError(field="document", reason="not RFC 8785 JSON") from error
    # Repeated names, other orders, spaces and escapes all differ from the canonical bytes.
    if again != raw:
        raise DocumentError(field="document", reason="JSON that is not in its RFC 8785 form")
    if not isinstance(value, dict):
        raise DocumentError(field="document", reason="must be an object")
    return value


class Fields:
    """One JSON object of a document: fields are taken by name, and none may be left over."""

    __slots__ = ("_left", "place")

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise DocumentError(field=place, reason="must be an object")
        self._left, self.place = dict(value), place

    def refuse(self, name: str, reason: str) -> NoReturn:
        """Raise DocumentError for the field `name` of this object."""
        raise DocumentError(field=f"{self.place}.{name}" if self.place else name, reason=reason)

    def has(self, name: str) -> bool:
        """Return whether the field is there and not taken yet."""
        return name in self._left

    def take(self, name: str) -> Any:
        """Return a field's value; refuse when it is absent."""
        if name not in self._left:
            self.refuse(name, "is missing")
        return self._left.pop(name)

    def text(self, name: str, *, empty: bool = False) -> str:
        """Take a text; only some may be empty."""
        value = self.take(name)
        if not isinstance(value, str) or (not value and not empty):
            self.refuse(name, "must be a text" if empty else "must be a text that is not empty")
        return value

    def number(self, name: str, *, least: int = 0, most: int = INT_LIMIT - 1) -> int:
        """Take an integer, least <= value <= most."""
        value: object = self.take(name)
        if not _is_integer(value) or not least <= value <= most:
            self.refuse(name, f"must be an integer from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        """Take a boolean."""
        value = self.take(name)
        if not isinstance(value, bool):
            self.refuse(name, "must be true or false")
        return value

    def hex(self, name: str, size: int, *, empty: bool = False) -> bytes:
        """Take lower-case hex of exactly `size` bytes, or of none where it may be empty."""
        text = self.text(name, empty=empty)
        if _HEX.fullmatch(text) is None or len(text) != 2 * size * bool(text):
            self.refuse(name, f"must be {size} bytes in lower-case hex")
        return bytes.fromhex(text)

    def list_of(self, name: str, item: Callable[[object, str], T]) -> tuple[T, ...]:
        """Take a list and read each item with `item(value, place)`."""
        value = self.take(name)
        if not isinstance(value, list):
            self.refuse(name, "must be a list")
        return tuple(item(one, f"{self.place}.{name}[{i}]".lstrip(".")) for i, one in enumerate(value))

    def mapping(self, name: str) -> Mapping[str, object]:
        """Take an object whose names are not fixed."""
        value = self.take(name)
        if not isinstance(value, dict):
            self.refuse(name, "must be an object")
        return value

    def left(self) -> dict[str, object]:
        """Return what nobody has taken yet."""
        return dict(self._left)

    def done(self) -> None:
        """Refuse what nobody has taken."""
        for name in self._left:
            self.refuse(name, "is no field of a document")


def text_item(value: object, place: str) -> str:
    """Read a text that is not empty, as an item of a list."""
    if not isinstance(value, str) or not value:
        raise DocumentError(field=place, reason="must be a text that is not empty")
    return value


def number_item(value: object, place: str) -> int:
    """Read an integer from 0 to 2^53 - 1, as an item of a list."""
    if not _is_integer(value) or not 0 <= value < INT_LIMIT:
        raise DocumentError(field=place, reason="must be an integer that is not negative")
    return value


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse_number(_: str) -> NoReturn:
    raise ValueError("a number that is no integer")
