"""`/v1/limits`: the firm's own credit limits."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute, read_body
from api.described import OWN, refusals, takes
from api.paging import Listed, TextPage
from hanse_ledger.errors import MalformedError
from hanse_ledger.subjects import parse_subject
from node.risk.limits import MOST_MINOR, Limit

router: Final = APIRouter(prefix="/v1/limits", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))

_FILE_BYTES_MOST: Final = 16 << 20
SubjectText: TypeAlias = Annotated[str, Path(min_length=1, max_length=200)]


class Amount(BaseModel):
    """Money in minor units."""

    model_config = ConfigDict(extra="forbid")

    amount_minor: Annotated[int, Field(ge=0, le=MOST_MINOR)]
    currency: Annotated[str, Field(min_length=3, max_length=3)]


class LimitSet(BaseModel):
    """A limit for a subject, in the consortium's reporting currency; zero for no credit at all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"limit": {"amount_minor": 5_000_000, "currency": "CNY"}}},
    )

    limit: Amount


class LimitShown(BaseModel):
    """A subject's limit, who has set it and when."""

    subject: str
    limit: Amount
    set_by: str
    set_at: datetime


class LimitsTaken(BaseModel):
    """What a file changed; where lines are refused and not to be skipped, nothing."""

    new: int
    changed: int
    unchanged: int
    refused: list[dict[str, Any]]


@router.get("", dependencies=[needs("risk:read")])
def limits(service: Node, actor: Acting, page: TextPage) -> Listed[LimitShown]:
    """List limits in the order of their subjects."""
    found = service.own.limits.listed(actor, after=page.after, limit=page.limit + 1)
    return page.of([_shown(one) for one in found], lambda one: one.subject)


@router.post(
    "",
    dependencies=[needs("risk:write")],
    openapi_extra=takes({"text/csv": "customer,limit,currency\n4711,50000.00,CNY\n"}),
    responses=refusals(413),
)
async def take(
    request: Request,
    service: Node,
    actor: Acting,
    *,
    skip_refused: Annotated[bool, Query(description="Take the good lines where others are refused.")] = False,
) -> LimitsTaken:
    """Set the limits of a CSV file or .xlsx workbook: customer or subject, limit, perhaps currency.

    Limits that it does not name stay.
    """
    raw = await read_body(request, _FILE_BYTES_MOST)
    taken = await asyncio.to_thread(service.own.limits.take, actor, raw, skip_refused=skip_refused)
    return LimitsTaken.model_validate(taken.describe())


@router.get("/{subject}", dependencies=[needs("risk:read")])
def limit(service: Node, actor: Acting, subject: SubjectText) -> LimitShown:
    """Return a subject's limit."""
    return _shown(service.own.limits.one(actor, parse_subject(subject).id))


@router.put("/{subject}", dependencies=[needs("risk:write")], responses=refusals(413))
def set_limit(said: LimitSet, service: Node, actor: Acting, subject: SubjectText) -> LimitShown:
    """Set a subject's limit."""
    limits = service.own.limits
    if said.limit.currency != limits.money().currency:
        raise MalformedError("limit.currency: limits are in the reporting currency")
    return _shown(limits.set(actor, parse_subject(subject).id, said.limit.amount_minor))


@router.delete("/{subject}", status_code=HTTPStatus.NO_CONTENT, dependencies=[needs("risk:write")])
def remove(service: Node, actor: Acting, subject: SubjectText) -> Response:
    """Take a subject's limit away; what is used of it is unknown then."""
    service.own.limits.remove(actor, parse_subject(subject).id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _shown(one: Limit) -> LimitShown:
    return LimitShown.model_validate(one.describe())
