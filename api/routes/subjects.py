"""`/v1/subjects`: the firm's own list of customers and which subject each one is."""

import asyncio
import json
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, media_type_of, read_body, reply_to
from api.described import OWN, refusals, takes
from api.errors import malformed
from api.paging import Listed, TextPage
from hanse_ledger.errors import MalformedError
from node.own.customers import Customer, Customers

router: Final = APIRouter(
    prefix="/v1/subjects", tags=["subjects"], route_class=OwnRoute, responses=refusals(*OWN)
)

_LIST_BYTES_MOST: Final = 16 << 20
_CUSTOMERS_MOST: Final = 100_000
_LIST: Final = {"customers": [{"customer": "4711", "name": "Alder Ltd", "subject": None}]}
Number: TypeAlias = Annotated[str, Path(min_length=1, max_length=128)]
Named: TypeAlias = Annotated[str, Query(min_length=1, max_length=200)]


class CustomerShown(BaseModel):
    """A customer of the firm; `subject` is null until a person has said which firm it is."""

    customer: str
    name: str
    subject: str | None
    updated_at: str


class CustomerSaid(BaseModel):
    """What a person says of a customer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "Alder Ltd", "subject": "lei:5493001KJTIIGC8Y1R12"}},
    )

    name: Annotated[str, Field(max_length=200)] = ""
    subject: Annotated[str, Field(max_length=200)] | None = None


class CustomerBrought(CustomerSaid):
    """A customer of a list."""

    customer: Annotated[str, Field(min_length=1, max_length=128)]


class ListBrought(BaseModel):
    """A list of customers."""

    model_config = ConfigDict(extra="forbid")

    customers: Annotated[list[CustomerBrought], Field(min_length=1, max_length=_CUSTOMERS_MOST)]


class Upload(BaseModel):
    """What a list changed; `refused_lines` are those that could not be read, and changed nothing."""

    new: int
    changed: int
    unchanged: int
    refused: int
    refused_lines: list[dict[str, Any]]


class Match(BaseModel):
    """A customer that may be meant; `confidence` is a similarity from 0 to 1, and only a person decides."""

    customer: CustomerShown
    confidence: float


class Matches(BaseModel):
    """What an id or a name may mean. With an id, `subject` is its primary id, and every match is certain."""

    subject: str | None
    matches: list[Match]


@router.post(
    "",
    dependencies=[needs("subjects:write")],
    openapi_extra=takes({"text/csv": "customer,name\n4711,Alder Ltd\n", JSON: _LIST}),
    responses=refusals(413),
)
async def upload(request: Request, service: Node) -> Upload:
    """Add customers: a CSV file or .xlsx workbook with customer, name and perhaps subject, or JSON.

    Those on the list are updated, those that are not named stay. A line that is refused changes nothing.
    """
    raw = await read_body(request, _LIST_BYTES_MOST)
    take = _take_json if media_type_of(request) == JSON else Customers.upload
    return Upload.model_validate(await asyncio.to_thread(take, service.own.customers, raw))


@router.get("", dependencies=[needs("subjects:read")])
def customers(
    *,
    service: Node,
    page: TextPage,
    without_subject: Annotated[bool, Query(description="Only those that nobody has matched yet.")] = False,
) -> Listed[CustomerShown]:
    """List the firm's customers in the order of their numbers."""
    found = service.own.customers.listed(
        after=page.after, limit=page.limit + 1, without_subject=without_subject
    )
    return page.of([_shown(one) for one in found], lambda one: one.customer)


@router.get("/match", dependencies=[needs("subjects:read")])
async def match(
    service: Node,
    subject: Annotated[Named | None, Query(alias="id")] = None,
    name: Named | None = None,
) -> Matches:
    """Find customers by a subject id, exactly, or by a name, as candidates with a confidence.

    A candidate is never taken by itself: `PUT /v1/subjects/customers/{customer}` says that it is the one.
    """
    if (subject is None) == (name is None):
        raise MalformedError("match by id or by name")
    if subject is not None:
        aliases = json.loads(await reply_to(service.own.aliases()))
        primary, known = await asyncio.to_thread(service.own.match_id, subject, aliases)
        certain = [Match(customer=_shown(one), confidence=1) for one in known]
        return Matches(subject=primary, matches=certain)
    likely = await asyncio.to_thread(service.own.match_name, name or "")
    return Matches(
        subject=None,
        matches=[Match(customer=_shown(one), confidence=confidence) for one, confidence in likely],
    )


@router.get("/customers/{customer:path}", dependencies=[needs("subjects:read")])
def customer(service: Node, customer: Number) -> CustomerShown:
    """Return a customer."""
    return _shown(service.own.customers.one(customer))


@router.put("/customers/{customer:path}", dependencies=[needs("subjects:write")], responses=refusals(413))
def say(said: CustomerSaid, service: Node, customer: Number) -> CustomerShown:
    """Say which subject a customer is, or that nobody knows yet (null). Imports go by it from now on."""
    return _shown(service.own.customers.say(customer, name=said.name, subject=said.subject))


def _take_json(customers: Customers, raw: bytes) -> dict[str, Any]:
    try:
        brought = ListBrought.model_validate_json(raw).customers
    except ValidationError as error:
        raise malformed(error) from error
    return customers.take([(one.customer, one.name, one.subject) for one in brought])


def _shown(one: Customer) -> CustomerShown:
    return CustomerShown.model_validate(one.describe())
