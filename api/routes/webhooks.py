"""`/v1/webhooks`: how deliveries by webhook and e-mail stand. Where they go, the settings alone say."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from api.paging import Listed, NumberPage

router: Final = APIRouter(
    prefix="/v1/webhooks", tags=["webhooks"], route_class=OwnRoute, responses=refusals(*OWN)
)

_PATTERN: Final = "^(mail|webhook):[a-z0-9-]{1,63}$"
ChannelName: TypeAlias = Annotated[str, Path(pattern=_PATTERN)]


class ChannelShown(BaseModel):
    """One way out, `webhook:` or `mail:` and its name. `waiting` are notices that it has not looked at."""

    name: str
    waiting: int
    attempts: int
    next_at: datetime | None


class AttemptShown(BaseModel):
    """One attempt. `notice` is the id that the receiver sees; null outcome while it is being made."""

    number: int
    channel: str
    notice: str
    kind: str
    attempt: int
    begun_at: datetime
    ended_at: datetime | None
    outcome: Literal["sent", "failed", "refused", "given up", "unknown"] | None
    detail: str | None


@router.get("", dependencies=[needs("risk:read")])
def channels(service: Node, actor: Acting) -> list[ChannelShown]:
    """Return every channel that there is or was, and how it stands."""
    return [ChannelShown(**one) for one in service.own.deliveries.channels(actor)]


@router.get("/deliveries", dependencies=[needs("risk:read")])
def deliveries(
    service: Node,
    actor: Acting,
    page: NumberPage,
    channel: Annotated[str | None, Query(pattern=_PATTERN)] = None,
) -> Listed[AttemptShown]:
    """List the attempts, the newest first."""
    found = service.own.deliveries.listed(actor, channel=channel, before=page.after, limit=page.limit + 1)
    return page.of([AttemptShown(**one) for one in found], lambda one: one.number)


@router.post("/{channel}/retry", status_code=HTTPStatus.NO_CONTENT, dependencies=[needs("alerts:write")])
def retry(service: Node, actor: Acting, channel: ChannelName) -> None:
    """Let a channel that waits after a failure try again now."""
    service.own.deliveries.retry(actor, channel)
