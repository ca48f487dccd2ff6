"""What is written down and counted of every request: never a path, a query, a body or a key.

Outside of all routes: a fault that a route did not foresee becomes a 500 problem here, and a line in the log
with the request's id, the kind of the fault and where it happened, but not its sentence, which may hold
anything.
"""

import logging
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import request_ids
from api.errors import problem
from node.ports import Entropy

_log = logging.getLogger("hanse.access")

UNKNOWN: Final = "none"
"""The route of a request that no route takes."""
Count: TypeAlias = Callable[[str, str, int, float], None]


class Observing:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, count: Count, entropy: Entropy) -> None:
        """`count` is told method, route, status and seconds of every request."""
        self._app, self._count, self._entropy = app, count, entropy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_ids.choose(Headers(scope=scope).get(request_ids.HEADER), self._entropy(16))
        scope["state"] = dict(scope.get("state") or {})
        begun, told = time.monotonic(), _Told(send, request_id)
        token = request_ids.current.set(request_id)
        try:
            await self._app(scope, receive, told)
        except Exception as error:  # whatever it is: logged by kind and place, answered 500
            _log.error("fault", extra={"fields": {"fault": _place(error)}})
            if told.status is not None:
                raise
            fault = problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "a fault of this node")
            await fault(scope, receive, told)
        finally:
            self._note(scope, told.status, time.monotonic() - begun)
            request_ids.current.reset(token)

    def _note(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNKNOWN)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._count(method, route, status or 0, seconds)
        fields = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1_000, 1),
            "caller": scope["state"].get("caller"),
        }
        _log.info("request", extra={"fields": fields})


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class _Told:
    """Sends on what the application says, with the request's id, and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self._request_id = send, request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[request_ids.HEADER] = self._request_id
        await self._send(message)


def _place(error: Exception) -> str:
    """Return the kind of an error and the lines that led to it."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    lines = (f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{type(error).__name__} at {' < '.join(reversed(list(lines)))}"
