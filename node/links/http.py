"""Requests to one other node: kept-alive connections, signatures both ways, deadlines, few retries."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from hanse_ledger.errors import CheckpointConflictError, LedgerError, MalformedError, UnavailableError
from node.errors import ReplySignatureError
from node.links.replies import ReplyVerifier
from node.links.rfc9421 import SignedRequest
from node.links.signatures import RequestSigner
from node.ports import Entropy
from node.wire import rebuild_error

_log = logging.getLogger(__name__)

DEADLINE_S: Final = 45.0
ATTEMPTS: Final = 3
REPLY_BYTES_MOST: Final = 32 << 20
_CONNECT_S: Final = 3.0
_SILENCE_S: Final = 30.0
_PAUSE_S: Final = 0.1
_OVERLOADED: Final = frozenset({408, 502, 503, 504})
_IDENTITY: Final = "identity"
_PLAIN: Final = {"accept-encoding": _IDENTITY}
_SIZE_TYPE: Final = "text/x.tlog.size"
_OK: Final = 200
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500


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


class HttpCaller:
    """One party's way to one other node. Any thread may call it."""

    def __init__(
        self,
        *,
        base_url: str,
        entropy: Entropy,
        signer: RequestSigner | None = None,
        replies: ReplyVerifier | None = None,
        deadline_s: float = DEADLINE_S,
        pause_s: float = _PAUSE_S,
    ) -> None:
        """Without `signer` and `replies` only what needs no signature can be asked."""
        self._base, self._entropy = base_url.rstrip("/"), entropy
        self._signer, self._replies = signer, replies
        self._deadline_s, self._pause_s = deadline_s, pause_s
        timeout = httpx.Timeout(min(_SILENCE_S, deadline_s), connect=min(_CONNECT_S, deadline_s))
        # Proxies and the like that the environment names are for browsers, not for consortium links.
        self._client = httpx.Client(timeout=timeout, trust_env=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def get(self, path: str) -> bytes | None:
        """Return what stands at a path, None where nothing does; raises what the other node refuses with."""
        reply = self._retry("GET", path, b"", {}, is_signed=False)
        if reply.status == _NOT_FOUND:
            return None
        return _content(reply)

    def post(self, path: str, body: bytes, media_type: str, *, is_signed: bool) -> bytes:
        """Return the reply to a message that may come twice.

        Raises the other node's refusal by its code, UnavailableError when it is silent or overloaded.
        """
        return _content(self._retry("POST", path, body, {"content-type": media_type}, is_signed=is_signed))

    def _retry(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, is_signed: bool
    ) -> Reply:
        """Try a few times, with pauses that grow and differ, as long as the deadline allows."""
        ends_at = time.monotonic() + self._deadline_s
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, path, body, headers, ends_at=ends_at, is_signed=is_signed)
            except ReplySignatureError:
                raise
            except UnavailableError:
                pause_s = self._pause_s * 2**attempt * (0.5 + self._entropy(1)[0] / 256)
                if attempt == ATTEMPTS or time.monotonic() + pause_s > ends_at:
                    raise
                time.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        ends_at: float,
        is_signed: bool,
    ) -> Reply:
        url = self._base + path
        # Signed anew at each attempt: a nonce is taken once.
        request = SignedRequest(
            method=method, url=url, headers=self._sign(method, url, body) if is_signed else {}
        )
        try:
            with self._client.stream(
                method, url, content=body or None, headers={**_PLAIN, **headers, **request.headers}
            ) as response:
                reply = Reply(
                    status=response.status_code, headers=response.headers, body=_read(response, ends_at)
                )
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, RuntimeError) as error:
            # A client that was closed meanwhile raises RuntimeError.
            raise UnavailableError("the other node is out of reach") from error
        if reply.status in _OVERLOADED:
            raise UnavailableError("the other node cannot answer now")
        if is_signed and reply.status < _SERVER_ERROR:
            self._verify(request, reply)
        return reply

    def _sign(self, method: str, url: str, body: bytes) -> dict[str, str]:
        if self._signer is None:
            raise ValueError("a caller without a key signs nothing")
        return self._signer.headers(method=method, url=url, body=body)

    def _verify(self, request: SignedRequest, reply: Reply) -> None:
        """Refuse what the other party has not signed. A server's own failure says nothing, signed or not."""
        if self._replies is None:
            raise ValueError("a caller without the other's key believes nothing")
        try:
            self._replies.verify(request, status=reply.status, headers=reply.headers, body=reply.body)
        except ReplySignatureError as error:
            code = rebuild_error(str(_problem(reply).get("code")), "").code
            _log.warning("a reply with status %d (%s) is not taken: %s", reply.status, code, error)
            raise


def _read(response: httpx.Response, ends_at: float) -> bytes:
    """Read a body as long as it is of a sane length and comes in time."""
    content = bytearray()
    if response.headers.get("content-encoding", _IDENTITY) != _IDENTITY:
        raise MalformedError("a reply in an encoding that was not asked for")
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > REPLY_BYTES_MOST:
            raise MalformedError("a reply that is too long")
        if time.monotonic() > ends_at:
            raise UnavailableError("no whole reply in time")
    return bytes(content)


def _content(reply: Reply) -> bytes:
    """Return the body of a reply that says yes; raise what another one says."""
    if reply.status == _OK:
        return reply.body
    raise _refusal(reply)


def _refusal(reply: Reply) -> LedgerError:
    if reply.status >= _SERVER_ERROR:
        return UnavailableError("the other node failed")
    if reply.media_type == _SIZE_TYPE:
        return CheckpointConflictError(reply.body.decode("ascii", "replace").strip())
    problem = _problem(reply)
    code, detail = problem.get("code"), problem.get("detail")
    if not isinstance(code, str) or not isinstance(detail, str):
        return UnavailableError(f"an answer of another kind, with status {reply.status}")
    return rebuild_error(code, detail)


def _problem(reply: Reply) -> dict[str, Any]:
    try:
        content = httpx.Response(reply.status, content=reply.body).json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
