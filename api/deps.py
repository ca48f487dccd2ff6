"""What routes share: the node, bodies of a limited length, waiting for the node's thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive

from hanse_ledger.errors import UnavailableError
from node.errors import TooLargeError
from node.service import WAIT_S, NodeService

JSON: Final = "application/json"
MODEL_BYTES_MOST: Final = 64 << 10
"""The most that a body has which is read into a model at once."""
BODY_S: Final = 30.0
"""How long a body may take to arrive."""


def service_of(request: Request) -> NodeService:
    """Return the node that an application serves."""
    service: NodeService = request.app.state.service
    return service


async def node_service(request: Request) -> NodeService:
    """Give a route the node: on the event loop, as no thread is needed for it."""
    return service_of(request)


Node: TypeAlias = Annotated[NodeService, Depends(node_service)]


def media_type_of(request: Request) -> str:
    """Return the media type of a request's body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, limit: int) -> bytes:
    """Return the request's body; raises TooLargeError beyond `limit` bytes, read or announced."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLargeError(f"a body of more than {limit} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise TooLargeError(f"a body of more than {limit} bytes")
    except TimeoutError as error:
        raise UnavailableError("the body did not arrive in time") from error
    return bytes(body)


async def reply_to(future: Future[bytes]) -> bytes:
    """Wait for the node's reply; raises what it refuses with, UnavailableError when it takes too long."""
    # Shielded: a caller that goes away must not cancel what stands in the node's mailbox.
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), WAIT_S)
    except TimeoutError as error:
        raise UnavailableError("the node did not answer in time") from error


class OwnRoute(APIRoute):
    """A route of the own people's: a body that is read into a model is read within a limit first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the limit."""
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def answer_limited(request: Request) -> Response:
            body = await read_body(request, MODEL_BYTES_MOST)
            return await answer(Request(request.scope, _replayed(body)))

        return answer_limited


def _replayed(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
