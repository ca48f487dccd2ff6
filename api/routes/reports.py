"""`/v1/reports`: how far a member's reporting is."""

from typing import Final

from fastapi import APIRouter, Response

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import OWN, gives, refusals

router: Final = APIRouter(
    prefix="/v1/reports", tags=["reports"], route_class=OwnRoute, responses=refusals(*OWN)
)


_REPORTED: Final = gives(
    JSON,
    "How far the log month's reports are, and those of every month",
    example={
        "month": "2026-09",
        "due": True,
        "reports": 2,
        "counting": 1,
        "rows": 1_500,
        "months": [
            {"month": "2026-09", "reports": 2, "counting": 1, "rows": 1_500},
            {"month": "2026-08", "reports": 2, "counting": 2, "rows": 1_480},
        ],
    },
)


@router.get("", dependencies=[needs("reports:read")], responses=_REPORTED)
async def reports(service: Node) -> Response:
    """Say how far the reporting for the log month is, and what came of the months before."""
    return Response(await reply_to(service.own.reported()), media_type=JSON)


@router.post("", dependencies=[needs("reports:write")], responses=_REPORTED)
async def report(service: Node) -> Response:
    """Make and send the rows that are due, as the node does by itself at intervals; again changes nothing."""
    return Response(await reply_to(service.own.report()), media_type=JSON)
