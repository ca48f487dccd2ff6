"""`/v1/model`: the fitted model in force, with its card."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from node.risk.roles import require

router: Final = APIRouter(prefix="/v1/model", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))

Version: TypeAlias = Annotated[
    int | None, Query(ge=1, lt=2**53, description="An earlier version; the one in force without it.")
]


class FigureShown(BaseModel):
    """A figure with its 95% interval."""

    value: float
    interval: tuple[float, float]


class GroupShown(BaseModel):
    """Cases that were given about the same probability, and what became of them."""

    cases: int
    predicted: float
    observed: float


class TestedShown(BaseModel):
    """The later days that models were tested on."""

    days: Sequence[date]
    cases: int
    late_cases: int
    late_customers: int


class ModelShown(BaseModel):
    """A model card, and the coefficients."""

    version: int
    fitted_at: datetime
    fitted_by: str
    state: Literal["ready", "too_few", "no_skill"]
    late_days: int
    horizon_months: int
    missing: Mapping[str, int]
    days: tuple[date, date] | None
    cases: int
    late_cases: int
    customers: int
    late_customers: int
    tested: TestedShown
    figures: Mapping[str, FigureShown]
    reliability: Sequence[GroupShown]
    known: Mapping[str, float]
    library: str
    model: Mapping[str, Any] | None


@router.get("", dependencies=[needs("risk:read")], responses=refusals(404))
def model(service: Node, actor: Acting, version: Version = None) -> ModelShown:
    """Return a model's card; 404 before any was fitted."""
    require(actor, "model.view")
    return ModelShown.model_validate(service.own.models.one(version).describe())
