"""Lists that come in pages, by cursor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from hanse_client.errors import NodeUnavailableError
from hanse_client.session import Session
from hanse_client.shapes import Page, Shape
from hanse_client.steps import Steps, get

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A list at a path, and how an item of it is read."""

    path: str
    read: Callable[[Any], T]
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


def page(session: Session, listing: Listing[T], cursor: str | None) -> Steps[Page[T]]:
    """Fetch the page at a cursor, the first one without."""
    query = dict(listing.query) if cursor is None else {**listing.query, "cursor": cursor}
    content = yield from session.read(get(listing.path, query))
    found = Shape(content).page(listing.read)
    if cursor is not None and found.next == cursor:
        raise NodeUnavailableError("the node gives the same page for ever")
    return found
