"""`/v1/subjects/{subject}/risks` and `/v1/risks`: the register of risks."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.about import About
from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, gives, refusals
from api.once import OnceOnly
from api.paging import Listed, NumberPage
from api.routes.experts import RatingGiven
from node.risk.kinds import RiskKind
from node.risk.people import NAME_CHARS_MOST
from node.risk.register.risk import State
from node.risk.register.service import EVIDENCE_MOST, REASON_CHARS_MOST, TEXT_CHARS_MOST, Entry, Said

router: Final = APIRouter(prefix="/v1", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))

RiskId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MOST)]
Owner: TypeAlias = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MOST)]
_ENTERED: Final[dict[str, Any]] = {
    "kind": "operational",
    "text": "The plant stands on one supplier.",
    "rating": {"probability": 2, "impact": 4},
    "evidence": ["visit of 3 May"],
}
_SHOWN: Final = {
    "id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
    "subject": "lei:5493001KJTIIGC8Y1R12",
    "kind": "market",
    "text": {"en": "Orders have fallen.", "zh": "订单减少。"},
    "probability": 3,
    "impact": 3,
    "rule": "orders-fell",
    "owner": None,
    "evidence": [{"signal": "own.order_change", "value": -0.8}],
    "state": "open",
    "found_at": "2026-10-01T08:00:00+00:00",
    "found_by": "system",
    "changed_at": "2026-10-01T08:00:00+00:00",
    "holds": True,
}


class RiskEntered(BaseModel):
    """A risk that a person sees. Without an owner it is the person's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _ENTERED})

    kind: RiskKind
    text: Text
    rating: RatingGiven
    evidence: Annotated[Sequence[Text], Field(max_length=EVIDENCE_MOST)] = ()
    owner: Owner | None = None

    def entry(self) -> Entry:
        """Return the entry."""
        return Entry(
            kind=self.kind,
            text=self.text,
            rating=self.rating.rating(),
            evidence=tuple(self.evidence),
            owner=self.owner,
        )


class RiskChanged(BaseModel):
    """What becomes of a risk, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "guarantee received", "state": "mitigated"}}
    )

    reason: Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MOST)]
    state: State | None = None
    owner: Owner | None = None
    rating: RatingGiven | None = None

    def said(self) -> Said:
        """Return what is changed."""
        rating = None if self.rating is None else self.rating.rating()
        return Said(reason=self.reason, state=self.state, owner=self.owner, rating=rating)


class Found(BaseModel):
    """How many risks a run of the rules found, opened again, saw with new figures, or saw pass."""

    found: int
    reopened: int
    seen: int
    passed: int


@router.get(
    "/subjects/{subject}/risks",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The risks", example=[_SHOWN]),
)
def risks_of(service: Node, actor: Acting, subject: About) -> list[dict[str, Any]]:
    """List a customer's risks in the order they were found, closed ones too."""
    return [risk.describe() for risk in service.own.register.of(actor, subject)]


@router.post(
    "/subjects/{subject}/risks",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("risk:write")],
    responses=gives(JSON, "The risk", status=201, example=_SHOWN) | refusals(409, 413),
)
async def enter(
    entered: RiskEntered, service: Node, actor: Acting, subject: About, once: OnceOnly
) -> Response:
    """Enter a risk that a person sees."""

    async def make(risk_id: str) -> Response:
        risk = await asyncio.to_thread(
            service.own.register.enter, actor, subject, entered.entry(), risk_id=risk_id
        )
        return JSONResponse(risk.describe(), HTTPStatus.CREATED)

    return await once.answer(make)


@router.post(
    "/subjects/{subject}/risks/{risk_id}",
    dependencies=[needs("risk:write")],
    responses=gives(JSON, "The risk", example=_SHOWN) | refusals(409, 413),
)
def change(
    changed: RiskChanged, service: Node, actor: Acting, subject: About, risk_id: RiskId
) -> dict[str, Any]:
    """Change a risk's state, owner or rating, with a reason; accepting one takes a role that may."""
    return service.own.register.change(actor, subject, risk_id, changed.said()).describe()


@router.get(
    "/risks",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "A page of risks", example={"items": [_SHOWN], "next": None}),
)
def risks(
    *,
    service: Node,
    actor: Acting,
    page: NumberPage,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[RiskKind | None, Query(description="Only those of this kind.")] = None,
) -> Listed[dict[str, Any]]:
    """List the risks of all customers in the order they were found."""
    found = service.own.register.listed(actor, after=page.after, limit=page.limit + 1, state=state, kind=kind)
    return page.of(found, lambda one: one[0]).map(lambda one: one[1].describe())


@router.post("/risks/find", dependencies=[needs("risk:write")])
def find(service: Node, actor: Acting) -> Found:
    """Run the policy's rules over all customers; again with the same figures it changes nothing."""
    return Found(**service.own.register.find(actor))
