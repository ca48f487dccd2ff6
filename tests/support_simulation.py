"""An embedded consortium in one thread, under a seeded scheduler, whose nodes can be killed at any write.

`World` holds what outlives a crash: the folder, the clock, the streams of chance and what the members' books
say. Everything else is dropped with the nodes and comes back from the folder.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import rfc8785
from sqlalchemy import select
from support_clear import Bill, csv_of
from support_faults import Faults, Killed, Plan, WriteFailedError, no_fault
from support_inline import InlineHost

from consortium_config.founding import assemble_genesis, sign_document
from consortium_config.sample import STEWARDS, DemoConsortium, demo_document
from hanse_ledger.codec import encode
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import Month, PartyId, SubjectId, month_end
from hanse_ledger.signing import SigningKey
from node.bootstrap import Embedded, Surroundings, found
from node.member import MemberNode
from node.receivables.read import read_receivables
from node.receivables.subjectmap import demo_subject
from node.roles.inquirer import Outcome
from node.storage.bulletin_schema import bulletin_item
from node.storage.bulletins import queue_warning
from node.wire import reply_of

CURRENCY: Final = "EUR"
PURPOSE: Final = "credit-review"
_ROUNDS_MOST: Final = 60


class StillClock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.time

    def after(self, month: int) -> None:
        """Set the day after a month's last one."""
        self.time = datetime.combine(month_end(Month(month)) + timedelta(days=1), time(9), UTC)


class World:
    """One consortium in a folder, driven to the end of `last` whatever happens to its nodes on the way."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        books: Mapping[str, Sequence[Bill]],
        first: int,
        last: int,
        plan: Plan = no_fault,
        survives: bool = False,
    ) -> None:
        self.folder, self.books, self.first, self.last = folder, books, first, last
        self.seed, self.rng, self._chance = seed, random.Random(seed), random.Random(f"chance {seed}")
        self.clock = StillClock(datetime(2020, 1, 1, tzinfo=UTC))
        self.faults, self.survives = Faults(plan), survives
        self.outcomes: dict[PartyId, list[Outcome]] = {}
        self.at_month: Callable[[int], None] = lambda _month: None
        self.warners: Mapping[PartyId, SubjectId] = {}
        """Members that warn of a subject, from the first month on."""
        self.open()

    def open(self) -> None:
        """Put all nodes together from the folder."""
        self.host = InlineHost(self.rng, survives=self.survives)
        self.imported: set[tuple[PartyId, int]] = set()
        around = Surroundings(clock=self.clock, entropy=self._chance.randbytes, probe_of=self.faults.probe_of)
        self.embedded = Embedded(self.folder, around, self.host)

    def close(self) -> None:
        """Drop all nodes as they are."""
        self.embedded.__exit__(None, None, None)

    def member(self, party: str) -> MemberNode:
        """Return a member's node."""
        return self.embedded.member(PartyId(party))

    @property
    def members(self) -> list[PartyId]:
        """The members' ids."""
        return [PartyId(member) for member in self.books]

    @property
    def subjects(self) -> list[SubjectId]:
        """Every subject on anyone's books."""
        return sorted({demo_subject(bill.customer).id for bills in self.books.values() for bill in bills})

    def survive(self, step: Callable[[], object]) -> bool:
        """Take a step; whatever dies in it is opened again. Returns whether the step came to its end."""
        try:
            step()
        except (UnavailableError, WriteFailedError):
            return False
        except Killed as death:
            if self.survives:
                self.drop_member(death.party)
            else:
                self.close()
                self.open()
            return False
        return True

    def drop_member(self, party: PartyId) -> None:
        """Drop one member's node; it is opened again when it is next needed."""
        node = self.embedded._members.pop(party, None)
        self.imported = {known for known in self.imported if known[0] != party}
        if node is not None:
            node.standing.database.close()

    def run(self) -> None:
        """Go on from wherever the folder stands to the end: every month reported and closed, all inquired."""
        while (month := self._log_month()) <= self.last:
            self.at_month(month)
            self.clock.after(month)
            # A run that starts here, from a copy of the folder, goes as this one does.
            self.rng.seed(f"{self.seed} {month}")
            self._chance.seed(f"chance {self.seed} {month}")
            for _ in range(_ROUNDS_MOST):
                if self._log_month() > month:
                    break
                self._round(month)
            else:
                raise AssertionError(f"month {month} does not come to its close")
        for _ in range(_ROUNDS_MOST):
            if self._all_is_said():
                break
            self._pass_period()
        else:
            raise AssertionError("a warning does not come into effect")
        for member in self.members[:2]:
            while not self.survive(lambda member=member: self._inquire(member)):  # type: ignore[misc]
                pass

    def _log_month(self) -> int:
        months: list[int] = []

        def look() -> None:
            standing = self.member(self.members[0]).standing
            standing.catch_up()
            months.append(standing.state.log_month)

        while not self.survive(look):
            pass
        return months[-1]

    def _round(self, month: int) -> None:
        steps: list[Callable[[], object]] = [self._pump] * (4 * len(STEWARDS))
        steps += [self._work(steward) for steward in self._stewards()]
        steps += [self._report(member, month) for member in self.members]
        steps += [self._speak(member) for member in self.members]
        self.rng.shuffle(steps)
        for step in steps:
            self.survive(step)
        counting: list[bool] = []
        self.survive(lambda: counting.append(all(self._counts(member, month) for member in self.members)))
        if counting == [True]:
            self._pass_period()
            closers = list(self._stewards())
            self.rng.shuffle(closers)
            for steward in closers:
                self.survive(self._close(steward, month))

    def _stewards(self) -> Iterable[PartyId]:
        return (party.id for party in self.embedded.consortium.stewards.values())

    def _pump(self) -> None:
        # Looked up at each step: a restart brings a new host.
        self.host.pump()

    def _work(self, steward: PartyId) -> Callable[[], object]:
        return lambda: reply_of(self.embedded.door(steward).post(steward, "work", b""))

    def _close(self, steward: PartyId, month: int) -> Callable[[], object]:
        return lambda: reply_of(self.embedded.door(steward).post(steward, "close", encode(month)))

    def _pass_period(self) -> None:
        """Let members send their bulletins and stewards close the period, as far as they survive it."""
        steps = [self._speak(member) for member in self.members]
        self.rng.shuffle(steps)
        for step in steps:
            self.survive(step)
        periods: list[int] = []
        self.survive(lambda: periods.append(self.member(self.members[0]).standing.state.next_period))
        closers = list(self._stewards()) if periods else []
        self.rng.shuffle(closers)
        for steward in closers:
            self.survive(self._close_period(steward, periods[0]))

    def _speak(self, member: PartyId) -> Callable[[], object]:
        def speak() -> None:
            node = self.member(member)
            firm = self.warners.get(member)
            if firm is not None and not self._items(member):
                with node.standing.database.write() as connection:
                    queue_warning(connection, firm, is_raised=True)
            node.send_bulletin(at_once=True)

        return speak

    def _items(self, member: PartyId) -> list[Any]:
        with self.member(member).standing.database.read() as connection:
            return list(connection.execute(select(bulletin_item)))

    def _all_is_said(self) -> bool:
        said: list[bool] = []
        self.survive(
            lambda: said.append(
                all(item.took_effect is not None for m in self.warners for item in self._items(m))
            )
        )
        return said == [True]

    def _close_period(self, steward: PartyId, period: int) -> Callable[[], object]:
        return lambda: reply_of(self.embedded.door(steward).post(steward, "close-period", encode(period)))

    def _report(self, member: PartyId, month: int) -> Callable[[], object]:
        return lambda: self._counts(member, month)

    def import_book(self, member: PartyId, month: int) -> None:
        """Import a member's export of a month's last day, where this process has not yet."""
        if (member, month) in self.imported:
            return
        as_of = month_end(Month(month))
        raw = csv_of(self.books[member], as_of)
        reading = read_receivables(raw, subject_of=demo_subject, currency=CURRENCY, as_of=as_of)
        assert not reading.refused
        self.member(member).import_book(reading, sha256=bytes(32), as_of=as_of)
        self.imported.add((member, month))

    def _counts(self, member: PartyId, month: int) -> bool:
        """Import and report; return whether all reports of the month count."""
        self.import_book(member, month)
        reported = self.member(member).report()
        return (reported.month, reported.counting) == (month, reported.reports) and reported.reports > 0

    def _inquire(self, member: PartyId) -> None:
        self.outcomes[member] = list(self.member(member).inquire_once(self.subjects, PURPOSE))


def found_world(
    folder: Path,
    *,
    members: Iterable[str],
    first: int,
    seed: int,
    change: Callable[[dict[str, Any]], object] = lambda _document: None,
) -> None:
    """Found a consortium of these members in a new folder, with the demo's document after `change`."""
    demo = demo_document(
        members=[PartyId(member) for member in members],
        currency=CURRENCY,
        exponent=2,
        first_month=Month(first),
        entropy=random.Random(f"founding {seed}").randbytes,
    )
    found(folder, with_document(demo, change))


def with_document(demo: DemoConsortium, change: Callable[[dict[str, Any]], object]) -> DemoConsortium:
    """Return a founded demo whose document is another one after `change`, signed by its parties anew."""
    document = json.loads(demo.consortium.raw)
    change(document)
    consortium = parse_document(rfc8785.dumps(document))
    keys = {party: demo.keys[party] for party in consortium.parties}
    signatures = {
        party: sign_document(consortium, party=party, key=SigningKey(dealt.statement_seed))
        for party, dealt in keys.items()
    }
    return replace(demo, consortium=consortium, genesis=assemble_genesis(consortium, signatures), keys=keys)
