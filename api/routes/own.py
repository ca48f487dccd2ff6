"""What a party's own people and systems ask of its node, with an API key."""

from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import own_people
from api.deps import Node, read_body, reply_to
from hanse_ledger.ids import parse_month

router: Final = APIRouter(prefix="/v1", tags=["own"], dependencies=[Depends(own_people)])

_JSON: Final = "application/json"
_EXPORT_BYTES_MOST: Final = 32 << 20
_MONTH: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class Asked(BaseModel):
    """An inquiry: up to 64 subject ids, what for, and whether anyone can check the answers."""

    model_config = ConfigDict(extra="forbid")

    subjects: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=64)
    purpose: Annotated[str, Field(max_length=64)]
    proof: bool = False


class Closing(BaseModel):
    """Which month to close; the log month without it."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[str, Field(pattern=_MONTH)] | None = None


@router.post("/imports")
async def imports(request: Request, service: Node, as_of: Annotated[date | None, Query()] = None) -> Response:
    """Import an export (CSV or .xlsx) whose customers are called by their subject ids: all or nothing.

    `as_of` is the day of the export, today without it. The same bytes again change nothing.
    """
    export = await read_body(request, _EXPORT_BYTES_MOST)
    day = as_of or datetime.now(UTC).date()
    return Response(await reply_to(service.import_export(export, day)), media_type=_JSON)


@router.get("/reports")
async def reports(service: Node) -> Response:
    """Say how far the reporting for the log month is."""
    return Response(await reply_to(service.reported()), media_type=_JSON)


@router.post("/inquiries")
async def inquiries(asked: Asked, service: Node) -> Response:
    """Log one inquiry about all these subjects and answer what the stewards say, in the order asked.

    With `proof`, each answer that has figures is an answer file's content; where that cannot be made now it
    has `proof_code` instead.
    """
    reply = service.inquire(asked.subjects, asked.purpose, proof=asked.proof)
    return Response(await reply_to(reply), media_type=_JSON)


@router.post("/months/close")
async def close_month(closing: Closing, service: Node) -> Response:
    """File this steward's statement that a month is closed; answers the month, null where it is not due."""
    month = None if closing.month is None else parse_month(closing.month)
    return Response(await reply_to(service.close_month(month)), media_type=_JSON)
