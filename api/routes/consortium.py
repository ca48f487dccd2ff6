"""`/v1/consortium` and `/v1/statements`: what founded the log, and what is added to it."""

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from api.deps import JSON, Node, media_type_of, read_body, reply_to
from api.described import EVERYWHERE, gives, refusals, takes
from api.errors import refuse
from api.limits import by_address
from hanse_ledger.codec import decode, split_sequence
from hanse_ledger.tiles import ENTRY_BYTES_MAX
from node.errors import UnknownMediaTypeError
from node.wire import read_submitted

router: Final = APIRouter(
    prefix="/v1",
    tags=["consortium"],
    dependencies=[Depends(by_address)],
    responses=refusals(*EVERYWHERE),
)

COSE: Final = "application/cose"
SEQUENCE: Final = "application/cbor-seq"
STATEMENTS_MOST: Final = 256


@router.get(
    "/consortium",
    responses=gives(JSON, "The document and the founding", example={"document": {}, "genesis": "d284"}),
)
async def consortium(service: Node) -> dict[str, Any]:
    """Return the consortium document in force and the genesis statement in hex."""
    return service.founding()


@router.post(
    "/statements",
    openapi_extra=takes({COSE: None, SEQUENCE: None}),
    responses=gives(JSON, "The index, or the indexes of a sequence", example={"index": 4711})
    | refusals(403, 409, 413, 415, 422),
)
async def statements(request: Request, service: Node) -> Response:
    """Add one statement, or up to 256 in order; answers their indexes once they are durable.

    The first that is refused ends it: the problem has its place and the indexes of those before it.
    """
    media_type = media_type_of(request)
    if media_type == COSE:
        index = await reply_to(service.submit(await read_body(request, ENTRY_BYTES_MAX)))
        request.app.state.metrics.statements.inc()
        return JSONResponse({"index": decode(index, limit=16)})
    if media_type != SEQUENCE:
        raise UnknownMediaTypeError(f"one statement is {COSE}, several are {SEQUENCE}")
    body = await read_body(request, STATEMENTS_MOST * ENTRY_BYTES_MAX)
    in_order = split_sequence(body, most=STATEMENTS_MOST)
    indexes, refusal = read_submitted(await reply_to(service.submit_all(in_order)))
    request.app.state.metrics.statements.inc(len(indexes))
    if refusal is not None:
        return refuse(refusal, place=len(indexes), indexes=indexes)
    return JSONResponse({"indexes": indexes})
