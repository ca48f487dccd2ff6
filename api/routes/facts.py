"""`/v1/facts`: public facts, which a desk files and withdraws and every node shows."""

import asyncio
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import OWN, gives, refusals
from api.once import OnceOnly
from api.paging import Listed, NumberPage
from hanse_ledger.errors import MalformedError
from hanse_ledger.subjects import parse_subject
from node.own.facts import KindName, describe_all, filing_of

router: Final = APIRouter(prefix="/v1/facts", tags=["facts"], route_class=OwnRoute, responses=refusals(*OWN))

_CREATED: Final = 201
_SHA256: Final = "ab" * 32
_SOURCE: Final = "Local court of Lübeck, 53 IN 12/26"
_FACT: Final = {
    "index": 4711,
    "desk": "desk",
    "subject": "lei:5493001KJTIIGC8Y1R12",
    "kind": "insolvency_opened",
    "date": "2026-09-14",
    "source": _SOURCE,
    "document_sha256": _SHA256,
    "withdrawn_at": None,
}
Position: TypeAlias = Annotated[int, Path(ge=0, lt=1 << 53)]
Source: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class FactFiled(BaseModel):
    """A public fact: what, on whom, when, where it is published, and the hash of what proves it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "subject": "lei:5493001KJTIIGC8Y1R12",
                "kind": "insolvency_opened",
                "date": "2026-09-14",
                "source": _SOURCE,
                "document_sha256": _SHA256,
            }
        },
    )

    subject: Annotated[str, Field(max_length=200)]
    kind: KindName
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    source: Source
    document_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FactWithdrawn(BaseModel):
    """Why a fact is withdrawn, where its own source does not say it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"source": None}})

    source: Source | None = None


@router.post(
    "",
    dependencies=[needs("facts:write")],
    status_code=_CREATED,
    responses=gives(JSON, "The fact as it stands in the log", status=_CREATED, example=_FACT)
    | refusals(409, 413),
)
async def file(filed: FactFiled, service: Node, once: OnceOnly) -> Response:
    """File a public fact, as a desk; the same fact again answers the one that stands."""
    filing = filing_of(
        subject=filed.subject,
        kind=filed.kind,
        day=filed.date,
        source=filed.source,
        document_sha256=filed.document_sha256,
    )

    async def make(_call: str) -> Response:
        return Response(await reply_to(service.own.file_fact(filing)), _CREATED, media_type=JSON)

    return await once.answer(make)


@router.post(
    "/{position}/withdraw",
    dependencies=[needs("facts:write")],
    responses=gives(JSON, "The fact with its withdrawal", example={**_FACT, "withdrawn_at": 4712})
    | refusals(409, 413),
)
async def withdraw(withdrawn: FactWithdrawn, service: Node, position: Position) -> Response:
    """Withdraw a fact that this desk has filed, by its index in the log."""
    return Response(await reply_to(service.own.withdraw_fact(position, withdrawn.source)), media_type=JSON)


@router.get("", dependencies=[needs("facts:read")])
async def facts(
    service: Node,
    page: NumberPage,
    subject: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Only what stands on this subject.")
    ] = None,
) -> Listed[dict[str, Any]]:
    """List public facts, the newest first, withdrawn ones too; or those that stand on one subject."""
    if subject is not None:
        if page.after is not None:
            raise MalformedError("cursor: the facts on one subject are one page")
        found = await asyncio.to_thread(service.own.facts.facts_of, parse_subject(subject).id)
        return Listed(items=describe_all(found), next=None)
    some = await asyncio.to_thread(service.own.facts.listed, after=page.after, limit=page.limit + 1)
    return page.of(some, lambda fact: fact.position).map(lambda fact: fact.describe())
