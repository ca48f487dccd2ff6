"""Refusals over HTTP: RFC 9457 problem+json with our stable codes, and the one table of statuses."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import request_ids
from api.described import PROBLEM_TYPE
from hanse_ledger import errors
from hanse_ledger.errors import LedgerError
from node.errors import (
    AlertStateError,
    ApiKeyError,
    ExpertStateError,
    ImportStateError,
    InFlightError,
    LogSignatureError,
    NotFoundError,
    PersonStateError,
    PlanStateError,
    PortfolioStateError,
    RateError,
    ReferenceTakenError,
    RequestSignatureError,
    ResolvedError,
    RiskStateError,
    ScopeError,
    TermOverError,
    TooLargeError,
    TooManyKeysError,
    UnknownMediaTypeError,
    WarningStateError,
    WithdrawnError,
)
from node.risk.policy import PolicyError
from node.risk.policy.versions import OutdatedPreviewError, UnchangedPolicyError
from node.risk.responses import ResponseStateError

_PLACES_MOST: Final = 20
SIZE_TYPE: Final = "text/x.tlog.size"


STATUSES: Final[dict[type[LedgerError], HTTPStatus]] = {
    errors.LedgerError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MalformedError: HTTPStatus.BAD_REQUEST,
    RequestSignatureError: HTTPStatus.UNAUTHORIZED,
    ApiKeyError: HTTPStatus.UNAUTHORIZED,
    ScopeError: HTTPStatus.FORBIDDEN,
    errors.NotAdmittedError: HTTPStatus.FORBIDDEN,
    errors.NotPermittedError: HTTPStatus.FORBIDDEN,
    errors.SignatureRefusedError: HTTPStatus.FORBIDDEN,
    LogSignatureError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    errors.StaleHeadError: HTTPStatus.CONFLICT,
    errors.CheckpointConflictError: HTTPStatus.CONFLICT,
    TooManyKeysError: HTTPStatus.CONFLICT,
    InFlightError: HTTPStatus.CONFLICT,
    ImportStateError: HTTPStatus.CONFLICT,
    AlertStateError: HTTPStatus.CONFLICT,
    PlanStateError: HTTPStatus.CONFLICT,
    PortfolioStateError: HTTPStatus.CONFLICT,
    UnchangedPolicyError: HTTPStatus.CONFLICT,
    OutdatedPreviewError: HTTPStatus.CONFLICT,
    ResponseStateError: HTTPStatus.CONFLICT,
    PersonStateError: HTTPStatus.CONFLICT,
    ExpertStateError: HTTPStatus.CONFLICT,
    WarningStateError: HTTPStatus.CONFLICT,
    RiskStateError: HTTPStatus.CONFLICT,
    WithdrawnError: HTTPStatus.CONFLICT,
    ReferenceTakenError: HTTPStatus.CONFLICT,
    ResolvedError: HTTPStatus.CONFLICT,
    TermOverError: HTTPStatus.CONFLICT,
    UnknownMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RateError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.BudgetError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of each kind of refusal; one that is not here has that of the nearest kind above it."""


_HTTP_CODES: Final = {
    HTTPStatus.BAD_REQUEST: errors.MalformedError.code,
    HTTPStatus.NOT_FOUND: NotFoundError.code,
    HTTPStatus.METHOD_NOT_ALLOWED: "method",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLargeError.code,
}
"""Codes of what the framework refuses."""


def status_of(error: LedgerError) -> HTTPStatus:
    """Return the status of a refusal."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem(status: HTTPStatus, code: str, detail: str, **more: Any) -> JSONResponse:
    """Return a problem; `more` are members beside those of RFC 9457."""
    content = {"title": status.phrase, "status": status.value, "detail": detail, "code": code, **more}
    request_id = request_ids.current.get()
    if request_id is not None:
        content["instance"] = request_id
    return JSONResponse(content, status, media_type=PROBLEM_TYPE)


def refuse(error: LedgerError, **more: Any) -> Response:
    """Return a refusal; that of a witness which has cosigned another size is the size (tlog-witness)."""
    if isinstance(error, errors.CheckpointConflictError):
        return Response(f"{error}\n", status_of(error), media_type=SIZE_TYPE)
    if isinstance(error, PolicyError):
        more["faults"] = [fault.describe() for fault in error.faults]
    answer = problem(status_of(error), error.code, str(error), **more)
    if isinstance(error, ApiKeyError):
        answer.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 15.5.2
    if isinstance(error, RateError):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def malformed(error: ValidationError) -> errors.MalformedError:
    """Return the refusal of a body that fits no model: the places, none of its values."""
    places = sorted({".".join(map(str, item["loc"])) or "body" for item in error.errors()})
    return errors.MalformedError(f"check these: {', '.join(places[:_PLACES_MOST])}")


def add_handlers(app: FastAPI) -> None:
    """Let whatever a route raises come out as a problem."""

    @app.exception_handler(LedgerError)
    async def _refused(_request: Request, error: LedgerError) -> Response:
        return refuse(error)

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        answer = problem(status, _HTTP_CODES.get(status, "http"), status.description or status.phrase)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def _malformed(_request: Request, error: RequestValidationError) -> Response:
        places = sorted({".".join(map(str, item["loc"])) for item in error.errors()})
        detail = f"check these: {', '.join(places)}"
        return problem(HTTPStatus.BAD_REQUEST, errors.MalformedError.code, detail)

    @app.exception_handler(ClientDisconnect)
    async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
