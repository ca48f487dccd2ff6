"""`/v1/api-keys`: the keys of the party's own people and systems."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from api.acting import acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from api.paging import Listed, TextPage
from node.own.api_keys import ApiKey, NewKey
from node.own.scopes import SCOPES, Scope

router: Final = APIRouter(
    prefix="/v1/api-keys", tags=["api keys"], route_class=OwnRoute, responses=refusals(*OWN)
)

_DAYS_MOST: Final = 3_650


class KeyAsked(BaseModel):
    """A key to be made. Without `expires_in_days` it lives until it is revoked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "erp", "scopes": ["imports:write"], "expires_in_days": 365}},
    )

    name: Annotated[str, Field(min_length=1, max_length=64)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    expires_in_days: Annotated[int, Field(ge=1, le=_DAYS_MOST)] | None = None
    person: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Who acts with the key where a role is needed. Only an admin binds a key to a person."""


class KeyShown(BaseModel):
    """What may be shown of a key."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    scopes: list[str]
    person: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyShown":
        """Return a key as it is shown."""
        return cls.model_validate(key)


class KeyMade(KeyShown):
    """A key that was just made, with the only copy of it that is ever shown."""

    key: str

    @classmethod
    def made(cls, made: NewKey) -> "KeyMade":
        """Return a new key as it is shown once."""
        return cls(key=made.secret, **KeyShown.of(made.key).model_dump())


@router.get("", dependencies=[needs("keys:admin")])
def keys(service: Node, page: TextPage) -> Listed[KeyShown]:
    """List the keys, those that no longer open anything too; never the keys themselves."""
    found = service.own.keys.listed(after=page.after, limit=page.limit + 1)
    return page.of([KeyShown.of(key) for key in found], lambda key: key.id)


@router.post("", status_code=HTTPStatus.CREATED, responses=refusals(409, 413))
def new_key(
    request: Request, asked: KeyAsked, service: Node, caller: Annotated[ApiKey, needs("keys:admin")]
) -> KeyMade:
    """Make a key and show it this once. It gets no scope that the caller's own key has not.

    Takes no `Idempotency-Key`: that would need a stored copy of the key. What got lost on its way is revoked.
    """
    for scope in asked.scopes:
        caller.allow(scope)
    days = asked.expires_in_days
    expires_at = None if days is None else service.own.clock.now() + timedelta(days=days)
    binding = None
    if asked.person is not None:
        binding = service.own.people.bind(asked.person, actor=acting(request, service))
    made = service.own.keys.new(name=asked.name, scopes=asked.scopes, expires_at=expires_at, binding=binding)
    return KeyMade.made(made)


@router.delete("/{key_id}", dependencies=[needs("keys:admin")])
def revoke_key(service: Node, key_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")]) -> KeyShown:
    """Revoke a key for good; again changes nothing."""
    return KeyShown.of(service.own.keys.revoke(key_id))
