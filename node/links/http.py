"""Requests to one other node: kept-alive connections, signatures both ways, deadlines, few retries."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from hanse_ledger.errors import CheckpointConflictError, LedgerError, UnavailableError
from node.errors import ReplySignatureError
from node.links.breaker import Breaker, PeerState, RetryBudget
from node.links.replies import ReplyVerifier
from node.links.rfc9421 import SignedRequest
from node.links.signatures import RequestSigner
from node.links.transport import DeadlineTransport
from node.ports import Entropy
from node.wire import rebuild_error

_log = logging.getLogger(__name__)

DEADLINE_S: Final = 15.0
"""How long one request may take, with its retries and with waiting for its turn."""
ATTEMPTS: Final = 3
REPLY_BYTES_MOST: Final = 32 << 20
_CONNECT_S: Final = 3.0
_SILENCE_S: Final = 8.0
_PAUSE_S: Final = 0.1
_CONNECTIONS_MOST: Final = 8
_IDLE_S: Final = 60.0
"""A node closes what is idle for longer (`api.asgi`)."""
_SERVER_ERROR: Final = 500
_OVERLOADED: Final = frozenset({408, 502, 503, 504})
_TOO_MANY: Final = 429
_IDENTITY: Final = "identity"
_PLAIN: Final = {"accept-encoding": _IDENTITY}
_SIZE_TYPE: Final = "text/x.tlog.size"
_SIZE_DIGITS_MOST: Final = 20
_OK: Final = 200
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is asked; signed anew at each attempt, for a nonce is taken once."""

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    media_type: str | None = None
    is_signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: the status of HTTP, the header fields, the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """An attempt without a reply that can be taken."""

    error: UnavailableError
    may_pass: bool = False
    """Whether trying again at once may help."""
    hold_s: float | None = None
    """How long the other node asks to be left alone."""


class HttpCaller:
    """One party's way to one other node. Any thread may call it."""

    def __init__(
        self,
        *,
        base_url: str | Callable[[], str],
        entropy: Entropy,
        signer: RequestSigner | None = None,
        replies: ReplyVerifier | None = None,
        breaker: Breaker | None = None,
        deadline_s: float = DEADLINE_S,
        pause_s: float = _PAUSE_S,
    ) -> None:
        """Without `signer` and `replies` only what needs no signature can be asked.

        A `base_url` that votes may change is a callable, which raises UnavailableError where there is none.
        """
        self._base, self._entropy = base_url, entropy
        self._signer, self._replies = signer, replies
        self._breaker, self._budget = breaker or Breaker(entropy=entropy), RetryBudget()
        self._deadline_s, self._pause_s = deadline_s, pause_s
        self._transport = DeadlineTransport(connections_most=_CONNECTIONS_MOST, idle_s=_IDLE_S)
        # Proxies and the like that the environment names are for browsers, not for consortium links.
        self._client = httpx.Client(transport=self._transport, trust_env=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def state(self) -> PeerState:
        """Return how the other node's circuit stands."""
        return self._breaker.state()

    def check(self, *, insist: bool = False) -> None:
        """Raise UnavailableError while the other node is left alone."""
        self._breaker.check(insist=insist)

    def deadline(self) -> float:
        """Return until when, by the monotonic clock, a request that is made now may take."""
        return time.monotonic() + self._deadline_s

    def get(self, path: str) -> bytes | None:
        """Return what stands at a path, None where nothing does; raises what the other node refuses with."""
        reply = self._retry(_Request(method="GET", path=path), self.deadline())
        if reply.status == _NOT_FOUND:
            return None
        return _content(reply)

    def post(
        self,
        path: str,
        body: bytes,
        media_type: str,
        *,
        is_signed: bool,
        reply_type: str,
        ends_at: float | None = None,
        insist: bool = False,
    ) -> bytes:
        """Return the reply, of media type `reply_type`, to a message that may come twice.

        With `insist` a node is asked also while it is left alone for not having answered.
        Raises the other node's refusal by its code, UnavailableError when it is silent or overloaded,
        ReplySignatureError when it has not signed what came.
        """
        request = _Request(method="POST", path=path, body=body, media_type=media_type, is_signed=is_signed)
        reply = self._retry(request, self.deadline() if ends_at is None else ends_at, insist=insist)
        content = _content(reply)
        if reply.media_type != reply_type.partition(";")[0]:
            raise UnavailableError("a reply of another media type")
        return content

    def _retry(self, request: _Request, ends_at: float, *, insist: bool = False) -> Reply:
        """Try a few times, with pauses that grow and differ, as long as deadline and budget allow."""
        self._budget.earn()
        for attempt in range(1, ATTEMPTS + 1):
            outcome = self._attempt(request, ends_at, insist=insist and attempt == 1)
            if isinstance(outcome, Reply):
                return outcome
            pause_s = self._pause_s * 2**attempt * (0.5 + self._entropy(1)[0] / 256)
            in_time = attempt < ATTEMPTS and time.monotonic() + pause_s < ends_at
            if not (outcome.may_pass and in_time and self._budget.spend()):
                raise outcome.error
            time.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, request: _Request, ends_at: float, *, insist: bool) -> Reply | _Failed:
        """Send once, if the circuit lets it through, and tell the circuit what came of it."""
        try:
            self._breaker.enter(insist=insist)
        except UnavailableError as error:
            return _Failed(error=error)
        outcome: Reply | _Failed | None = None
        try:
            outcome = self._once(request, ends_at)
        finally:
            if isinstance(outcome, Reply):
                self._breaker.succeed()
            else:
                self._breaker.fail(None if outcome is None else outcome.hold_s)
        return outcome

    def _once(self, request: _Request, ends_at: float) -> Reply | _Failed:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            return _Failed(error=UnavailableError("the other node was not asked in time"))
        try:
            signed = self._sign(request)
        except UnavailableError as error:
            return _Failed(error=error)
        headers = {**_PLAIN, **signed.headers}
        if request.media_type is not None:
            headers["content-type"] = request.media_type
        timeout = httpx.Timeout(min(_SILENCE_S, left_s), connect=min(_CONNECT_S, left_s))
        try:
            with (
                self._transport.until(ends_at),
                self._client.stream(
                    signed.method, signed.url, content=request.body or None, headers=headers, timeout=timeout
                ) as response,
            ):
                reply = Reply(
                    status=response.status_code, headers=response.headers, body=_read(response, ends_at)
                )
        except UnavailableError as error:
            return _Failed(error=error)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, RuntimeError):
            # A client that was closed meanwhile raises RuntimeError.
            return _Failed(error=UnavailableError("the other node is out of reach"), may_pass=True)
        return _failure(reply) or self._believe(signed, reply, is_signed=request.is_signed)

    def _sign(self, request: _Request) -> SignedRequest:
        base = self._base if isinstance(self._base, str) else self._base()
        url = base.rstrip("/") + request.path
        headers: Mapping[str, str] = {}
        if request.is_signed:
            if self._signer is None:
                raise ValueError("a caller without a key signs nothing")
            headers = self._signer.headers(method=request.method, url=url, body=request.body)
        return SignedRequest(method=request.method, url=url, headers=headers)

    def _believe(self, request: SignedRequest, reply: Reply, *, is_signed: bool) -> Reply | _Failed:
        """Take what the other party has signed, where that is asked for."""
        if not is_signed:
            return reply
        if self._replies is None:
            raise ValueError("a caller without the other's key believes nothing")
        try:
            self._replies.verify(request, status=reply.status, headers=reply.headers, body=reply.body)
        except ReplySignatureError as error:
            code = rebuild_error(str(_problem(reply).get("code")), "").code
            _log.warning("a reply with status %d (%s) is not taken: %s", reply.status, code, error)
            return _Failed(error=error)
        return reply


def _read(response: httpx.Response, ends_at: float) -> bytes:
    """Read a body as long as it is of a sane length and comes in time."""
    if response.headers.get("content-encoding", _IDENTITY) != _IDENTITY:
        raise UnavailableError("a reply in an encoding that was not asked for")
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > REPLY_BYTES_MOST:
            raise UnavailableError("a reply that is too long")
        if time.monotonic() > ends_at:
            raise UnavailableError("no whole reply in time")
    return bytes(content)


def _failure(reply: Reply) -> _Failed | None:
    """Return the failure that a status means: a server's own say no more than silence, signed or not."""
    hold_s = _hold_s(reply)
    is_overloaded = reply.status in _OVERLOADED or (reply.status == _TOO_MANY and hold_s is not None)
    if reply.status < _SERVER_ERROR and not is_overloaded:
        return None
    error = UnavailableError("the other node cannot answer now")
    return _Failed(error=error, may_pass=is_overloaded and hold_s is None, hold_s=hold_s)


def _hold_s(reply: Reply) -> float | None:
    """Return the seconds of Retry-After; its form with a date is not used between nodes."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None


def _content(reply: Reply) -> bytes:
    """Return the body of a reply that says yes; raise what another one says."""
    if reply.status == _OK:
        return reply.body
    raise _refusal(reply)


def _refusal(reply: Reply) -> LedgerError:
    if reply.media_type == _SIZE_TYPE:
        return _conflict(reply.body)
    problem = _problem(reply)
    code, detail = problem.get("code"), problem.get("detail")
    if not isinstance(code, str) or not isinstance(detail, str):
        return UnavailableError(f"an answer of another kind, with status {reply.status}")
    return rebuild_error(code, detail)


def _conflict(body: bytes) -> LedgerError:
    size = body.strip()
    if not size.isdigit() or len(size) > _SIZE_DIGITS_MOST:
        return UnavailableError("a size that is none")
    return CheckpointConflictError(size.decode("ascii"))


def _problem(reply: Reply) -> dict[str, Any]:
    try:
        content = httpx.Response(reply.status, content=reply.body).json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
