"""`/v1/reviews` and `/v1/subjects/{subject}/reviews`: what is due, what was done, and a calendar of it."""

import asyncio
from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.about import About
from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute
from api.described import OWN, gives, refusals
from api.feeding import FEED, needs_feed
from api.languages import Lang, language_of
from api.once import OnceOnly
from api.paging import Listed, NumberPage, cut
from node.risk.reviews.service import LOOKED_AT_MOST, TEXT_CHARS_MOST, Done
from node.texts import spoken

router: Final = APIRouter(prefix="/v1", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))

Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MOST)]
_CALENDAR: Final = "text/calendar"
_PATH: Final = "/v1/reviews/calendar.ics"
_DONE: Final[dict[str, Any]] = {
    "looked_at": ["risk report", "accounts of 2025"],
    "decision": "keep the limit",
    "next_on": "2026-12-01",
}
_SHOWN: Final = {
    "id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
    "subject": "lei:5493001KJTIIGC8Y1R12",
    "at": "2026-10-01T08:00:00+00:00",
    "by": "Li Na",
    "role": "analyst",
    "grade": "C",
    **_DONE,
}
_DUE: Final = {
    "subject": "lei:5493001KJTIIGC8Y1R12",
    "customers": ["4711"],
    "grade": "C",
    "impact": 3,
    "exposure_minor": 120_000,
    "reviewed_on": "2026-04-01",
    "due_on": "2026-10-01",
    "state": "overdue",
}


class ReviewDone(BaseModel):
    """What was looked at and decided. Without `next_on` the policy's calendar sets the next one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _DONE})

    looked_at: Annotated[Sequence[Text], Field(min_length=1, max_length=LOOKED_AT_MOST)]
    decision: Text
    next_on: date | None = None

    def done(self) -> Done:
        """Return the review."""
        return Done(looked_at=tuple(self.looked_at), decision=self.decision, next_on=self.next_on)


class FeedMade(BaseModel):
    """The address of a calendar, shown this once; whoever has it reads which customers are to be reviewed."""

    path: str
    key_id: str


@router.get(
    "/reviews",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "A page of reviews", example={"items": [_DUE], "next": None}),
)
def due(
    *,
    service: Node,
    actor: Acting,
    page: NumberPage,
    everybody: Annotated[bool, Query(alias="all", description="Those that are due later, too.")] = False,
) -> Listed[dict[str, Any]]:
    """List the reviews that are overdue or due within a month, the most urgent first."""
    reviews = service.own.reviews
    found = reviews.due(actor, is_all=everybody)
    return cut(page, found).map(lambda one: one.describe(reviews.today))


@router.get(
    _PATH.removeprefix("/v1"),
    dependencies=[needs_feed()],
    response_class=Response,
    responses=gives(_CALENDAR, "An iCalendar file (RFC 5545)"),
)
def calendar(request: Request, service: Node, actor: Acting, lang: Lang = None) -> Response:
    """Give every customer's next review to a calendar program, by the firm's own numbers of them."""
    content = spoken(language_of(request, lang), lambda: service.own.calendar(actor))
    return Response(content, media_type=_CALENDAR, headers={"Cache-Control": "private, no-store"})


@router.post(
    "/reviews/calendar",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("reviews:write")],
    responses=refusals(409),
)
def new_feed(request: Request, service: Node, actor: Acting) -> FeedMade:
    """Make an address for a person's own calendar program; `DELETE /v1/api-keys/{key_id}` ends it.

    The caller's key needs `reviews:feed` too: no key gives what it has not. Takes no `Idempotency-Key`: that
    would need a stored copy of the address.
    """
    request.state.key.allow(FEED)
    made = service.own.new_feed(actor)
    return FeedMade(path=f"{_PATH}?key={made.secret}", key_id=made.key.id)


@router.get(
    "/subjects/{subject}/reviews",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The reviews", example=[_SHOWN]),
)
def reviews_of(service: Node, actor: Acting, subject: About) -> list[dict[str, Any]]:
    """List a customer's reviews, the newest first."""
    return [one.describe() for one in service.own.reviews.of(actor, subject)]


@router.post(
    "/subjects/{subject}/reviews",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("reviews:write")],
    responses=gives(JSON, "The review", status=201, example=_SHOWN) | refusals(409, 413),
)
async def record(done: ReviewDone, service: Node, actor: Acting, subject: About, once: OnceOnly) -> Response:
    """Write down a review and set the next one, no later than the policy's calendar has it."""

    async def make(review_id: str) -> Response:
        made = await asyncio.to_thread(
            service.own.reviews.record, actor, subject, done.done(), review_id=review_id
        )
        return JSONResponse(made.describe(), HTTPStatus.CREATED)

    return await once.answer(make)
