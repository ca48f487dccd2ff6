"""`/v1/plans`: emergency plans, from templates of the policy, and drills."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, refusals
from api.once import OnceOnly
from api.paging import Listed, NumberPage
from node.risk.planning import PlanState
from node.risk.roles import Role
from node.risk.typed import CHARS_MOST

router: Final = APIRouter(prefix="/v1/plans", tags=["plans"], route_class=OwnRoute, responses=refusals(*OWN))

PlanId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=CHARS_MOST)]
_TEMPLATE: Final = "insolvency"


class PlanAsked(BaseModel):
    """A plan to be opened: about a subject, for an alert, or about neither; a drill is never for an alert."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"template": _TEMPLATE, "drill": True}}
    )

    template: Annotated[str, Field(min_length=1, max_length=63)]
    subject: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    alert: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = None
    drill: bool = False


class Ticked(BaseModel):
    """What was done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "Goods are held."}})

    note: Text


class PlanClosed(BaseModel):
    """How it ended."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"summary": "Claim filed."}})

    summary: Text


class WordsShown(BaseModel):
    """A text of the firm's own in both languages."""

    en: str
    zh: str


class ContactShown(BaseModel):
    """Whom to reach outside."""

    name: str
    reach: str


class TemplateStepShown(BaseModel):
    """What is to be done, by whom, within how many hours."""

    text: WordsShown
    owner: Role
    within_hours: int


class TemplateShown(BaseModel):
    """A plan as it is kept ready."""

    id: str
    title: WordsShown
    trigger: WordsShown
    steps: list[TemplateStepShown]
    resources: list[str]
    contacts: list[ContactShown]


class StepShown(BaseModel):
    """One step of a plan. `late` once its time has passed without a tick, or where the tick came late."""

    number: int
    text: WordsShown
    owner: Role
    due_at: datetime
    done_at: datetime | None
    done_by: str | None
    note: str | None
    late: bool


class ReportShown(BaseModel):
    """The closing report. `late` and `left` are numbers of steps."""

    summary: str
    closed_by: str
    took_hours: float
    done: int
    late: list[int]
    left: list[int]


class PlanListed(BaseModel):
    """A plan as it is listed."""

    id: str
    template: str
    title: WordsShown
    subject: str | None
    alert: str | None
    drill: bool
    state: PlanState
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None


class PlanShown(PlanListed):
    """A plan with its steps, and its report once it is closed."""

    trigger: WordsShown
    resources: list[str]
    contacts: list[ContactShown]
    steps: list[StepShown]
    report: ReportShown | None


@router.get("/templates", dependencies=[needs("risk:read")])
def templates(service: Node, actor: Acting) -> list[TemplateShown]:
    """Return the templates of the policy in force."""
    return [TemplateShown(**one) for one in service.own.plans.templates(actor)]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("plans:write")],
    response_model=PlanShown,
    responses=refusals(409, 413),
)
async def open_plan(asked: PlanAsked, service: Node, actor: Acting, once: OnceOnly) -> Response:
    """Open a plan by hand, or drill one; an alert has one plan, and gets it back when asked again."""

    async def make(plan_id: str) -> Response:
        made = await asyncio.to_thread(
            service.own.plans.open,
            actor,
            asked.template,
            plan_id=plan_id,
            subject=asked.subject,
            alert=asked.alert,
            drill=asked.drill,
        )
        return Response(_shown(made).model_dump_json(), HTTPStatus.CREATED, media_type=JSON)

    return await once.answer(make)


@router.get("", dependencies=[needs("risk:read")])
def plans(
    service: Node, actor: Acting, page: NumberPage, state: PlanState | None = None
) -> Listed[PlanListed]:
    """List plans, the newest first, drills among them."""
    found = service.own.plans.listed(actor, state=state, before=page.after, limit=page.limit + 1)
    return page.of(found, lambda one: one[0]).map(lambda one: PlanListed(**one[1]))


@router.get("/{plan_id}", dependencies=[needs("risk:read")])
def plan(service: Node, actor: Acting, plan_id: PlanId) -> PlanShown:
    """Return a plan with its steps."""
    return _shown(service.own.plans.one(actor, plan_id))


@router.post(
    "/{plan_id}/steps/{number}/tick", dependencies=[needs("plans:write")], responses=refusals(409, 413)
)
def tick(
    asked: Ticked,
    service: Node,
    actor: Acting,
    plan_id: PlanId,
    number: Annotated[int, Path(ge=1, le=50)],
) -> PlanShown:
    """Say that a step is done; name and time are kept. Again changes nothing."""
    return _shown(service.own.plans.tick(actor, plan_id, number, note=asked.note))


@router.post("/{plan_id}/close", dependencies=[needs("plans:write")], responses=refusals(409, 413))
def close(asked: PlanClosed, service: Node, actor: Acting, plan_id: PlanId) -> PlanShown:
    """End a plan with a report: who did how much in what time, what was late, what was left."""
    return _shown(service.own.plans.close(actor, plan_id, summary=asked.summary))


def _shown(content: dict[str, Any]) -> PlanShown:
    return PlanShown(**content)
