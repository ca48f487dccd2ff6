"""`/v1/warnings`: the firm's own warnings, which go with its node's next bulletin."""

import asyncio
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, refusals
from api.once import OnceOnly
from api.paging import Listed, NumberPage
from node.risk.own_warnings import OwnWarning, Source, State
from node.risk.proposals import Kind, Reason
from node.risk.warnings import NOTE_CHARS_MOST, Raising

router: Final = APIRouter(
    prefix="/v1/warnings", tags=["warnings"], route_class=OwnRoute, responses=refusals(*OWN)
)

_SUBJECT: Final = "uscc:91350100M000100Y43"
SubjectText: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class WarningRaised(BaseModel):
    """A warning; `note` stays with the firm, `notified_on` is needed for a natural person's firm."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"subject": _SUBJECT, "reason": "collection"}}
    )

    subject: SubjectText
    reason: Reason
    note: Annotated[str, Field(max_length=NOTE_CHARS_MOST)] = ""
    notified_on: date | None = None


class SubjectNamed(BaseModel):
    """The subject whose warning is meant."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"subject": _SUBJECT}})

    subject: SubjectText


class ProposalConfirmed(SubjectNamed):
    """The subject whose proposal is confirmed; `notified_on` is needed for a natural person's firm."""

    notified_on: date | None = None


class WarningShown(BaseModel):
    """One warning of the firm's own. `ends_with` is the log month with whose close it ends by itself."""

    number: int
    subject: str
    reason: Reason
    source: Source
    note: str
    raised_by: str
    raised_at: str
    cleared_by: str | None
    cleared_at: str | None
    state: State
    ends_with: str | None


class ProposalShown(BaseModel):
    """What the book proposes for a subject."""

    kind: Kind
    subject: str
    reason: Reason | None
    invoices: int


@router.get("", dependencies=[needs("warnings:read")])
def warnings(
    service: Node,
    actor: Acting,
    page: NumberPage,
    subject: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Only those of this subject.")
    ] = None,
) -> Listed[WarningShown]:
    """List the firm's own warnings, the newest first, those that are over too."""
    found = service.own.warnings.listed(actor, after=page.after, limit=page.limit + 1, subject=subject)
    return page.of([_shown(one) for one in found], lambda one: one.number)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("warnings:write")],
    response_model=WarningShown,
    responses=refusals(409, 413),
)
async def raise_one(raised: WarningRaised, service: Node, actor: Acting, once: OnceOnly) -> Response:
    """Raise a warning by hand; 409 `warning_state` where one of the subject stands."""
    raising = Raising(
        subject=raised.subject, reason=raised.reason, note=raised.note, notified_on=raised.notified_on
    )

    async def make(_call: str) -> Response:
        made = await asyncio.to_thread(service.own.warnings.raise_one, actor, raising)
        return Response(_shown(made).model_dump_json(), HTTPStatus.CREATED, media_type=JSON)

    return await once.answer(make)


@router.post("/clear", dependencies=[needs("warnings:write")], responses=refusals(413))
def clear(named: SubjectNamed, service: Node, actor: Acting) -> WarningShown:
    """Clear the subject's warning that stands."""
    return _shown(service.own.warnings.clear(actor, named.subject))


@router.get("/proposals", dependencies=[needs("warnings:read")])
def proposals(service: Node, actor: Acting) -> list[ProposalShown]:
    """List what the book proposes to warn of, or to clear; nothing is done before a person confirms it."""
    return [ProposalShown.model_validate(one.describe()) for one in service.own.warnings.proposals(actor)]


@router.post("/proposals/confirm", dependencies=[needs("warnings:write")], responses=refusals(409, 413))
def confirm(confirmed: ProposalConfirmed, service: Node, actor: Acting) -> WarningShown:
    """Do what the book proposes for a subject."""
    own = service.own.warnings
    return _shown(own.confirm(actor, confirmed.subject, notified_on=confirmed.notified_on))


@router.post("/proposals/dismiss", dependencies=[needs("warnings:write")], responses=refusals(413))
def dismiss(named: SubjectNamed, service: Node, actor: Acting) -> ProposalShown:
    """Decide not to warn for what the book shows now; another invoice or status proposes it again."""
    proposal: dict[str, Any] = service.own.warnings.dismiss(actor, named.subject).describe()
    return ProposalShown.model_validate(proposal)


def _shown(one: OwnWarning) -> WarningShown:
    return WarningShown.model_validate(one.describe())
