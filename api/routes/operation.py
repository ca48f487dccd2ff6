"""`/healthz` and `/readyz`."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.deps import Node, reply_to
from api.errors import problem
from hanse_ledger.errors import UnavailableError

router: Final = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz(service: Node) -> Response:
    """Say whether the node lives: 503 after a fault that stopped it."""
    if service.is_running:
        return JSONResponse({"status": "ok"})
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, UnavailableError.code, "the node has stopped")


@router.get("/readyz")
async def readyz(service: Node) -> Response:
    """Say whether the node has a checkpoint of the log and answers."""
    await reply_to(service.ready())
    return JSONResponse({"status": "ok"})
