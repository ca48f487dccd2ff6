"""A firm that watches its customers: a member of a `Bench` with its own people's side in the same thread."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from support_node import Bench, invoice, reading

from hanse_ledger.ids import Month, PartyId, month_end
from hanse_ledger.rows import Invoice
from node.bootstrap import Surroundings
from node.own.inline import InlineDoor
from node.own.service import OwnService
from node.own.stepper import work_off
from node.risk.policy import default_raw
from node.risk.roles import Actor
from node.storage.database import Database, Moment, Probe

ANALYST = Actor(name="Ana", role="analyst")
APPROVER = Actor(name="Ben", role="approver")
ADMIN = Actor(name="Ada", role="admin")


class Firm:
    """One member of a bench, with people; without `is_new` they are there."""

    def __init__(self, bench: Bench, *, party: PartyId | None = None, is_new: bool = True) -> None:
        self.bench, self.party = bench, party or bench.members[0]
        self.probe: Probe = lambda _moment: None
        self.own = self._open()
        if is_new:
            self._add_people()

    def _add_people(self) -> None:
        self.own.people.begin(ADMIN.name)
        for person in (ANALYST, APPROVER):
            self.own.people.add(ADMIN, person.name, person.role)

    def close(self) -> None:
        self._database.close()

    def adopt(self, monitoring: str) -> None:
        """Put a policy in force: the default one, with other words on monitoring."""
        raw = default_raw().decode()
        kept = raw[: raw.index("# Who is watched beside")]
        self.own.policy.adopt(APPROVER, (kept + monitoring).encode(), note="test")

    def work_off(self) -> None:
        work_off(self.own)

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts, the oldest first."""
        return [one for _, one in reversed(self.own.alerts.listed(ANALYST, limit=500))]

    def raised(self) -> list[tuple[str, str, float | None, float | None]]:
        return [(one["rule"], one["subject"], one["before"], one["after"]) for one in self.alerts()]

    def _open(self) -> OwnService:
        party, places = self.party, self.bench.places
        member = self.bench.member(party)
        place = self.bench.folder / f"{party}.sqlite" if places is None else places(party)

        def probe(moment: Moment) -> None:
            self.probe(moment)

        self._database = Database(place, probe=probe)
        return OwnService(
            database=self._database,
            party=party,
            consortium=lambda: member.standing.in_force,
            door=InlineDoor(member),
            around=Surroundings(clock=self.bench.clock, entropy=self.bench.entropy),
        )


def month_days(month: Month) -> tuple[str, str]:
    """An invoice date and a due date within a month."""
    end = month_end(month)
    return end.replace(day=1).isoformat(), (end.replace(day=1) + timedelta(days=9)).isoformat()


def late_book(month: Month, *, customer: str = "K1", paid_after: int | None) -> Mapping[str, list[Invoice]]:
    """A book with one invoice of a month, paid some days after it was due, or open."""
    invoiced, due = month_days(month)
    due_day = month_end(month).replace(day=10)
    paid = None if paid_after is None else (due_day + timedelta(days=paid_after)).isoformat()
    return {customer: [invoice(f"{month}", invoiced, due, paid=paid)]}


def import_everywhere(bench: Bench, month: Month, *, customer: str = "K1", paid_after: int | None) -> None:
    """Let every member import the same book as of the month's end."""
    book = reading(late_book(month, customer=customer, paid_after=paid_after))
    for number, party in enumerate(bench.members):
        digest = f"{month}{customer}{number}".encode().ljust(32, b"0")[:32]
        bench.member(party).import_book(book, sha256=digest, as_of=month_end(month))
