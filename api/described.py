"""What OpenAPI says of bodies and refusals that FastAPI cannot see: raw bytes, and problems by code."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field

PROBLEM_TYPE: Final = "application/problem+json"
Responses: TypeAlias = dict[int | str, dict[str, Any]]


class Problem(BaseModel):
    """A refusal (RFC 9457). Programs go by `code`, which never changes its meaning."""

    model_config = ConfigDict(extra="allow")

    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["check these: query.limit"])
    code: str = Field(examples=["malformed"])
    instance: str = Field(description="The request's id.", examples=["5f0c2f1be0a94be1a0e3c4d7"])


_CODES: Final[Mapping[int, str]] = {
    400: "`malformed`",
    401: "`api_key` or `request_signature`",
    403: "`scope`, `not_admitted`, `not_permitted`, `bad_signature` or `log_signature`",
    404: "`not_found`: not here, or not in this node's role",
    409: "`stale_head`, `in_flight`, `import_state`, `portfolio_state`, `person_state`, `expert_state`,"
    " `risk_state`, `warning_state`, `alert_state`, `plan_state`, `response_state`, `withdrawn`, `resolved`,"
    " `reference_taken`, `term_over`, `policy_outdated`, `policy_unchanged` or `too_many_keys`",
    413: "`too_large`",
    415: "`media_type`",
    422: "Refused by its content; `code` says why",
    429: "`rate`, with `Retry-After`, or `budget`",
    500: "`internal`: a fault of this node",
    503: "`unavailable`: try again",
}

EVERYWHERE: Final = (400, 404, 429, 500, 503)
OWN: Final = (*EVERYWHERE, 401, 403, 422)
SIGNED: Final = (*EVERYWHERE, 401, 403, 413, 422)


def refusals(*statuses: int) -> Responses:
    """Return the refusals of an operation by their statuses."""
    return {
        status: {"description": _CODES[status], "content": _content(status)} for status in sorted(statuses)
    }


def gives(
    media_type: str, description: str, *, status: int = 200, example: Any = None, schema: Any = None
) -> Responses:
    """Return an operation's answer: JSON with an example, or bytes of a media type."""
    content: dict[str, Any] = {"schema": schema or _schema(media_type)}
    if example is not None:
        content["example"] = example
    return {status: {"description": description, "content": {media_type: content}}}


def takes(bodies: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an operation takes: media types, each with an example or None."""
    content = {
        media_type: {"schema": _schema(media_type), **({} if example is None else {"example": example})}
        for media_type, example in bodies.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def describe(app: FastAPI) -> None:
    """Let an application's OpenAPI document know the problem that all refusals are."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            document = get_openapi(title=app.title, version=app.version, description=_WHAT, routes=app.routes)
            document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
            app.openapi_schema = document
        return app.openapi_schema

    # FastAPI's documented way to say more than it finds out by itself.
    app.openapi = openapi  # type: ignore[method-assign]


_WHAT: Final = (
    "One party's node. Other parties sign their requests (RFC 9421); the party's own people and systems have"
    " API keys with scopes; the log is open. Refusals are problems (RFC 9457) with stable codes."
)


def _schema(media_type: str) -> dict[str, Any]:
    if media_type.endswith("json"):
        return {"type": "object"}
    is_text = media_type.startswith("text/") or media_type == "application/jsonl"
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


def _content(status: int) -> dict[str, Any]:
    code = _CODES[status].split("`")[1] if "`" in _CODES[status].split(";")[0] else "refused_lines"
    phrase = HTTPStatus(status).phrase
    example = {
        "title": phrase,
        "status": status,
        "detail": phrase.lower(),
        "code": code,
        "instance": "5f0c2f1be0a94be1a0e3c4d7",
    }
    return {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
