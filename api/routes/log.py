"""`/log`: C2SP tlog-tiles, tlog-witness, tlog-policy and tlog-proof."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from api.deps import Node, read_body, reply_to
from api.described import EVERYWHERE, gives, refusals, takes
from api.errors import SIZE_TYPE
from api.limits import by_address
from hanse_ledger.checkpoint import ADD_CHECKPOINT_BYTES_MAX
from hanse_ledger.errors import MalformedError
from node.errors import TooLargeError

router: Final = APIRouter(
    prefix="/log",
    tags=["log"],
    dependencies=[Depends(by_address)],
    default_response_class=Response,
    responses=refusals(*EVERYWHERE, 422),
)

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
_FRESH: Final = {"Cache-Control": "no-cache"}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_INDEX_MOST: Final = (1 << 53) - 1


@router.get("/checkpoint", responses=gives(TEXT, "A checkpoint (C2SP tlog-checkpoint)"))
async def checkpoint(service: Node) -> Response:
    """Return the newest checkpoint of this node's copy."""
    return Response(await reply_to(service.checkpoint()), media_type=TEXT, headers=_FRESH)


@router.get("/tile/{rest:path}", responses=gives(BYTES, "Hashes, or length-prefixed entries"))
async def tile(service: Node, rest: str) -> Response:
    """Return a hash tile or an entry bundle. What stands at a path never changes."""
    return Response(await reply_to(service.tile(f"tile/{rest}")), media_type=BYTES, headers=_FOR_EVER)


@router.post(
    "/add-checkpoint",
    openapi_extra=takes({TEXT: "old 20852163\n"}),
    responses=gives(TEXT, "Cosignature lines")
    | refusals(403)
    | gives(SIZE_TYPE, "The size that is cosigned", status=409),
)
async def add_checkpoint(request: Request, service: Node) -> Response:
    """Cosign a checkpoint (tlog-witness)."""
    try:
        body = await read_body(request, ADD_CHECKPOINT_BYTES_MAX)
    except TooLargeError as error:
        raise MalformedError(str(error)) from error  # tlog-witness knows 400 alone
    return Response(await reply_to(service.add_checkpoint(body)), media_type=TEXT)


@router.get("/policy", responses=gives(TEXT, "A tlog-policy"))
async def policy(service: Node) -> Response:
    """Return the tlog-policy that the consortium document implies."""
    return Response(await reply_to(service.policy()), media_type=TEXT, headers=_FRESH)


@router.get("/proof/{index}", responses=gives(TEXT, "A `.tlog-proof`"))
async def proof(service: Node, index: Annotated[int, Path(ge=0, le=_INDEX_MOST)]) -> Response:
    """Return the `.tlog-proof` of one statement."""
    return Response(await reply_to(service.proof(index)), media_type=TEXT, headers=_FRESH)


@router.get("/{origin}/checkpoint", responses=gives(TEXT, "A checkpoint with cosignatures"))
async def cosigned(service: Node, origin: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    """Return the newest checkpoint that this node has cosigned, by the SHA-256 of its origin."""
    note = await reply_to(service.cosigned(bytes.fromhex(origin)))
    return Response(note, media_type=TEXT, headers=_FRESH)
