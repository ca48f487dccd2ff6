"""Reviews as an iCalendar file (RFC 5545), for calendar programs.

Calendars leave the firm: most are kept by somebody else. So an entry names a customer by the firm's own
number and says no more than that a review is due. Grade, exposure and subject id stay at home, the last one
unless the firm has no number for it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from hanse_ledger.ids import PartyId
from node.risk.reviews.due import Due
from node.texts import mark, tr

_PRODUCT: Final = "-//Hanse//Reviews//EN"
_REFRESH: Final = timedelta(hours=12)
_UID_CHARS: Final = 32
NAME: Final = mark("Customers to review")


def calendar_of(party: PartyId, due: Sequence[Due], *, made_at: datetime) -> bytes:
    """Return reviews as whole-day entries on the days they are due, overdue ones too."""
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", tr(NAME))
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    for one in due:
        calendar.add_component(_event(party, one, made_at))
    return bytes(calendar.to_ical())


def _event(party: PartyId, one: Due, made_at: datetime) -> Event:
    customer = ", ".join(one.customers) or str(one.subject)
    event = Event()
    event.add("uid", f"{_uid(party, customer)}@{party}")
    event.add("dtstamp", made_at)
    event.add("dtstart", one.due_on)
    event.add("dtend", one.due_on + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    event.add("summary", tr("Review customer {customer}", customer=customer))
    return event


def _uid(party: PartyId, customer: str) -> str:
    """Return what programs know a customer's entry by when it moves; it tells no more than the entry."""
    return hashlib.sha256(f"{party} {customer}".encode()).hexdigest()[:_UID_CHARS]
