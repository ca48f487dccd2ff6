"""Risk reports of customers, the portfolio as a whole, and the schema that reports keep to."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.about import About
from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import EVERYWHERE, OWN, gives, refusals
from api.languages import Lang, language_of
from consortium_config.texts import Language
from hanse_ledger.errors import RejectedError, UnavailableError
from hanse_ledger.ids import Month, SubjectId, parse_month
from node.own.service import OwnService
from node.risk.portfolio.document import FORMAT as PORTFOLIO_FORMAT
from node.risk.portfolio.document import document_of
from node.risk.portfolio.tables import rows_of, to_csv
from node.risk.report.document import FORMAT, schema
from node.risk.report.files import as_html, as_pdf
from node.risk.roles import Actor, require
from node.texts import speak

router: Final = APIRouter(prefix="/v1", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))
described: Final = APIRouter(prefix="/v1", tags=["risk"], responses=refusals(*EVERYWHERE))

HTML: Final = "text/html"
PDF: Final = "application/pdf"
CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SCHEMA: Final = "application/schema+json"
_SAFE: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@described.get("/schemas/risk-report", responses=gives(SCHEMA, "The schema", schema={"type": "object"}))
def report_schema() -> Response:
    """Return the JSON schema that risk reports keep to."""
    return Response(json.dumps(schema()), media_type=SCHEMA)


@router.get(
    "/subjects/{subject}/risk",
    dependencies=[needs("risk:read")],
    response_class=Response,
    responses={
        200: {
            "description": "The report",
            "content": {
                JSON: {"schema": {"type": "object"}, "example": {"format": FORMAT}},
                HTML: {"schema": {"type": "string"}},
                PDF: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def report(
    *,
    request: Request,
    subject: About,
    service: Node,
    actor: Acting,
    lang: Lang = None,
    proof: Annotated[bool, Query(description="Whether a missing answer file is made first.")] = True,
) -> Response:
    """Make the risk report on a subject: JSON, or HTML or PDF by `Accept`. Nobody is asked anything new.

    The report says how old the network's figures in it are; `POST /v1/inquiries` gets newer ones. The answer
    file that proves them is in it, unless too few stewards are in reach to make it. That somebody has looked
    is in the audit chain.
    """
    require(actor, "report.view")  # before the node is asked for anything
    own = service.own
    closed = await _last_closed(own)
    if proof:
        await _prove(own, subject)
    document = await asyncio.to_thread(own.reports.report, actor, subject, last_closed=closed)
    kind = _wanted(request, (JSON, HTML, PDF))
    body = await asyncio.to_thread(_render, document, kind, language_of(request, lang))
    return Response(body, media_type=kind, headers=_SAFE)


@router.get(
    "/portfolio-risk",
    dependencies=[needs("risk:read")],
    response_class=Response,
    responses={
        200: {
            "description": "The portfolio",
            "content": {
                JSON: {"schema": {"type": "object"}, "example": {"format": PORTFOLIO_FORMAT}},
                CSV: {"schema": {"type": "string"}},
                XLSX: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def portfolio(
    *,
    request: Request,
    service: Node,
    actor: Acting,
    positions: Annotated[bool, Query(description="Whether every customer is listed.")] = False,
) -> Response:
    """Assess all customers in one run: JSON, or a line for each of them as CSV or .xlsx by `Accept`."""
    kind = _wanted(request, (JSON, CSV, XLSX))
    return await _portfolio(service.own, actor, kind, positions=positions, is_kept=False)


@router.put(
    "/portfolio-risk",
    dependencies=[needs("risk:write")],
    responses=gives(JSON, "The portfolio", example={"format": PORTFOLIO_FORMAT}),
)
async def keep_portfolio(service: Node, actor: Acting) -> Response:
    """Assess all customers, and keep where they stand: later runs say who has moved since."""
    return await _portfolio(service.own, actor, JSON, positions=False, is_kept=True)


async def _portfolio(own: OwnService, actor: Actor, kind: str, *, positions: bool, is_kept: bool) -> Response:
    require(actor, "portfolio.keep" if is_kept else "portfolio.view")
    closed = await _last_closed(own)

    def make() -> bytes:
        overview = own.portfolio_risk.overview(actor, last_closed=closed)
        if is_kept:
            own.portfolio_risk.keep(actor, overview)
        if kind == JSON:
            content = document_of(overview, with_positions=positions)
            return json.dumps(content, ensure_ascii=False).encode()
        rows = rows_of(overview.positions, currency=overview.currency, exponent=overview.exponent)
        if kind == CSV:
            return to_csv(rows)
        from node.risk.portfolio.sheet import to_xlsx  # noqa: PLC0415 - loads openpyxl

        return to_xlsx(rows)

    return Response(await asyncio.to_thread(make), media_type=kind, headers=_SAFE)


async def _last_closed(own: OwnService) -> Month | None:
    month = json.loads(await reply_to(own.last_closed()))["month"]
    return None if month is None else parse_month(month)


async def _prove(own: OwnService, subject: SubjectId) -> None:
    """Make the answer file that the report would lack; a report without it says so."""
    request_id = await asyncio.to_thread(own.reports.unproven, subject)
    if request_id is not None:
        with suppress(UnavailableError, RejectedError):
            proof = await reply_to(own.prove(request_id))
            await asyncio.to_thread(own.reports.keep_proof, request_id, proof)


def _render(document: Mapping[str, Any], kind: str, language: Language) -> bytes:
    speak(language)  # in this call's own context alone
    if kind == HTML:
        return as_html(document).encode()
    return as_pdf(document) if kind == PDF else json.dumps(document, ensure_ascii=False).encode()


def _wanted(request: Request, kinds: Sequence[str]) -> str:
    """Return the first of some media types that `Accept` names, in the order in which it names them."""
    named = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return next((kind for kind in named if kind in kinds), kinds[0])
