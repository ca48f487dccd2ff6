"""Reading a node's own lists and states into types. They are its word alone: nothing in them is verified.

Fields that this version does not know are left aside, so that a newer node can say more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from hanse_client.errors import NodeUnavailableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list, and the cursor of the next; None on the last."""

    items: tuple[T, ...]
    next: str | None


class Shape:
    """One JSON object, read field by field; NodeUnavailableError for what is not there as it should be."""

    __slots__ = ("_fields",)

    def __init__(self, content: Any) -> None:
        if not isinstance(content, dict):
            _refuse()
        self._fields = content

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._fields.get(name)
        return value if isinstance(value, str) else _refuse()

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None where it is null or absent."""
        return None if self._fields.get(name) is None else self.text(name)

    def choice(self, name: str, choices: Sequence[str]) -> Any:
        """Return one of some texts."""
        value = self._fields.get(name)
        return value if value in choices else _refuse()

    def integer(self, name: str) -> int:
        """Return an integer of either sign."""
        value = self._fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else _refuse()

    def number(self, name: str) -> int:
        """Return an integer of 0 or more."""
        value = self._fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else _refuse()

    def number_or_none(self, name: str) -> int | None:
        """Return an integer, or None where it is null or absent."""
        return None if self._fields.get(name) is None else self.number(name)

    def ratio(self, name: str) -> float:
        """Return a number from 0 to 1."""
        value = self._fields.get(name)
        return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else _refuse()

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._fields.get(name)
        return value if isinstance(value, bool) else _refuse()

    def each(self, name: str, read: Callable[[Any], T]) -> tuple[T, ...]:
        """Return a list, each item read by `read`."""
        value = self._fields.get(name)
        return tuple(read(item) for item in value) if isinstance(value, list) else _refuse()

    def nested(self, name: str, read: Callable[[Any], T]) -> T:
        """Return an object in this one, read by `read`."""
        return read(self._fields.get(name))

    def page(self, read: Callable[[Any], T]) -> Page[T]:
        """Return the page that this object is."""
        return Page(items=self.each("items", read), next=self.text_or_none("next"))


def as_text(value: Any) -> str:
    """Return an item of a list that is a text."""
    return value if isinstance(value, str) else _refuse()


def _refuse() -> NoReturn:
    raise NodeUnavailableError("the node's answer is not one that can be read")
