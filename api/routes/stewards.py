"""What a steward does for parties: messages of protocol.md section 12, signed as RFC 9421 requests."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api.auth import SignedRoute, signed_body
from api.deps import Node, reply_to
from node.ports import StewardVerb

router: Final = APIRouter(prefix="/v1", tags=["steward"], route_class=SignedRoute)

CBOR: Final = "application/cbor"
COSE: Final = "application/cose"
BYTES: Final = "application/octet-stream"
_SMALL: Final = 1 << 16
_LARGE: Final = 1 << 20
"""The most that a sealed share, or a batch of requests, has."""


async def _ask(
    request: Request, service: Node, verb: StewardVerb, *, limit: int, media_type: str
) -> Response:
    caller, body = await signed_body(request, service, limit)
    return Response(await reply_to(service.ask(caller, verb, body)), media_type=media_type)


@router.post("/tokens/evaluate")
async def evaluate(request: Request, service: Node) -> Response:
    """Evaluate blinded elements; answers the signed evaluation."""
    return await _ask(request, service, "evaluate", limit=_SMALL, media_type=COSE)


@router.post("/sealing-keys")
async def sealing_keys(request: Request, service: Node) -> Response:
    """Answer a CBOR array of the signed keys that can be sealed to."""
    return await _ask(request, service, "sealing-keys", limit=0, media_type=CBOR)


@router.post("/shares")
async def shares(request: Request, service: Node) -> Response:
    """Keep sealed bytes; answers their SHA-256 once they are durable."""
    return await _ask(request, service, "shares", limit=_LARGE, media_type=BYTES)


@router.post("/answers")
async def answers(request: Request, service: Node) -> Response:
    """Answer logged requests, in order, with sealed answers or codes."""
    return await _ask(request, service, "answers", limit=_LARGE, media_type=CBOR)


@router.post("/seeds")
async def seeds(request: Request, service: Node) -> Response:
    """Take a seed that another steward drew; answers nothing once it is durable."""
    return await _ask(request, service, "seed", limit=_SMALL, media_type=BYTES)


@router.post("/seed-hashes")
async def seed_hashes(request: Request, service: Node) -> Response:
    """Take another steward's word on a seed; answers nothing once it is durable."""
    return await _ask(request, service, "seed-hash", limit=_SMALL, media_type=BYTES)
