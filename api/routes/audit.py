"""`/v1/audit`: the audit chain of risk management, for those who may read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, refusals
from api.paging import LINES, Listed, NumberPage, as_lines, wants_lines
from hanse_ledger.subjects import parse_subject
from node.risk.audit import Head
from node.risk.auditing import check_chain, view_rows

router: Final = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=OwnRoute, responses=refusals(*OWN))

_HEAD_CHARS_MOST: Final = 100
About: TypeAlias = Annotated[str | None, Query(max_length=200, description="Rows about this subject alone.")]
Kept: TypeAlias = Annotated[
    str | None,
    Query(max_length=_HEAD_CHARS_MOST, description="A head that was kept: the chain must go on from there."),
]


class RowShown(BaseModel):
    """One row of the chain."""

    number: int
    at: datetime
    actor: str
    role: str
    action: str
    subject: str | None
    content: Mapping[str, Any]


class HeadShown(BaseModel):
    """The end of a chain that holds; `head` is both in one text, to be kept elsewhere."""

    size: int
    hash: str
    head: str


@router.get(
    "",
    dependencies=[needs("audit:read")],
    response_model=Listed[RowShown],
    responses={200: {"content": {LINES: {"schema": {"type": "string"}}}}},
)
def rows(request: Request, service: Node, actor: Acting, page: NumberPage, subject: About = None) -> Response:
    """List the chain from its first row on: JSON, or lines (`Accept: application/jsonl`).

    The lines of all pages are the chain as `hanse risk audit verify --file` checks it; the next page is in a
    `Link` header. That somebody has looked is in the chain as well.
    """
    own = service.own
    found = view_rows(
        own.audit,
        actor,
        at=own.clock.now(),
        after=page.after,
        limit=page.limit + 1,
        subject=None if subject is None else parse_subject(subject).id,
    )
    listed = page.of(found, lambda row: row.number)
    if wants_lines(request):
        return as_lines(request, listed, lambda row: row.line)
    return Response(listed.map(lambda row: RowShown(**row.describe())).model_dump_json(), media_type=JSON)


@router.get("/head", dependencies=[needs("audit:read")])
def head(service: Node, actor: Acting, kept: Kept = None) -> HeadShown:
    """Check every row; 422 `audit_chain` names the first that does not hold."""
    found = check_chain(service.own.audit, actor, None if kept is None else Head.parse(kept))
    return HeadShown(size=found.size, hash=found.hash.hex(), head=str(found))
