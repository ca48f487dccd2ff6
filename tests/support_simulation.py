"""An embedded consortium in one thread, under a seeded scheduler, whose nodes can be killed at any write.

`World` holds what outlives a crash: the folder, the clock, the streams of chance and what the members' books
say. Everything else is dropped with the nodes and comes back from the folder.
"""

import json
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeAlias

import rfc8785
from support_clear import Bill, csv_of

from consortium_config.founding import assemble_genesis, sign_document
from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium, demo_document
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
from node.storage.database import Moment
from node.wire import Build, Handler, Letter, answer_letter, reply_of

CURRENCY: Final = "EUR"
PURPOSE: Final = "credit-review"
_ROUNDS_MOST: Final = 60
_OFTEN: Final = 60
_CHANCE: Final = 0.2
_BETWEEN_STEWARDS: Final = ("seed", "seed-hash", "sealing-keys")


class Killed(BaseException):
    """A party's node, or the whole process, dies here. No handler may stop it."""

    def __init__(self, party: PartyId) -> None:
        super().__init__(party)
        self.party = party


class WriteFailedError(OSError):
    """The disk refuses a write, and the node lives on."""


Plan: TypeAlias = Callable[[int, PartyId, str, Moment], BaseException | None]
"""What goes wrong: (number of the write, party, site, moment) -> what is raised there, if anything."""


def no_fault(_count: int, _party: PartyId, _site: str, _moment: Moment) -> None:
    """Let every write pass."""


def at_write(number: int, moment: Moment) -> Plan:
    """Kill whoever makes this write, at this moment of it, once."""

    def plan(count: int, party: PartyId, _site: str, now: Moment) -> BaseException | None:
        return Killed(party) if (count, now) == (number, moment) else None

    return plan


class Storm:
    """Break every kind of write at every moment of it, each once, in an order of chance.

    `often` says how often a run without faults makes a kind of write: what is made often is not always broken
    at the first chance, so that faults spread over the run.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        often: Mapping[str, int],
        moments: Sequence[Moment],
        raises: Callable[[PartyId], BaseException] = Killed,
    ) -> None:
        self.wanted = {(site, moment) for site in often for moment in moments}
        self._rng, self._often, self._raises = rng, often, raises
        self._chosen: dict[str, Moment] = {}

    def __call__(self, _count: int, party: PartyId, site: str, now: Moment) -> BaseException | None:
        left = sorted(moment for at, moment in self.wanted if at == site)
        if not left:
            return None
        if now != self._chosen.setdefault(site, self._rng.choice(left)):
            return None
        if self._often[site] > _OFTEN and self._rng.random() > _CHANCE:
            return None
        self.wanted.discard((site, now))
        del self._chosen[site]
        return self._raises(party)


class Faults:
    """Counts every durable write of a run, notes where in the code it is made, and breaks what is planned."""

    def __init__(self, plan: Plan = no_fault) -> None:
        self.plan = plan
        self.writes: list[tuple[PartyId, str]] = []
        """Party and site of every write that was begun."""
        self.struck = 0
        """How many faults there were."""

    def probe_of(self, party: PartyId) -> Callable[[Moment], None]:
        """Return the probe of a party's databases."""

        def probe(moment: Moment) -> None:
            if moment == "before":
                self.writes.append((party, f"{_kind(party)} {_site()}"))
            fault = self.plan(len(self.writes) - 1, party, self.writes[-1][1], moment)
            if fault is not None:
                self.struck += 1
                raise fault

        return probe


def _kind(party: PartyId) -> str:
    if party == DESK_ID:
        return "orderer"
    return "steward" if party in STEWARDS.values() else "member"


def _site() -> str:
    """Name the function that makes the write which is about to begin."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and Path(frame.f_code.co_filename).stem in ("contextlib", "database"):
        frame = frame.f_back
    assert frame is not None
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"


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


class InlineHost:
    """A `Host` that runs every party in the caller's thread.

    Requests are answered at once. What stewards tell each other is delivered at once or waits for `pump`, as
    the scheduler's chance decides, and always waits for a steward that is at work itself. `tamper` stands
    between a party and whoever asks it: how a test makes a liar. `survives` says whether the process outlives
    the death of one party's node.
    """

    def __init__(self, rng: random.Random, *, survives: bool) -> None:
        self._rng, self._survives = rng, survives
        self._builds: dict[PartyId, Build] = {}
        self._nodes: dict[PartyId, tuple[Handler, Callable[[], None]]] = {}
        self._busy: list[PartyId] = []
        self._waiting: list[tuple[PartyId, Letter]] = []
        self.tamper: dict[PartyId, Callable[[Handler], Handler]] = {}

    def door(self, party: PartyId) -> "InlineDoor":
        return InlineDoor(self, party)

    def start(self, party: PartyId, build: Build) -> None:
        self._builds[party] = build

    def close(self) -> None:
        for party in list(self._nodes):
            self.stop(party)

    def stop(self, party: PartyId) -> None:
        """Drop a party's node; the next request opens it again from its folder."""
        if party in self._nodes:
            self._nodes.pop(party)[1]()

    def handler(self, party: PartyId) -> Handler:
        """Return a party's own handler; opens its node where it is not open."""
        if party not in self._nodes:
            self._nodes[party] = self._builds[party]()
        return self._nodes[party][0]

    def post(self, party: PartyId, letter: Letter) -> None:
        """Deliver a letter or keep it for later."""
        is_between_stewards = bool(self._busy) and letter.verb in _BETWEEN_STEWARDS
        if party in self._busy or (is_between_stewards and self._rng.random() < 0.5):
            self._waiting.append((party, letter))
        else:
            self._deliver(party, letter)

    def pump(self) -> bool:
        """Deliver one of the letters that wait, in no order; return whether there was one."""
        if not self._waiting:
            return False
        self._deliver(*self._waiting.pop(self._rng.randrange(len(self._waiting))))
        return True

    def _deliver(self, party: PartyId, letter: Letter) -> None:
        self._busy.append(party)
        try:
            handler = self.handler(party)
            answer_letter(self.tamper.get(party, _as_it_is)(handler), letter)
        except Killed:
            self.stop(party)
            if not letter.reply.done():
                letter.reply.set_exception(UnavailableError("the party's node has stopped"))
            if not self._survives:
                raise
        finally:
            self._busy.remove(party)


def _as_it_is(handler: Handler) -> Handler:
    return handler


class InlineDoor:
    """A party's door in an `InlineHost`."""

    def __init__(self, host: InlineHost, party: PartyId) -> None:
        self._host, self._party = host, party

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        letter = Letter(caller, verb, body, Future())
        self._host.post(self._party, letter)
        return letter.reply


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
        self.rng.shuffle(steps)
        for step in steps:
            self.survive(step)
        counting: list[bool] = []
        self.survive(lambda: counting.append(all(self._counts(member, month) for member in self.members)))
        if counting == [True]:
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
