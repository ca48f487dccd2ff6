"""`/v1/inquiries`: what a member or desk asks the network."""

from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.deps import JSON, Node, reply_to
from api.once import OnceOnly

router: Final = APIRouter(prefix="/v1/inquiries", tags=["inquiries"])


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
