"""`/v1/months`: a steward's own word on months that have ended."""

from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import OWN, gives, refusals
from hanse_ledger.ids import parse_month

router: Final = APIRouter(
    prefix="/v1/months", tags=["months"], route_class=OwnRoute, responses=refusals(*OWN)
)

_MONTH: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class Closing(BaseModel):
    """Which month to close; the log month without it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"month": "2026-09"}})

    month: Annotated[str, Field(pattern=_MONTH)] | None = None


@router.post(
    "/close",
    dependencies=[needs("months:close")],
    responses=gives(JSON, "The month, or null", example={"month": "2026-09"}) | refusals(409, 413),
)
async def close_month(closing: Closing, service: Node) -> Response:
    """File this steward's statement that a month is closed; answers the month, null where it is not due."""
    month = None if closing.month is None else parse_month(closing.month)
    return Response(await reply_to(service.own.close_month(month)), media_type=JSON)
