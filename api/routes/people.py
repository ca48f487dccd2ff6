"""`/v1/people`: who may act in risk management, and in which role."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from api.paging import Listed, TextPage
from node.risk.people import NAME_CHARS_MOST, Person
from node.risk.roles import Role

router: Final = APIRouter(
    prefix="/v1/people", tags=["people"], route_class=OwnRoute, responses=refusals(*OWN)
)

Name: TypeAlias = Annotated[str, Path(min_length=1, max_length=NAME_CHARS_MOST)]
PersonRole: TypeAlias = Literal["analyst", "approver", "compliance", "admin", "auditor"]


class RoleGiven(BaseModel):
    """A role for a person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"role": "approver"}})

    role: PersonRole


class PersonAdded(RoleGiven):
    """A person to be added."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Li Na", "role": "analyst"}})

    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MOST)]


class PersonShown(BaseModel):
    """Somebody who may act, or who has retired."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    role: Role
    added_at: datetime
    retired_at: datetime | None


@router.get("", dependencies=[needs("people:admin")])
def people(service: Node, actor: Acting, page: TextPage) -> Listed[PersonShown]:
    """List people in the order of their names."""
    found = service.own.people.listed(actor, after=page.after, limit=page.limit + 1)
    return page.of([_shown(one) for one in found], lambda one: one.name)


@router.post(
    "", status_code=HTTPStatus.CREATED, dependencies=[needs("people:admin")], responses=refusals(409, 413)
)
def add(added: PersonAdded, service: Node, actor: Acting) -> PersonShown:
    """Add a person; a name that is or was somebody's is refused."""
    return _shown(service.own.people.add(actor, added.name, added.role))


@router.put("/{name}/role", dependencies=[needs("people:admin")], responses=refusals(409, 413))
def change(given: RoleGiven, service: Node, actor: Acting, name: Name) -> PersonShown:
    """Give a person another role; nobody changes their own."""
    return _shown(service.own.people.change_role(actor, name, given.role))


@router.delete("/{name}", dependencies=[needs("people:admin")], responses=refusals(409))
def retire(service: Node, actor: Acting, name: Name) -> PersonShown:
    """Let a person act no more, and revoke the API keys that are bound to it; the name stays taken."""
    return _shown(service.own.people.retire(actor, name))


def _shown(one: Person) -> PersonShown:
    return PersonShown.model_validate(one)
