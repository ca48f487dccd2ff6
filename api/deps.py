"""What routes share: the node, bodies of a limited length, waiting for the node's thread."""

import asyncio
from concurrent.futures import Future
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request

from hanse_ledger.errors import UnavailableError
from node.errors import TooLargeError
from node.service import WAIT_S, NodeService

JSON: Final = "application/json"
BODY_S: Final = 30.0
"""How long a body may take to arrive."""


def node_service(request: Request) -> NodeService:
    """Return the node that this application serves."""
    service: NodeService = request.app.state.service
    return service


Node: TypeAlias = Annotated[NodeService, Depends(node_service)]


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
