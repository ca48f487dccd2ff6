"""`/v1/imports`: a member's exports of its receivables."""

from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api.auth import needs
from api.deps import JSON, Node, read_body, reply_to

router: Final = APIRouter(prefix="/v1/imports", tags=["imports"])

_EXPORT_BYTES_MOST: Final = 32 << 20


@router.post("", dependencies=[needs("imports:write")])
async def imports(request: Request, service: Node, as_of: Annotated[date | None, Query()] = None) -> Response:
    """Import an export (CSV or .xlsx) whose customers are called by their subject ids: all or nothing.

    `as_of` is the day of the export, today without it. The same bytes again change nothing.
    """
    export = await read_body(request, _EXPORT_BYTES_MOST)
    day = as_of or datetime.now(UTC).date()
    return Response(await reply_to(service.own.import_export(export, day)), media_type=JSON)
