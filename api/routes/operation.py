"""`/healthz` and `/readyz`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.deps import Node
from api.errors import problem
from hanse_ledger.errors import UnavailableError
from node.health import FORK, Status

router: Final = APIRouter(tags=["operation"])

_NOT_READY: Final[Mapping[Status, tuple[str, str]]] = {
    "stopped": (UnavailableError.code, "the node has stopped"),
    "halted": (FORK, "the log was forked; an operator decides how it goes on"),
    "starting": (UnavailableError.code, "the node has no checkpoint of the log yet"),
}


@router.get("/healthz")
async def healthz(service: Node) -> Response:
    """Say whether the node lives: 503 after a fault that stopped it."""
    if service.is_running:
        return JSONResponse({"status": "ok"})
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, UnavailableError.code, "the node has stopped")


@router.get("/readyz")
async def readyz(service: Node) -> Response:
    """Say how the node stands: 200 where it serves, degraded or not, else 503 and a code for why."""
    health = service.health
    if health.status not in _NOT_READY:
        return JSONResponse(health.describe())
    code, detail = _NOT_READY[health.status]
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, health=health.describe())
