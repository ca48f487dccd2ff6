"""`/v1/reports`: how far a member's reporting is."""

from typing import Final

from fastapi import APIRouter, Response

from api.auth import needs
from api.deps import JSON, Node, reply_to

router: Final = APIRouter(prefix="/v1/reports", tags=["reports"])


@router.get("", dependencies=[needs("reports:read")])
async def reports(service: Node) -> Response:
    """Say how far the reporting for the log month is."""
    return Response(await reply_to(service.own.reported()), media_type=JSON)


@router.post("", dependencies=[needs("reports:write")])
async def report(service: Node) -> Response:
    """Make and send the rows that are due, as the node does by itself at intervals; again changes nothing."""
    return Response(await reply_to(service.own.report()), media_type=JSON)
