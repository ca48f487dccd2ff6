"""`/v1/inquiries`: what a member or desk asks the network, and what it has asked."""

from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.deps import JSON, Node, reply_to
from api.once import OnceOnly
from api.paging import Listed, PairPage
from hanse_ledger.answer_file import MEDIA_TYPE
from node.own.history import describe, listing

router: Final = APIRouter(prefix="/v1/inquiries", tags=["inquiries"])


RequestId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Asked(BaseModel):
    """An inquiry: up to 64 subject ids, what for, and whether anyone can check the answers."""

    model_config = ConfigDict(extra="forbid")

    subjects: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=64)
    purpose: Annotated[str, Field(max_length=64)]
    proof: bool = False


@router.post("", dependencies=[needs("inquiries:write")])
async def inquire(asked: Asked, service: Node, once: OnceOnly) -> Response:
    """Log one inquiry about all these subjects and answer what the stewards say, in the order asked.

    With `proof`, each answer that has figures is an answer file's content; where that cannot be made now it
    has `proof_code` instead.
    """

    async def make(call: str) -> Response:
        reply = service.own.inquire(asked.subjects, asked.purpose, proof=asked.proof, call=call)
        return Response(await reply_to(reply), media_type=JSON)

    return await once.answer(make)


@router.get("", dependencies=[needs("inquiries:read")])
def inquiries(service: Node, page: PairPage) -> Listed[dict[str, Any]]:
    """List the inquiries that were made, the newest first, without figures."""
    found = service.own.history.listed(before=page.after, limit=page.limit + 1)
    return page.of(found, lambda row: (row.made_at, row.request_id)).map(listing)


@router.get("/{request_id}", dependencies=[needs("inquiries:read")])
def inquiry(service: Node, request_id: RequestId) -> dict[str, Any]:
    """Return the answer to an inquiry as it was given; nobody is asked."""
    return describe(service.own.history.one(request_id))


@router.get("/{request_id}/answer", dependencies=[needs("inquiries:read")])
async def answer_file(service: Node, request_id: RequestId) -> Response:
    """Return the answer file of an inquiry, which anyone can verify; the stewards prove its token now."""
    return Response(await reply_to(service.own.prove(request_id)), media_type=MEDIA_TYPE)
