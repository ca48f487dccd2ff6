"""`/v1/subjects/{subject}/signals`: what is known of a subject, how old it is, or why it is not known."""

from datetime import date
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from hanse_ledger.subjects import parse_subject
from node.risk.signals.names import SignalName, Source, Unit, Unknown

router: Final = APIRouter(
    prefix="/v1/subjects", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN)
)

SubjectText: TypeAlias = Annotated[str, Path(min_length=1, max_length=200)]


class SignalShown(BaseModel):
    """One figure, or why it is not known: then `value` is null. Unknown is never zero."""

    name: SignalName
    title: str
    value: float | None
    interval: Annotated[
        list[float | None] | None, Field(description="What the figure lies between; null for an open end.")
    ]
    unit: Unit
    months: Annotated[list[str] | None, Field(description="First and last month it was computed from.")]
    coverage: Annotated[
        str | None, Field(description="The band of firms, or the number of invoices, behind it.")
    ]
    age_months: int | None
    unknown: Unknown | None
    formula: str
    source: Source


class SignalsShown(BaseModel):
    """All signals of a subject, of the closed catalogue, in its order."""

    subject: str
    as_of: date
    book_day: Annotated[date | None, Field(description="The day of the last import.")]
    contributors_min: int
    signals: list[SignalShown]


@router.get("/{subject}/signals", dependencies=[needs("risk:read")])
def signals(service: Node, actor: Acting, subject: SubjectText) -> SignalsShown:
    """Return the signals of a subject, customer or not; the look goes into the audit chain.

    Nobody is asked: they follow from the newest checked answer, the firm's own book, and public facts.
    """
    return SignalsShown.model_validate(service.own.signals.view(actor, parse_subject(subject).id))
