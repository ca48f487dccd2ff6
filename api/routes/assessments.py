"""`/v1/subjects/{subject}/assessment`, `/v1/matrix`: what the policy makes of what is known of customers."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.about import About
from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, gives, refusals
from node.risk.local import describe_entry

router: Final = APIRouter(prefix="/v1", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))

_FIGURES_MOST: Final = 8


class LocalEntered(BaseModel):
    """What a person enters of a customer: figures of a statement (`altman`), or an outlook (`industry`).

    `content` of `altman` is `model` (`z1` or `z2`) and the figures as decimal texts; of `industry`,
    `outlook`.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "kind": "industry",
                "content": {"outlook": -1},
                "as_of": "2026-09-30",
                "expires_on": "2027-03-31",
            }
        },
    )

    kind: Literal["altman", "industry"]
    content: Annotated[dict[str, Annotated[str, Field(max_length=24)] | int], Field(max_length=_FIGURES_MOST)]
    as_of: date
    expires_on: date


@router.get(
    "/subjects/{subject}/assessment",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The policy's version, and the assessment"),
)
def assessment(service: Node, actor: Acting, subject: About) -> dict[str, Any]:
    """Assess a subject, customer or not, by the policy in force; the look goes into the audit chain.

    The score with the points of each reason, which make it exactly, the probability and the expert's grade
    stand side by side; `in_force` says whose grade counts.
    """
    return service.own.risk.assess(actor, subject).describe_one()


@router.post(
    "/subjects/{subject}/assessment",
    dependencies=[needs("risk:write")],
    responses=gives(JSON, "The policy's version, the assessment, and the ids of new responses"),
)
def respond(service: Node, actor: Acting, subject: About) -> dict[str, Any]:
    """Assess a subject, and propose its response where the last one was another; again adds nothing."""
    return service.own.risk.assess(actor, subject, respond=True).describe_one()


@router.get(
    "/matrix",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The cells of the policy's matrix, and where each customer stands"),
)
def matrix(service: Node, actor: Acting) -> dict[str, Any]:
    """Return the matrix, from the highest likelihood down, with all customers and risks of their registers.

    A class that is unknown is null.
    """
    own = service.own
    run = own.risk.assess_all(actor, respond=False)
    return run.describe_matrix(own.register.live())


@router.get("/subjects/{subject}/local", dependencies=[needs("risk:read")])
def entries(service: Node, actor: Acting, subject: About) -> list[dict[str, Any]]:
    """List what people have entered about a subject, the newest first, with what has expired."""
    return [describe_entry(entry) for entry in service.own.local.listed(actor, subject)]


@router.post("/subjects/{subject}/local", dependencies=[needs("risk:write")], responses=refusals(413))
def enter(entered: LocalEntered, service: Node, actor: Acting, subject: About) -> dict[str, Any]:
    """Enter figures of a statement or the outlook of an industry; the newest that has not expired counts."""
    entry = service.own.local.enter(
        actor,
        subject,
        entered.kind,
        entered.content,
        as_of=entered.as_of,
        expires_on=entered.expires_on,
    )
    return describe_entry(entry)
