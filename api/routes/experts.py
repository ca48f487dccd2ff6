"""`/v1/subjects/{subject}/expert`: what named people say of a customer beside the model."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.about import About
from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, gives, refusals
from api.once import OnceOnly
from node.risk.experts import EVIDENCE_MOST, TEXT_CHARS_MOST, Opinion
from node.risk.kinds import RATING_MOST, Rating, RiskKind

router: Final = APIRouter(
    prefix="/v1/subjects/{subject}/expert", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN)
)

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MOST)]
AssessmentId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_ID: Final = "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be"
_SAID: Final[dict[str, Any]] = {
    "grade": "B",
    "ratings": {"credit": {"probability": 2, "impact": 3}},
    "reason": "The bank guarantee has been renewed.",
    "evidence": ["guarantee of 1 October"],
    "expires_on": "2026-12-31",
}
_SHOWN: Final = {
    "model_grade": "C",
    "in_force": "model",
    "grade": "C",
    "assessments": [
        {
            "id": _ID,
            "by": "Li Na",
            "role": "analyst",
            "at": "2026-10-01T08:00:00+00:00",
            **_SAID,
            "model_grade": "C",
            "needs_second": True,
            "confirmed_by": None,
            "confirmed_at": None,
            "withdrawn_by": None,
            "withdrawn_at": None,
            "state": "pending",
        }
    ],
}


class RatingGiven(BaseModel):
    """Probability and impact, as classes from 1 to 5."""

    model_config = ConfigDict(extra="forbid")

    probability: Annotated[int, Field(ge=1, le=RATING_MOST)]
    impact: Annotated[int, Field(ge=1, le=RATING_MOST)]

    def rating(self) -> Rating:
        """Return the rating."""
        return Rating(probability=self.probability, impact=self.impact)


class OpinionGiven(BaseModel):
    """What an expert says: a grade, ratings by kind of risk, why, on what evidence, until when."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _SAID})

    grade: Literal["A", "B", "C", "D", "E"]
    ratings: Annotated[Mapping[RiskKind, RatingGiven], Field(min_length=1)]
    reason: Text
    evidence: Annotated[Sequence[Text], Field(min_length=1, max_length=EVIDENCE_MOST)]
    expires_on: date

    def opinion(self) -> Opinion:
        """Return the opinion."""
        return Opinion(
            grade=self.grade,
            ratings={kind: given.rating() for kind, given in self.ratings.items()},
            reason=self.reason,
            evidence=tuple(self.evidence),
            expires_on=self.expires_on,
        )


class ReasonGiven(BaseModel):
    """Why an assessment is withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "wrong customer"}})

    reason: Text


_GIVES: Final = gives(JSON, "How the model and the experts stand, the newest first", example=_SHOWN)


@router.get("", dependencies=[needs("risk:read")], responses=_GIVES)
def view(service: Node, actor: Acting, subject: About) -> dict[str, Any]:
    """Return all that experts have said of a subject, and whose grade is in force: the model's or theirs."""
    return service.own.experts.view(actor, subject).describe()


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("risk:write")],
    responses=gives(JSON, "How things stand now", status=201, example=_SHOWN) | refusals(409, 413),
)
async def assess(
    given: OpinionGiven, service: Node, actor: Acting, subject: About, once: OnceOnly
) -> Response:
    """Assess a customer. A better grade than the model's, or than is in force, waits for a second person."""

    async def make(assessment_id: str) -> Response:
        opinions = await asyncio.to_thread(
            service.own.experts.assess, actor, subject, given.opinion(), assessment_id=assessment_id
        )
        return JSONResponse(opinions.describe(), HTTPStatus.CREATED)

    return await once.answer(make)


@router.post(
    "/{assessment_id}/confirm",
    dependencies=[needs("risk:approve")],
    responses=_GIVES | refusals(409),
)
def confirm(service: Node, actor: Acting, subject: About, assessment_id: AssessmentId) -> dict[str, Any]:
    """Confirm, as a second person, what waits."""
    return service.own.experts.confirm(actor, subject, assessment_id).describe()


@router.post(
    "/{assessment_id}/withdraw",
    dependencies=[needs("risk:write")],
    responses=_GIVES | refusals(409, 413),
)
def withdraw(
    given: ReasonGiven, service: Node, actor: Acting, subject: About, assessment_id: AssessmentId
) -> dict[str, Any]:
    """Take an assessment back; one that lowers the grade takes a second person, who may confirm."""
    return service.own.experts.withdraw(actor, subject, assessment_id, given.reason).describe()
