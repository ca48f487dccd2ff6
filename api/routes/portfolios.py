"""`/v1/portfolios`: inquiries about up to 100,000 subjects, worked off by the node."""

import asyncio
import csv
import io
import json
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, media_type_of, read_body, reply_to
from api.described import OWN, gives, refusals, takes
from api.errors import malformed
from api.once import OnceOnly
from api.paging import LINES, Listed, NumberPage, as_lines, wants_lines
from hanse_ledger.errors import MalformedError
from node.errors import UnknownMediaTypeError
from node.own.portfolios import SUBJECTS_MOST, Asked, listing

router: Final = APIRouter(
    prefix="/v1/portfolios", tags=["portfolios"], route_class=OwnRoute, responses=refusals(*OWN)
)

CSV: Final = "text/csv"
_BYTES_MOST: Final = 16 << 20
_NAME_CHARS_MOST: Final = 64
_HEADER: Final = "subject"
PortfolioId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Said: TypeAlias = Annotated[str | None, Query(min_length=1, max_length=_NAME_CHARS_MOST)]


class PortfolioAsked(BaseModel):
    """A portfolio: subject ids, or customer numbers on the firm's own list."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=_NAME_CHARS_MOST)]
    purpose: Annotated[str, Field(min_length=1, max_length=_NAME_CHARS_MOST)]
    subjects: Annotated[
        list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=SUBJECTS_MOST)
    ]


_ASKED: Final = {"name": "all", "purpose": "monitoring", "subjects": ["lei:5493001KJTIIGC8Y1R12", "4711"]}
_SHOWN: Final = {
    "id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
    "name": "all",
    "purpose": "monitoring",
    "state": "running",
    "code": None,
    "total": 2,
    "created_at": "2026-10-01T08:00:00+00:00",
    "ended_at": None,
    "done": 1,
    "failed": 1,
    "checked": 0,
    "nothing": 0,
    "unchecked": 0,
    "disagreement": 0,
    "refused": 1,
}


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=[needs("portfolios:write")],
    openapi_extra=takes({JSON: _ASKED, CSV: "subject\nlei:5493001KJTIIGC8Y1R12\n"}),
    responses=gives(JSON, "The portfolio", status=202, example=_SHOWN) | refusals(409, 413, 415),
)
async def new_portfolio(
    *, request: Request, service: Node, once: OnceOnly, name: Said = None, purpose: Said = None
) -> Response:
    """Begin a portfolio: a JSON object, or `text/csv` with ids in the first column and the rest in the query.

    The node asks about each subject once, at most 1,024 in a statement, and goes on after a restart. What
    cannot be asked about is refused by itself, with its code.
    """
    own = service.own
    body = await read_body(request, _BYTES_MOST)
    asked = await asyncio.to_thread(_read, media_type_of(request), body, name, purpose)

    async def make(portfolio_id: str) -> Response:
        aliases = json.loads(await reply_to(own.aliases()))
        made = await asyncio.to_thread(own.new_portfolio, asked, aliases=aliases, portfolio_id=portfolio_id)
        return JSONResponse(made, HTTPStatus.ACCEPTED)

    return await once.answer(make, body=body)


@router.get("", dependencies=[needs("portfolios:read")])
def portfolios(service: Node, page: NumberPage) -> Listed[dict[str, Any]]:
    """List portfolios, the newest first."""
    found = service.own.portfolios.listed(before=page.after, limit=page.limit + 1)
    return page.of(found, lambda row: row.number).map(listing)


@router.get(
    "/{portfolio_id}",
    dependencies=[needs("portfolios:read")],
    responses=gives(JSON, "The portfolio", example=_SHOWN),
)
def portfolio(service: Node, portfolio_id: PortfolioId) -> dict[str, Any]:
    """Return a portfolio with its progress; `code` says why one that runs does not go on."""
    return service.own.portfolios.one(portfolio_id)


@router.get(
    "/{portfolio_id}/answers",
    dependencies=[needs("portfolios:read")],
    responses={
        200: {
            "description": "A page of answers, each with its number and what was asked",
            "content": {LINES: {"schema": {"type": "string"}}},
        }
    },
)
def answers(request: Request, service: Node, portfolio_id: PortfolioId, page: NumberPage) -> Response:
    """List what became of each subject in the order brought: JSON, or lines (`Accept: application/jsonl`).

    As lines, the next page is in a `Link` header.
    """
    found = service.own.portfolios.answers(portfolio_id, after=page.after, limit=page.limit + 1)
    listed = page.of(found, lambda one: int(one["number"]))
    if wants_lines(request):
        return as_lines(request, listed, lambda one: json.dumps(one, ensure_ascii=False).encode())
    return Response(listed.model_dump_json(), media_type=JSON)


@router.post(
    "/{portfolio_id}/cancel",
    dependencies=[needs("portfolios:write")],
    responses=gives(JSON, "The portfolio", example=_SHOWN | {"state": "cancelled"}) | refusals(409),
)
def cancel(service: Node, portfolio_id: PortfolioId) -> dict[str, Any]:
    """Ask for nothing more; what was asked stays."""
    return service.own.portfolios.cancel(portfolio_id)


@router.post(
    "/{portfolio_id}/resume",
    dependencies=[needs("portfolios:write")],
    responses=gives(JSON, "The portfolio", example=_SHOWN) | refusals(409),
)
def resume(service: Node, portfolio_id: PortfolioId) -> dict[str, Any]:
    """Go on with one that was cancelled, or that ended because a budget was spent."""
    return service.own.resume_portfolio(portfolio_id)


def _read(media_type: str, body: bytes, name: str | None, purpose: str | None) -> Asked:
    if media_type == JSON:
        return _asked(PortfolioAsked.model_validate_json, body)
    if media_type != CSV:
        raise UnknownMediaTypeError(f"a portfolio is {JSON} or {CSV}")
    try:
        rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        subjects = [row[0].strip() for row in rows if row and row[0].strip()]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedError("the body is not CSV in UTF-8") from error
    first = 1 if subjects and subjects[0].lower() == _HEADER else 0
    said = {"name": name, "purpose": purpose, "subjects": subjects[first:]}
    return _asked(PortfolioAsked.model_validate, said)


def _asked(validate: Any, said: object) -> Asked:
    try:
        found = validate(said)
    except ValidationError as error:
        raise malformed(error) from error
    return Asked(name=found.name, purpose=found.purpose, subjects=found.subjects)
