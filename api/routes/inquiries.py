"""`/v1/inquiries`: what a member or desk asks the network, and what it has asked."""

from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import OWN, gives, refusals
from api.once import OnceOnly
from api.paging import Listed, PairPage
from hanse_ledger.answer_file import MEDIA_TYPE
from node.own.history import describe, listing

router: Final = APIRouter(
    prefix="/v1/inquiries", tags=["inquiries"], route_class=OwnRoute, responses=refusals(*OWN)
)


RequestId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Asked(BaseModel):
    """An inquiry: up to 64 subject ids, what for, and whether anyone can check the answers."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"subjects": ["lei:5493001KJTIIGC8Y1R12"], "purpose": "onboarding"}},
    )

    subjects: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=64)
    purpose: Annotated[str, Field(max_length=64)]
    proof: bool = False


_ANSWER: Final = {
    "format": "hanse-answer/1",
    "consortium": "hanse.example/log",
    "party": "alder",
    "subject": "lei:5493001KJTIIGC8Y1R12",
    "purpose": "onboarding",
    "request_id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
    "status": "nothing",
    "last_closed_month": "2026-09",
    "windows": [],
    "warning_level": 0,
    "disputed": False,
}


@router.post(
    "",
    dependencies=[needs("inquiries:write")],
    responses=gives(JSON, "The answers, in the order asked", example={"answers": [_ANSWER], "facts": {}})
    | refusals(409, 413),
)
async def inquire(asked: Asked, service: Node, once: OnceOnly) -> Response:
    """Log one inquiry about all these subjects and answer what the stewards say, in the order asked.

    `facts` are the public facts that stand on any of them, by its primary id. With `proof`, each answer that
    has figures is an answer file's content; where that cannot be made now it has `proof_code` instead.
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


@router.get(
    "/{request_id}",
    dependencies=[needs("inquiries:read")],
    responses=gives(JSON, "The answer", example=_ANSWER),
)
def inquiry(service: Node, request_id: RequestId) -> dict[str, Any]:
    """Return the answer to an inquiry as it was given; nobody is asked."""
    return describe(service.own.history.one(request_id))


@router.get(
    "/{request_id}/answer",
    dependencies=[needs("inquiries:read")],
    response_class=Response,
    responses=gives(MEDIA_TYPE, "The answer file"),
)
async def answer_file(service: Node, request_id: RequestId) -> Response:
    """Return the answer file of an inquiry, which anyone can verify; the stewards prove its token now."""
    return Response(await reply_to(service.own.prove(request_id)), media_type=MEDIA_TYPE)
