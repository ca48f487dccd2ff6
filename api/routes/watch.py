"""`/v1/watch`: the subjects that monitoring looks at, and why."""

from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from api.paging import Listed, PairPage
from node.risk.monitoring.watchlist import Entry
from node.risk.typed import CHARS_MOST

router: Final = APIRouter(prefix="/v1/watch", tags=["watch"], route_class=OwnRoute, responses=refusals(*OWN))

SubjectPath: TypeAlias = Annotated[str, Path(min_length=1, max_length=200)]


class Watched(BaseModel):
    """Why a subject is watched."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "Asked for longer terms twice."}}
    )

    reason: Annotated[str, Field(min_length=1, max_length=CHARS_MOST)]


class EntryShown(BaseModel):
    """One reason why a subject is watched. `source` is `hand`, `balance`, or `rule:` and a rule's id."""

    subject: str
    source: str
    reason: str
    person: str
    at: str


@router.get("", dependencies=[needs("risk:read")])
def watched(service: Node, actor: Acting, page: PairPage) -> Listed[EntryShown]:
    """List who is watched and why, in the order of subjects; one may be there for several reasons."""
    found = service.own.watch.listed(actor, after=page.after, limit=page.limit + 1)
    return page.of([_shown(one) for one in found], lambda one: (one.subject, one.source))


@router.put("/{subject}", dependencies=[needs("watch:write")], responses=refusals(413))
def watch(asked: Watched, service: Node, actor: Acting, subject: SubjectPath) -> EntryShown:
    """Put a subject on the list by hand; again replaces the reason."""
    return _shown(service.own.watch.add(actor, subject, reason=asked.reason))


@router.delete("/{subject}", status_code=HTTPStatus.NO_CONTENT, dependencies=[needs("watch:write")])
def unwatch(service: Node, actor: Acting, subject: SubjectPath) -> None:
    """Take off the list what a person put there; rules and balances keep whom they keep."""
    service.own.watch.remove(actor, subject)


def _shown(entry: Entry) -> EntryShown:
    return EntryShown(**entry.describe())
