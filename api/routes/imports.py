"""`/v1/imports`: a member's exports of its receivables, previewed and then taken."""

import asyncio
import json
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, read_body, reply_to
from api.described import OWN, gives, refusals, takes
from api.once import OnceOnly
from api.paging import Listed, NumberPage, cut
from node.own.imports import IMPORT_BYTES_MOST

router: Final = APIRouter(
    prefix="/v1/imports", tags=["imports"], route_class=OwnRoute, responses=refusals(*OWN)
)

ImportId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COLUMNS_CHARS_MOST: Final = 8_192


_TAKES: Final = takes(
    {"text/csv": "invoice,customer,invoice date,due date,paid date,amount,currency\n", _XLSX: None}
)
_SHOWN: Final = {
    "id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
    "state": "previewed",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "as_of": "2026-09-30",
    "created_at": "2026-10-01T08:00:00+00:00",
    "seen_before": False,
    "lines": 2,
    "taken": 1,
    "left_out": 0,
    "refused": 1,
    "refused_lines": [{"line": 3, "reason": "no_subject", "column": "customer", "text": "Line 3: ..."}],
    "unmatched": 1,
    "unmatched_customers": ["4711"],
    "currencies": {"EUR": 1},
    "columns": {"invoice": "Invoice", "customer": "Customer"},
    "new": 1,
    "changed": 0,
    "unchanged": 0,
    "customers": 1,
    "subjects": 1,
    "differences": 0,
}


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("imports:write")],
    openapi_extra=_TAKES,
    responses=gives(JSON, "The preview", status=201, example=_SHOWN) | refusals(409, 413),
)
async def preview(
    *,
    request: Request,
    service: Node,
    once: OnceOnly,
    as_of: Annotated[date | None, Query(description="The day of the export; today without it.")] = None,
    columns: Annotated[
        str | None,
        Query(
            max_length=_COLUMNS_CHARS_MOST,
            description="A mapping as JSON: what the columns, dates and amounts mean.",
        ),
    ] = None,
    confirm: Annotated[bool, Query(description="Take it at once if no line is refused.")] = False,
) -> Response:
    """Show what an import of a CSV file or .xlsx workbook would take, refuse and change; nothing is taken.

    Customers are found by their numbers on the firm's own list, else by their text as subject ids.
    """
    own = service.own
    body = await read_body(request, IMPORT_BYTES_MOST)
    export = own.imports.export(body, as_of=as_of, columns=columns)

    async def make(import_id: str) -> Response:
        aliases = json.loads(await reply_to(own.aliases()))
        shown = await asyncio.to_thread(own.preview, export, aliases=aliases, import_id=import_id)
        if confirm and not shown["refused"]:
            shown = json.loads(await reply_to(own.confirm(import_id, skip_refused=False)))
        return JSONResponse(shown, HTTPStatus.CREATED)

    return await once.answer(make, body=body)


@router.get("", dependencies=[needs("imports:read")])
def imports(service: Node, page: NumberPage) -> Listed[dict[str, Any]]:
    """List imports, the newest first."""
    found = service.own.imports.listed(before=page.after, limit=page.limit + 1)
    return page.of(found, lambda one: one[0]).map(lambda one: one[1])


@router.get(
    "/{import_id}",
    dependencies=[needs("imports:read")],
    responses=gives(JSON, "The import", example=_SHOWN),
)
def one_import(service: Node, import_id: ImportId) -> dict[str, Any]:
    """Return an import as it stands."""
    return service.own.imports.one(import_id)


@router.get("/{import_id}/refused", dependencies=[needs("imports:read")])
def refused(service: Node, import_id: ImportId, page: NumberPage) -> Listed[dict[str, Any]]:
    """List the lines that are refused, each with its reason."""
    return cut(page, service.own.imports.refused(import_id))


@router.get("/{import_id}/unmatched", dependencies=[needs("imports:read")])
def unmatched(service: Node, import_id: ImportId, page: NumberPage) -> Listed[str]:
    """List the customers of the export that have no subject."""
    return cut(page, service.own.imports.unmatched(import_id))


@router.post(
    "/{import_id}/confirm",
    dependencies=[needs("imports:write")],
    responses=gives(JSON, "The import, taken", example=_SHOWN | {"state": "taken"}) | refusals(409),
)
async def confirm_import(
    *,
    service: Node,
    import_id: ImportId,
    skip_refused: Annotated[bool, Query(description="Take the others where lines are refused.")] = False,
) -> Response:
    """Take a previewed import, as a whole or not at all; again changes nothing."""
    reply = service.own.confirm(import_id, skip_refused=skip_refused)
    return Response(await reply_to(reply), media_type=JSON)


@router.delete(
    "/{import_id}",
    dependencies=[needs("imports:write")],
    responses=gives(JSON, "The import", example=_SHOWN | {"state": "discarded"}) | refusals(409),
)
def discard(service: Node, import_id: ImportId) -> dict[str, Any]:
    """Throw a preview away; again changes nothing."""
    return service.own.imports.discard(import_id)
