"""Reading what a node sends: JSON in which nothing stands twice, and problem+json as errors."""

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn

from hanse_client.errors import (
    AccessError,
    ConflictError,
    HanseError,
    LimitError,
    NodeUnavailableError,
    NotFoundError,
    Problem,
    RedirectError,
    RefusedError,
)

_KINDS: Final[dict[int, type[RefusedError]]] = {
    401: AccessError,
    403: AccessError,
    404: NotFoundError,
    409: ConflictError,
    429: LimitError,
}
_REDIRECTS: Final = range(300, 400)
_FAULTS: Final = 500
_DETAIL_MOST: Final = 500
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def parse_json(body: bytes) -> dict[str, Any]:
    """Read a JSON object strictly: UTF-8, no name twice, no NaN. Raises NodeUnavailableError."""
    try:
        content = json.loads(body.decode("utf-8"), object_pairs_hook=_no_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NodeUnavailableError("the node's answer is not one that can be read") from error
    if not isinstance(content, dict):
        raise NodeUnavailableError("the node's answer is not one that can be read")
    return content


def refusal(status: int, headers: Mapping[str, str], body: bytes, now_s: float) -> HanseError:
    """Return the error for an answer that is neither a success nor worth another try."""
    if status in _REDIRECTS:
        return RedirectError("the node redirects elsewhere: base_url is not where it serves")
    problem = problem_of(status, headers, body)
    if status >= _FAULTS:
        return NodeUnavailableError(f"a fault of the node: {problem.code} ({status})", problem=problem)
    return _KINDS.get(status, RefusedError)(problem, retry_after_s(headers, now_s))


def problem_of(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """Return what an answer says of its refusal; a proxy's page says its status only."""
    request_id = headers.get("x-request-id")
    try:
        content = parse_json(body)
    except NodeUnavailableError:
        content = {}
    code, detail, own_id = (content.get(name) for name in ("code", "detail", "request_id"))
    return Problem(
        status=status,
        code=code if isinstance(code, str) else "http",
        detail=detail[:_DETAIL_MOST] if isinstance(detail, str) else "no reason given",
        request_id=own_id if isinstance(own_id, str) else request_id,
    )


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Return the seconds of a Retry-After, which holds seconds or a date (RFC 9110 section 10.2.3)."""
    text = headers.get("retry-after", "")
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now_s, 0.0)
    except (ValueError, OverflowError):
        return None


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _no_constant(_: str) -> NoReturn:
    raise ValueError("JSON has no such number")
