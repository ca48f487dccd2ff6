"""`/v1/alerts`: what monitoring has found, and what people do with it."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.acting import Acting
from api.auth import needs
from api.deps import Node, OwnRoute
from api.described import OWN, refusals
from api.paging import Listed, NumberPage
from hanse_ledger.ids import SubjectId
from node.risk.alerting import Act, State
from node.risk.alerts import Outcome, Which
from node.risk.people import NAME_CHARS_MOST
from node.risk.policy.watching import Severity
from node.risk.typed import CHARS_MOST

router: Final = APIRouter(
    prefix="/v1/alerts", tags=["alerts"], route_class=OwnRoute, responses=refusals(*OWN)
)

AlertId: TypeAlias = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=CHARS_MOST)]


class Assigned(BaseModel):
    """To whom an alert goes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"to": "Li Na"}})

    to: Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MOST)]


class Snoozed(BaseModel):
    """Until when an alert rests, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"until": "2026-12-01T08:00:00Z", "reason": "Payment is announced."}},
    )

    until: AwareDatetime
    reason: Text


class Commented(BaseModel):
    """A comment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"text": "Spoke with them."}})

    text: Text


class Closed(BaseModel):
    """What came of an alert."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"outcome": "acted", "text": "Limit lowered."}}
    )

    outcome: Outcome
    text: Text


class Step(BaseModel):
    """One thing that was done with an alert; what it says besides depends on the action."""

    model_config = ConfigDict(extra="allow")

    at: datetime
    person: str
    action: Act


class AlertListed(BaseModel):
    """An alert. `before` and `after` are the figure then and now, null where it was not known."""

    id: str
    rule: str
    signal: str | None
    subject: str | None
    severity: Severity
    state: State
    raised_at: datetime
    before: float | None
    after: float | None
    reason: dict[str, str]
    assignee: str | None
    snoozed_until: datetime | None
    outcome: Outcome | None
    closed_at: datetime | None


class AlertShown(AlertListed):
    """An alert with all that was done with it."""

    steps: list[Step]


@router.get("", dependencies=[needs("risk:read")])
def alerts(
    *,
    service: Node,
    actor: Acting,
    page: NumberPage,
    state: State | None = None,
    severity: Severity | None = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    assignee: Annotated[str | None, Query(max_length=NAME_CHARS_MOST)] = None,
) -> Listed[AlertListed]:
    """List alerts, the newest first: all, or those of a state, severity, subject or assignee."""
    of = None if subject is None else SubjectId(subject)
    which = Which(state=state, severity=severity, subject=of, assignee=assignee)
    found = service.own.alerts.listed(actor, which, before=page.after, limit=page.limit + 1)
    return page.of(found, lambda one: one[0]).map(lambda one: AlertListed(**one[1]))


@router.get("/{alert_id}", dependencies=[needs("risk:read")])
def alert(service: Node, actor: Acting, alert_id: AlertId) -> AlertShown:
    """Return an alert with its steps; the look is in the audit chain."""
    return _shown(service.own.alerts.one(actor, alert_id))


@router.post("/{alert_id}/acknowledge", dependencies=[needs("alerts:write")], responses=refusals(409))
def acknowledge(service: Node, actor: Acting, alert_id: AlertId) -> AlertShown:
    """Say that somebody has seen it and takes care of it; again changes nothing."""
    return _shown(service.own.alerts.acknowledge(actor, alert_id))


@router.post("/{alert_id}/assign", dependencies=[needs("alerts:write")], responses=refusals(409, 413))
def assign(asked: Assigned, service: Node, actor: Acting, alert_id: AlertId) -> AlertShown:
    """Give it to a person whose role lets it work on alerts."""
    return _shown(service.own.alerts.assign(actor, alert_id, to=asked.to))


@router.post("/{alert_id}/snooze", dependencies=[needs("alerts:write")], responses=refusals(409, 413))
def snooze(asked: Snoozed, service: Node, actor: Acting, alert_id: AlertId) -> AlertShown:
    """Let it rest until a time; then it is open again, and told anew."""
    return _shown(service.own.alerts.snooze(actor, alert_id, until=asked.until, reason=asked.reason))


@router.post("/{alert_id}/comment", dependencies=[needs("alerts:write")], responses=refusals(413))
def comment(asked: Commented, service: Node, actor: Acting, alert_id: AlertId) -> AlertShown:
    """Add a comment, to a closed one too."""
    return _shown(service.own.alerts.comment(actor, alert_id, text=asked.text))


@router.post("/{alert_id}/close", dependencies=[needs("alerts:write")], responses=refusals(409, 413))
def close(asked: Closed, service: Node, actor: Acting, alert_id: AlertId) -> AlertShown:
    """End it with what came of it; the rule's next turn raises another."""
    return _shown(service.own.alerts.close(actor, alert_id, outcome=asked.outcome, text=asked.text))


def _shown(content: dict[str, Any]) -> AlertShown:
    return AlertShown(**content)
