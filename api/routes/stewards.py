"""What a steward does for parties: messages of protocol.md section 12, signed as RFC 9421 requests."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api.auth import SignedRoute, signed_body
from api.deps import Node, reply_to
from api.described import SIGNED, gives, refusals, takes
from node.ports import StewardVerb

router: Final = APIRouter(
    prefix="/v1",
    tags=["steward"],
    route_class=SignedRoute,
    default_response_class=Response,
    responses=refusals(*SIGNED),
)

CBOR: Final = "application/cbor"
COSE: Final = "application/cose"
BYTES: Final = "application/octet-stream"
_CBOR, _COSE, _BYTES = takes({CBOR: None}), takes({COSE: None}), takes({BYTES: None})
_SMALL: Final = 1 << 16
_LARGE: Final = 1 << 20
"""The most that a sealed share, or a batch of requests, has."""


async def _ask(
    request: Request, service: Node, verb: StewardVerb, *, limit: int, media_type: str
) -> Response:
    caller, body = await signed_body(request, service, limit)
    return Response(await reply_to(service.ask(caller, verb, body)), media_type=media_type)


@router.post("/tokens/evaluate", openapi_extra=_CBOR, responses=gives(COSE, "The signed evaluation"))
async def evaluate(request: Request, service: Node) -> Response:
    """Evaluate blinded elements; answers the signed evaluation."""
    return await _ask(request, service, "evaluate", limit=_SMALL, media_type=COSE)


@router.post("/sealing-keys", responses=gives(CBOR, "An array of signed keys"))
async def sealing_keys(request: Request, service: Node) -> Response:
    """Answer a CBOR array of the signed keys that can be sealed to."""
    return await _ask(request, service, "sealing-keys", limit=0, media_type=CBOR)


@router.post("/shares", openapi_extra=_BYTES, responses=gives(BYTES, "The SHA-256 of what is kept"))
async def shares(request: Request, service: Node) -> Response:
    """Keep sealed bytes; answers their SHA-256 once they are durable."""
    return await _ask(request, service, "shares", limit=_LARGE, media_type=BYTES)


@router.post(
    "/answers",
    openapi_extra=_CBOR,
    responses=gives(CBOR, "Sealed answers or codes, in order"),
)
async def answers(request: Request, service: Node) -> Response:
    """Answer logged requests, in order, with sealed answers or codes."""
    return await _ask(request, service, "answers", limit=_LARGE, media_type=CBOR)


@router.post("/seeds", openapi_extra=_COSE, responses=gives(BYTES, "Nothing"))
async def seeds(request: Request, service: Node) -> Response:
    """Take a seed that another steward drew; answers nothing once it is durable."""
    return await _ask(request, service, "seed", limit=_SMALL, media_type=BYTES)


@router.post("/seed-hashes", openapi_extra=_COSE, responses=gives(BYTES, "Nothing"))
async def seed_hashes(request: Request, service: Node) -> Response:
    """Take another steward's word on a seed; answers nothing once it is durable."""
    return await _ask(request, service, "seed-hash", limit=_SMALL, media_type=BYTES)


@router.post(
    "/inquiry-counts",
    openapi_extra=_CBOR,
    responses=gives(BYTES, "Signed counts, sealed to the request"),
)
async def inquiry_counts(request: Request, service: Node) -> Response:
    """Tell a desk how many inquiries named a subject, for its own answered inquiry for subject access."""
    return await _ask(request, service, "inquiry-counts", limit=_SMALL, media_type=BYTES)


@router.post("/disputes", responses=gives(CBOR, "An array of [dispute index, token]"))
async def disputes(request: Request, service: Node) -> Response:
    """Answer a member with the open disputes that contest a row of its own: each one's index and token."""
    return await _ask(request, service, "disputes", limit=0, media_type=CBOR)


@router.post(
    "/bulletins", openapi_extra=_CBOR, responses=gives(CBOR, "Plaintexts or nulls, in the order asked for")
)
async def bulletins(request: Request, service: Node) -> Response:
    """Give another steward the plaintexts of bulletins and disputes that it could not open itself."""
    return await _ask(request, service, "bulletins", limit=_SMALL, media_type=CBOR)


@router.post(
    "/transfers", openapi_extra=_CBOR, responses=gives(CBOR, "This steward's part, and masks for the second")
)
async def transfers(request: Request, service: Node) -> Response:
    """Give another steward this one's masked part of values that it lacks and may have."""
    return await _ask(request, service, "transfer", limit=_SMALL, media_type=CBOR)


@router.post("/transfer-checks", openapi_extra=_COSE, responses=gives(COSE, "The signed values"))
async def transfer_checks(request: Request, service: Node) -> Response:
    """Answer a steward that has its values with this one's masked sums, to hold its own against."""
    return await _ask(request, service, "transfer-check", limit=_SMALL, media_type=COSE)
