"""What a call does, as steps that somebody else carries out: no socket, clock or thread in here.

A step yields what to send and is given what came of it, so the sync and the async client run the same code.
`exchange` is the one place that sends: it retries, honours Retry-After and turns refusals into errors.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeAlias, TypeVar
from urllib.parse import quote

from hanse_client.config import Limits, Surroundings
from hanse_client.errors import NodeUnavailableError
from hanse_client.problems import problem_of, refusal, retry_after_s

JSON: Final = "application/json"
_AGAIN: Final = frozenset({502, 503, 504})
_CONFLICT: Final = 409
_OK: Final = range(200, 300)
_WAIT_FIRST_S: Final = 0.2
_WAIT_MOST_S: Final = 5.0
_KEY_BYTES: Final = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request under the node's base URL. It may be sent more than once: see `exchange`."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Wait `after_s`, then send, and give up at `until_s` of the monotonic clock."""

    request: Request
    until_s: float
    after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No whole answer came, and why; what was sent may have arrived."""

    reason: str
    is_final: bool = False
    """Whether another try would end in the same way."""


Steps: TypeAlias = Generator[Send, Reply | Failure, T]


def path_of(root: str, *parts: str) -> str:
    """Return a path under `root`; what a part holds stays in its part."""
    return "/".join([root, *(quote(part, safe="") for part in parts)])


def get(path: str, query: Mapping[str, str] | None = None) -> Request:
    """Return a request that reads."""
    return Request(method="GET", path=path, query=query or {})


def put(path: str, content: Any) -> Request:
    """Return a request that sets something, as often as it comes."""
    headers = {"content-type": JSON}
    return Request(method="PUT", path=path, headers=headers, body=json.dumps(content).encode())


def post(
    path: str,
    content: Any,
    surroundings: Surroundings,
    *,
    query: Mapping[str, str] | None = None,
    content_type: str = JSON,
) -> Request:
    """Return a request that creates: bytes as they are, anything else as JSON.

    Its Idempotency-Key is drawn here, so that however often it is sent it acts once.
    """
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    key = surroundings.entropy(_KEY_BYTES).hex()
    headers = {"content-type": content_type, "idempotency-key": key}
    return Request(method="POST", path=path, query=query or {}, headers=headers, body=body)


def exchange(
    request: Request, limits: Limits, surroundings: Surroundings, *, after_s: float = 0.0
) -> Steps[Reply]:
    """Send until there is an answer, and return it. `after_s` is waited first, before the deadline begins.

    Sent again, at most `limits.attempts` times and never past the deadline: when no whole answer came, on
    502, 503 and 504, and when the node says that it is still at work on what was sent before under the same
    key. A refusal (4xx) is never sent again. Raises RefusedError and its kinds, RedirectError, or
    NodeUnavailableError.
    """
    until_s = surroundings.monotonic_s() + after_s + limits.deadline_s
    wait_s, attempt = after_s, 1
    while True:
        came = yield Send(request=request, until_s=until_s, after_s=wait_s)
        if isinstance(came, Reply) and came.status in _OK:
            return came
        if isinstance(came, Reply) and came.status not in _AGAIN and not _is_in_flight(came, attempt):
            raise refusal(came.status, came.headers, came.body, surroundings.now_s())
        asked_s = retry_after_s(came.headers, surroundings.now_s()) if isinstance(came, Reply) else None
        wait_s = max(asked_s or 0.0, _backoff_s(attempt, surroundings))
        is_final = isinstance(came, Failure) and came.is_final
        if is_final or attempt >= limits.attempts or surroundings.monotonic_s() + wait_s >= until_s:
            _give_up(came, asked_s)
        attempt += 1


def _is_in_flight(came: Reply, attempt: int) -> bool:
    """Return whether an earlier attempt of this very call is what keeps the node from answering this one."""
    if attempt == 1 or came.status != _CONFLICT:
        return False
    return problem_of(came.status, came.headers, came.body).code == "in_flight"


def _backoff_s(attempt: int, surroundings: Surroundings) -> float:
    """Full jitter: clients that were cut off together do not come back together."""
    most_s: float = min(_WAIT_MOST_S, _WAIT_FIRST_S * 2**attempt)
    return surroundings.uniform() * most_s


def _give_up(came: Reply | Failure, asked_s: float | None) -> NoReturn:
    if isinstance(came, Failure):
        raise NodeUnavailableError(f"the node gave no answer: {came.reason}")
    problem = problem_of(came.status, came.headers, came.body)
    raise NodeUnavailableError(
        f"the node cannot answer: {problem.code} ({problem.status})", problem=problem, retry_after_s=asked_s
    )
