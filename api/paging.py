"""Lists in pages: a cursor is the last item's place, of which only this module knows the form."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from hanse_ledger.errors import MalformedError

LIMIT_MOST: Final = 500
LINES: Final = "application/jsonl"
_LIMIT: Final = 100
_CURSOR_CHARS_MOST: Final = 1_024

Item = TypeVar("Item")
Other = TypeVar("Other")
Place = TypeVar("Place")


class Listed(BaseModel, Generic[Item]):
    """One page of a list. `next` is the cursor of the next page, null on the last one."""

    items: Sequence[Item]
    next: str | None

    def map(self, change: Callable[[Item], Other]) -> "Listed[Other]":
        """Return the page with every item changed."""
        return Listed(items=[change(item) for item in self.items], next=self.next)


class Page(Generic[Place]):
    """Which page of a list is asked for: at most `limit` items after a place."""

    def __init__(self, after: Place | None, limit: int) -> None:
        self.after, self.limit = after, limit

    def of(self, found: Sequence[Item], place_of: Callable[[Item], Place]) -> Listed[Item]:
        """Return the page, of up to `limit + 1` items that were found after the place."""
        items = found[: self.limit]
        more = len(found) > self.limit
        return Listed(items=items, next=_encode(place_of(items[-1])) if more else None)


def cut(page: Page[int], items: Sequence[Item]) -> Listed[Item]:
    """Return the page of a list that is at hand as a whole; places are numbers of items."""
    start = page.after or 0
    end = start + page.limit
    return Listed(items=items[start:end], next=_encode(end) if end < len(items) else None)


def wants_lines(request: Request) -> bool:
    """Say whether a list is asked for as JSON lines."""
    return LINES in request.headers.get("accept", "")


def as_lines(request: Request, listed: Listed[Item], line_of: Callable[[Item], bytes]) -> Response:
    """Return a page as JSON lines, with the next page in a `Link` header (RFC 8288)."""
    following = request.url.include_query_params(cursor=listed.next)
    headers = {"Link": f'<{following}>; rel="next"'} if listed.next else {}
    content = b"".join(line_of(item) + b"\n" for item in listed.items)
    return Response(content, media_type=LINES, headers=headers)


Cursor: TypeAlias = Annotated[
    str | None, Query(max_length=_CURSOR_CHARS_MOST, description="`next` of the page before.")
]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=LIMIT_MOST)]


def _text_page(cursor: Cursor = None, limit: Limit = _LIMIT) -> Page[str]:
    return Page(None if cursor is None else _text(_decode(cursor)), limit)


def _number_page(cursor: Cursor = None, limit: Limit = _LIMIT) -> Page[int]:
    return Page(None if cursor is None else _number(_decode(cursor)), limit)


def _pair_page(cursor: Cursor = None, limit: Limit = _LIMIT) -> Page[tuple[str, str]]:
    return Page(None if cursor is None else _pair(_decode(cursor)), limit)


TextPage: TypeAlias = Annotated[Page[str], Depends(_text_page)]
NumberPage: TypeAlias = Annotated[Page[int], Depends(_number_page)]

PairPage: TypeAlias = Annotated[Page[tuple[str, str]], Depends(_pair_page)]


def _encode(place: object) -> str:
    text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decode(cursor: str) -> Any:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        return json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _bad() from error


def _text(place: Any) -> str:
    if not isinstance(place, str):
        raise _bad()
    return place


def _pair(place: Any) -> tuple[str, str]:
    match place:
        case [str() as first, str() as second]:
            return first, second
        case _:
            raise _bad()


def _number(place: Any) -> int:
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < 1 << 53:
        raise _bad()
    return place


def _bad() -> MalformedError:
    return MalformedError("cursor: not one that a list has given")
