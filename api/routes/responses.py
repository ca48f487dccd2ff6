"""`/v1/responses`: what is to be done about customers, who decided, and what came of it."""

from datetime import date
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, gives, refusals
from api.paging import Listed, NumberPage
from node.risk.notice import notice_of
from node.risk.policy import parse_policy
from node.risk.responses import OUTCOME_CHARS_MOST, Response, State

router: Final = APIRouter(
    prefix="/v1/responses", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN)
)

ResponseId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=OUTCOME_CHARS_MOST)]
_SHOWN: Final = {
    "id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
    "subject": "lei:5493001KJTIIGC8Y1R12",
    "policy": 3,
    "proposed_at": "2026-10-01T08:00:00+00:00",
    "proposed_by": "system",
    "rule": "weak",
    "response": "mitigate",
    "measures": ["lower_limit", "shorter_terms"],
    "limit_minor": 6000000,
    "terms_days": 30,
    "roles": ["approver"],
    "personal": False,
    "grade": "D",
    "in_force": "score",
    "score": 41,
    "level": "medium-high",
    "reasons": ["own.delay_mean_days:against"],
    "at_stake_minor": 12000000,
    "due_on": "2026-10-15",
    "state": "proposed",
    "decided_at": None,
    "decided_by": None,
    "done_at": None,
    "done_by": None,
    "outcome": None,
}
_RESPONSE: Final = gives(JSON, "The response", example=_SHOWN)


class Rejected(BaseModel):
    """Why a response is rejected."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "The limit was lowered last week."}}
    )

    reason: Text


class Done(BaseModel):
    """What came of a response."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"outcome": "Prepayment agreed."}}
    )

    outcome: Text


class Proposed(BaseModel):
    """What a run over all customers has proposed."""

    policy: int
    customers: int
    proposed: list[str]


@router.get("", dependencies=[needs("risk:read")])
def responses(
    *,
    service: Node,
    actor: Acting,
    page: NumberPage,
    state: State | None = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    due_by: date | None = None,
) -> Listed[dict[str, Any]]:
    """List responses, the newest first."""
    own = service.own
    found = own.responses.listed(
        actor,
        state=state,
        subject=None if subject is None else own.subject(subject),
        due_by=due_by,
        before=page.after,
        limit=page.limit + 1,
    )
    return page.of(found, lambda one: one.number).map(Response.describe)


@router.post("", dependencies=[needs("risk:write")])
def propose(service: Node, actor: Acting) -> Proposed:
    """Assess all customers, and propose a response for each whose last one was another; again adds nothing.

    What the policy lets go without approval is approved at once, though never for a natural person.
    """
    run = service.own.risk.assess_all(actor)
    return Proposed(policy=run.version.number, customers=len(run.assessments), proposed=list(run.proposed))


@router.get("/{response_id}", dependencies=[needs("risk:read")], responses=_RESPONSE)
def response(service: Node, actor: Acting, response_id: ResponseId) -> dict[str, Any]:
    """Return a response."""
    return service.own.responses.one(actor, response_id).describe()


@router.get(
    "/{response_id}/notice",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The text by language", example={"en": "...", "zh-CN": "..."}),
)
def notice(service: Node, actor: Acting, response_id: ResponseId) -> dict[str, str]:
    """Return the text of an adverse-action notice for the customer, in both languages; it names no source."""
    own = service.own
    found = own.responses.one(actor, response_id)
    texts = notice_of(found, parse_policy(own.policy.one(found.policy).raw))
    return {str(language): text for language, text in texts.items()}


@router.post(
    "/{response_id}/approve", dependencies=[needs("risk:approve")], responses=_RESPONSE | refusals(409)
)
def approve(service: Node, actor: Acting, response_id: ResponseId) -> dict[str, Any]:
    """Approve what is proposed, in a role that the policy names for what is at stake."""
    return service.own.responses.approve(actor, response_id).describe()


@router.post(
    "/{response_id}/reject", dependencies=[needs("risk:approve")], responses=_RESPONSE | refusals(409, 413)
)
def reject(rejected: Rejected, service: Node, actor: Acting, response_id: ResponseId) -> dict[str, Any]:
    """Reject what is proposed, and say why."""
    return service.own.responses.reject(actor, response_id, reason=rejected.reason).describe()


@router.post(
    "/{response_id}/done", dependencies=[needs("risk:write")], responses=_RESPONSE | refusals(409, 413)
)
def finish(done: Done, service: Node, actor: Acting, response_id: ResponseId) -> dict[str, Any]:
    """Say that an approved response is done, and what came of it."""
    return service.own.responses.finish(actor, response_id, outcome=done.outcome).describe()
