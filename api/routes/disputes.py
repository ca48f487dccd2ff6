"""What a subject contests: a desk's cases, a member's own rows in them, and rows that a member withdraws."""

import json
from concurrent.futures import Future
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import OWN, gives, refusals
from api.once import OnceOnly
from api.paging import Listed, NumberPage, Page, cut
from node.own.disputes import AnswerName, OutcomeName, ReasonName

router: Final = APIRouter(prefix="/v1", tags=["disputes"], route_class=OwnRoute, responses=refusals(*OWN))

_CREATED: Final = 201
_SUBJECT: Final = "lei:5493001KJTIIGC8Y1R12"
_MONTH: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
_CASE: Final = {
    "index": 4711,
    "reference": "D-2026-17",
    "subject": _SUBJECT,
    "opened_at": "2026-09-14T09:30:00+00:00",
    "state": "open",
    "respond_by": "2026-11",
    "outcome": None,
}
_ROW: Final = {
    "dispute": 4711,
    "subject": _SUBJECT,
    "month": "2026-07",
    "condition": 2,
    "exposure": 1,
    "delay": 3,
    "respond_by": "2026-11",
    "open": True,
    "said": None,
    "state": None,
}
_WITHDRAWAL: Final = {"subject": _SUBJECT, "month": "2026-07", "reason": "error", "state": "waiting"}
_LEARNT: Final = {
    "subject": _SUBJECT,
    "checked": True,
    "inquiries": [{"month": "2026-07", "purpose": "onboarding", "count": 3}],
    "answer": {},
}
Position: TypeAlias = Annotated[int, Path(ge=0, lt=1 << 53)]
Subject: TypeAlias = Annotated[str, Field(max_length=200)]
MonthText: TypeAlias = Annotated[str, Field(pattern=_MONTH)]


class CaseOpened(BaseModel):
    """A dispute for a subject. The desk's own `reference` stands on the log, where everybody reads it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"subject": _SUBJECT, "reference": "D-2026-17"}}
    )

    subject: Subject
    reference: Annotated[str, Field(min_length=1, max_length=64)]


class AccessAsked(BaseModel):
    """A subject that wants to know how often it was inquired on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"subject": _SUBJECT}})

    subject: Subject


class CaseResolved(BaseModel):
    """How a dispute ended for what was reported."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"outcome": "corrected"}})

    outcome: OutcomeName


class DisputeAnswered(BaseModel):
    """What is true of own rows in a dispute: of some months, or of all that nothing was said of."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"said": "confirmed", "months": ["2026-07"]}}
    )

    said: AnswerName
    months: Annotated[list[MonthText], Field(max_length=120)] = []


class RowWithdrawn(BaseModel):
    """A reported row that was wrong: itself, or whom it was about."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"subject": _SUBJECT, "month": "2026-07", "reason": "error"}},
    )

    subject: Subject
    month: MonthText
    reason: ReasonName


@router.get(
    "/cases",
    dependencies=[needs("disputes:read")],
    responses=gives(JSON, "A page of this desk's disputes", example={"items": [_CASE], "next": None}),
)
async def cases(service: Node, page: NumberPage) -> Listed[dict[str, Any]]:
    """List the disputes that this desk has opened, the newest first."""
    return await _listed(service.own.cases(), page)


@router.post(
    "/cases",
    dependencies=[needs("disputes:write")],
    status_code=_CREATED,
    responses=gives(JSON, "The dispute", status=_CREATED, example=_CASE) | refusals(409, 413),
)
async def open_case(opened: CaseOpened, service: Node, once: OnceOnly) -> Response:
    """Open a dispute for a subject; under the same reference again it answers the one that stands."""

    async def make(_call: str) -> Response:
        reply = service.own.open_dispute(opened.subject, opened.reference)
        return Response(await reply_to(reply), _CREATED, media_type=JSON)

    return await once.answer(make)


@router.post(
    "/cases/{position}/resolve",
    dependencies=[needs("disputes:write")],
    responses=gives(JSON, "The dispute", example={**_CASE, "state": "resolved", "outcome": "corrected"})
    | refusals(409, 413),
)
async def resolve(resolved: CaseResolved, service: Node, position: Position) -> Response:
    """Resolve a dispute that this desk has opened, by its index in the log."""
    return Response(await reply_to(service.own.resolve_dispute(position, resolved.outcome)), media_type=JSON)


@router.post(
    "/subject-access",
    dependencies=[needs("inquiries:write")],
    responses=gives(JSON, "Counts by month and purpose, and the answer", example=_LEARNT)
    | refusals(409, 413),
)
async def learn(asked: AccessAsked, service: Node, once: OnceOnly) -> Response:
    """Ask for a subject, as its desk, how many inquiries named it in closed months, by purpose."""

    async def make(call: str) -> Response:
        return Response(await reply_to(service.own.learn(asked.subject, call)), media_type=JSON)

    return await once.answer(make)


@router.get(
    "/contested",
    dependencies=[needs("disputes:read")],
    responses=gives(JSON, "A page of own rows in disputes", example={"items": [_ROW], "next": None}),
)
async def contested(service: Node, actor: Acting, page: NumberPage) -> Listed[dict[str, Any]]:
    """List own rows that a subject contests, of the newest disputes first, and what was said of them."""
    return await _listed(service.own.contested(actor), page)


@router.post(
    "/contested/{position}/answer",
    dependencies=[needs("disputes:write")],
    responses=gives(JSON, "The rows that were answered for", example={"items": [_ROW]}) | refusals(409, 413),
)
async def answer(answered: DisputeAnswered, service: Node, actor: Acting, position: Position) -> Response:
    """Say of own rows in a dispute whether they hold; it leaves with the next bulletin that has room."""
    reply = service.own.answer_dispute(actor, position, answered.said, answered.months)
    return Response(await reply_to(reply), media_type=JSON)


@router.get(
    "/withdrawals",
    dependencies=[needs("disputes:read")],
    responses=gives(JSON, "A page of withdrawn rows", example={"items": [_WITHDRAWAL], "next": None}),
)
async def withdrawals(service: Node, actor: Acting, page: NumberPage) -> Listed[dict[str, Any]]:
    """List the rows that were withdrawn, the newest first, and how far each withdrawal is."""
    return await _listed(service.own.withdrawals(actor), page)


@router.post(
    "/withdrawals",
    dependencies=[needs("disputes:write")],
    status_code=_CREATED,
    responses=gives(JSON, "The withdrawal", status=_CREATED, example=_WITHDRAWAL) | refusals(409, 413),
)
async def withdraw(withdrawn: RowWithdrawn, service: Node, actor: Acting, once: OnceOnly) -> Response:
    """Withdraw a row that was reported wrongly: the window that holds it is withheld as a whole."""

    async def make(_call: str) -> Response:
        reply = service.own.withdraw_row(actor, withdrawn.subject, withdrawn.month, withdrawn.reason)
        return Response(await reply_to(reply), _CREATED, media_type=JSON)

    return await once.answer(make)


async def _listed(reply: Future[bytes], page: Page[int]) -> Listed[dict[str, Any]]:
    """Return a page of what the node's thread lists as a whole."""
    return cut(page, json.loads(await reply_to(reply))["items"])
