"""`/healthz`, `/readyz`, `/metrics`, `/openapi.json` and `/docs`."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, SecurityScopes
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from api.auth import BEARER, own_people
from api.deps import JSON, Node
from api.described import gives, refusals
from api.docs import page
from api.errors import problem, refuse
from hanse_ledger.errors import UnavailableError
from node.health import Health, Status

router: Final = APIRouter(tags=["operation"], responses=refusals(500))
described: Final = APIRouter(tags=["operation"], responses=refusals(500))

_NOT_READY: Final[Mapping[Status, Callable[[Health], UnavailableError]]] = {
    "stopped": lambda _: UnavailableError("the node has stopped"),
    "halted": lambda health: health.why_halted,
    "starting": lambda _: UnavailableError("the node has no checkpoint of the log yet"),
}


def _metrics_allowed(
    request: Request, service: Node, given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> None:
    """Let anybody see metrics where the settings say so, else whoever has the scope."""
    if not request.app.state.options.open_metrics:
        own_people(request, SecurityScopes(["metrics:read"]), service, given)


@router.get(
    "/metrics",
    dependencies=[Depends(_metrics_allowed)],
    response_class=Response,
    responses=gives("text/plain", "Metrics") | refusals(401, 403, 429, 503),
)
def metrics(request: Request) -> Response:
    """Return the metrics as Prometheus reads them, to the scope metrics:read or, where so set, to anybody."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@described.get("/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    """Return what this interface takes and answers, as OpenAPI."""
    document: dict[str, Any] = request.app.openapi()
    return document


@described.get("/docs", response_class=HTMLResponse)
async def docs(request: Request) -> str:
    """Return the same as a page."""
    return page(request.app.openapi())


@router.get("/healthz", responses=gives(JSON, "It lives", example={"status": "ok"}) | refusals(503))
async def healthz(service: Node) -> Response:
    """Say whether the node lives: 503 after a fault that stopped it."""
    if service.is_running:
        return JSONResponse({"status": "ok"})
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, UnavailableError.code, "the node has stopped")


@router.get("/readyz", responses=gives(JSON, "How it stands", example=Health().describe()) | refusals(503))
async def readyz(service: Node) -> Response:
    """Say how the node stands: 200 where it serves, degraded or not, else 503 and a code for why."""
    health = service.health
    if health.status not in _NOT_READY:
        return JSONResponse(health.describe())
    return refuse(_NOT_READY[health.status](health), health=health.describe())
