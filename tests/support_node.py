"""A founded consortium whose nodes a test puts together one by one, all in its own thread.

Links answer at once; `silent` and `tamper` make stewards that do not answer or that lie. `reopen` drops a
node as a crash would, and it is opened again from its folder.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support_postgres import Places
from support_simulation import StillClock, with_document

from consortium_config.sample import DESK_ID, demo_document
from hanse_ledger.bodies import Body
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import Month, PartyId, StewardX, SubjectId, month_end
from hanse_ledger.rows import Invoice
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from node.dealt_keys import keys_of
from node.keyring import KeyRing
from node.keystore import PartyKeys
from node.member import MemberNode
from node.ports import Sequencer, StewardVerb
from node.receivables.mapping import Mapping as Columns
from node.receivables.outcome import Reading, Record
from node.risk.noting import noting
from node.roles.party import Standing
from node.roles.steward import Steward
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database, Moment, Probe
from node.wire import Build, Handler, Letter, answer_letter

MEMBERS = tuple(PartyId(name) for name in ("alder", "birch", "cedar", "elm", "fir", "gorse"))
FIRST = Month(2024 * 12 + 9)
"""2024-10: three months to a year's end."""


def month(text: str) -> Month:
    year, number = text.split("-")
    return Month(int(year) * 12 + int(number) - 1)


def after(last: Month) -> datetime:
    """The morning after a month's last day."""
    return datetime.combine(month_end(last) + timedelta(days=1), time(9), UTC)


@dataclass
class Failing(Sequencer):
    """A sequencer whose next answers are lost on the way, or whose next requests are."""

    inner: Sequencer
    lose_requests: int = 0
    lose_answers: int = 0

    def submit(self, statement: bytes) -> int:
        if self.lose_requests:
            self.lose_requests -= 1
            raise UnavailableError("lost")
        index = self.inner.submit(statement)
        if self.lose_answers:
            self.lose_answers -= 1
            raise UnavailableError("lost")
        return index

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        return self.inner.entries(start)

    def tile(self, path: str) -> bytes | None:
        return self.inner.tile(path)


@dataclass
class Bench:
    """Where a test's nodes stand."""

    folder: Path
    members: tuple[PartyId, ...] = MEMBERS
    first: Month = FIRST
    change: Callable[[dict[str, Any]], object] = lambda _document: None
    seed: int = 1
    probes: dict[PartyId, Probe] = field(default_factory=dict)
    silent: set[PartyId | tuple[PartyId, str]] = field(default_factory=set)
    """Stewards that do not answer, or not to a verb."""
    left_alone: set[PartyId] = field(default_factory=set)
    """Those of them that answer whoever insists, and anybody after that."""
    tamper: dict[tuple[PartyId, str], Callable[[PartyId, bytes, bytes], bytes]] = field(default_factory=dict)
    """What a steward replies to a verb instead: (caller, body, the honest reply) -> reply."""
    asked: list[tuple[PartyId, PartyId, str]] = field(default_factory=list)
    """Who asked whom for what, in order."""
    places: Places | None = None
    """Where its databases are; files in the folder without it."""

    def __post_init__(self) -> None:
        self.entropy = random.Random(self.seed).randbytes
        demo = demo_document(
            members=self.members, currency="EUR", exponent=2, first_month=self.first, entropy=self.entropy
        )
        self.demo = with_document(demo, self.change)
        self.consortium = self.demo.consortium
        self.clock = StillClock(after(self.first))
        self.replica = Replica(self._database(PartyId("sequencer")))
        log_seed = self.demo.keys[DESK_ID].log_seed
        assert log_seed is not None
        self.log_key = SigningKey(log_seed)
        self.sequencer: Sequencer = SoloSequencer(replica=self.replica, log_key=self.log_key)
        self.genesis = sign_statement(
            key=self.key(DESK_ID),
            party=DESK_ID,
            consortium=self.consortium.id,
            seq=0,
            prev=NO_PREVIOUS,
            body=self.demo.genesis,
        )
        self.sequencer.submit(self.genesis)
        self.keys: dict[PartyId, PartyKeys] = {
            party: keys_of(dealt) for party, dealt in self.demo.keys.items()
        }
        """What each node signs with, when it is put together."""
        self._standings: dict[PartyId, Standing] = {}
        self._stewards: dict[StewardX, Steward] = {}
        self._members: dict[PartyId, MemberNode] = {}

    @property
    def state(self) -> LedgerState:
        """The sequencer's state."""
        return self.replica.state

    def key(self, party: PartyId) -> SigningKey:
        return SigningKey(self.demo.keys[party].statement_seed)

    def standing(self, party: PartyId) -> Standing:
        if party not in self._standings:
            database = self._database(party)
            replica = (
                Replica(database, note=noting(self.clock)) if party in self.members else Replica(database)
            )
            joined = self.consortium if party in self.consortium.parties else self.state.consortium
            trusted = parse_document(joined.raw)
            follower = Follower(replica=replica, source=self.sequencer, trusted=trusted)
            self._standings[party] = Standing(
                consortium=trusted,
                party=trusted.parties[party],
                keys=KeyRing(self.keys[party]),
                database=database,
                replica=replica,
                sequencer=self.sequencer,
                catch_up=follower.catch_up,
                clock=self.clock,
                entropy=self.entropy,
            )
        return self._standings[party]

    def steward(self, x: int) -> Steward:
        at = StewardX(x)
        if at not in self._stewards:
            party = self.party(at)
            self._stewards[at] = Steward(
                standing=self.standing(party),
                key_share=self.keys[party].key_share,
                links=lambda: self._links(party),
                keep_key=lambda share: self._keep_key(party, share),
            )
        return self._stewards[at]

    def party(self, x: int) -> PartyId:
        """Return the steward with an x, active or not."""
        return next(one.id for one in self.state.consortium.parties.values() if one.x == x)

    def _keep_key(self, party: PartyId, share: bytes) -> None:
        self.keys[party] = replace(self.keys[party], key_share=share)

    def member(self, party: PartyId) -> MemberNode:
        if party not in self._members:
            standing = self.standing(party)
            self._members[party] = MemberNode(standing=standing, links=lambda: self._links(party))
        return self._members[party]

    def _links(self, party: PartyId) -> dict[StewardX, "BenchLink"]:
        """Return the ways to the other stewards that the document in force has."""
        stewards = self.standing(party).in_force.stewards.values()
        return {one.x: self.link(party, one.x) for one in stewards if one.x is not None and one.id != party}

    def link(self, caller: PartyId, x: int) -> "BenchLink":
        return BenchLink(self, caller, StewardX(x))

    def reopen(self, *parties: PartyId) -> None:
        """Drop nodes as a crash would; each is opened again from its folder when it is next asked for."""
        for party in parties or tuple(self._standings):
            self._members.pop(party, None)
            known = self.state.consortium.parties.get(party)
            x = None if known is None else known.x
            if x is not None:
                self._stewards.pop(x, None)
            standing = self._standings.pop(party, None)
            if standing is not None:
                standing.database.close()

    def close(self) -> None:
        self.reopen()
        self.replica._database.close()

    def work(self) -> int:
        """Let every steward work until nothing waits; return how many reports still wait for a word."""
        waiting = [0]
        active = {x: one.id for x, one in self.state.consortium.stewards.items()}
        for _ in range(4):
            waiting = [self.steward(x).work() for x, party in active.items() if party not in self.silent]
        return sum(waiting)

    def end_month(self, last: Month, *reporting: PartyId) -> None:
        """Report and close a month: by all members, or by these."""
        self.clock.time = after(last)
        for party in reporting or self.members:
            self.member(party).report()
        assert not self.work()
        for x, one in self.state.consortium.stewards.items():
            if one.id not in self.silent:
                self.steward(x).close_month(last)
        assert self.state.closed_at(last) is not None

    def log(self, party: PartyId, body: Body) -> int:
        """Log a statement by a party's key, made elsewhere than on its node; return its index."""
        return self.sequencer.submit(self.sign(party, body))

    def sign(self, party: PartyId, body: Body) -> bytes:
        head = self.state.head(party)
        return sign_statement(
            key=self.keys[party].statement,
            party=party,
            consortium=self.consortium.id,
            seq=head.seq,
            prev=head.prev,
            body=body,
        )

    def _database(self, party: PartyId) -> Database:
        place = self.folder / f"{party}.sqlite" if self.places is None else self.places(party)
        if isinstance(place, Path) and not place.exists():
            place.write_bytes(_new_database())

        def probe(moment: Moment) -> None:
            if party in self.probes:
                self.probes[party](moment)

        return Database(place, probe=probe)


@cache
def _new_database() -> bytes:
    """A migrated database without rows: a copy is faster than migrating each."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "new.sqlite"
        Database(path).close()
        return path.read_bytes()


@dataclass(frozen=True)
class BenchLink:
    """A `StewardLink` that answers at once, in the caller's thread."""

    bench: Bench
    caller: PartyId
    x: StewardX

    @property
    def party(self) -> PartyId:
        return self.bench.party(self.x)

    def ask(self, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        if insist:
            self.bench.silent -= self.bench.left_alone
        self.bench.asked.append((self.caller, self.party, verb))
        letter = Letter(self.caller, verb, body, Future())
        if {self.party, (self.party, verb)} & self.bench.silent:
            letter.reply.set_exception(UnavailableError("silent"))
        else:
            answer_letter(self._handle, letter)
        return letter.reply

    def _handle(self, caller: PartyId, verb: str, body: bytes) -> bytes:
        reply = self.bench.steward(self.x).handle(caller, verb, body)
        tamper = self.bench.tamper.get((self.party, verb))
        return reply if tamper is None else tamper(caller, body, reply)


class OneThread:
    """A `Host` without threads: requests are answered at once, by whoever posts them."""

    def __init__(self) -> None:
        self._nodes: dict[PartyId, tuple[Handler, Callable[[], None]]] = {}

    def door(self, party: PartyId) -> "OneThreadDoor":
        return OneThreadDoor(self, party)

    def start(self, party: PartyId, build: Build) -> None:
        self._nodes[party] = build()

    def close(self) -> None:
        while self._nodes:
            self._nodes.popitem()[1][1]()

    def handler(self, party: PartyId) -> Handler:
        if party not in self._nodes:
            raise UnavailableError("the party's node is not running")
        return self._nodes[party][0]


@dataclass(frozen=True)
class OneThreadDoor:
    """A party's door in `OneThread`."""

    host: OneThread
    party: PartyId

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        letter = Letter(caller, verb, body, Future())
        answer_letter(self._handle, letter)
        return letter.reply

    def _handle(self, caller: PartyId, verb: str, body: bytes) -> bytes:
        return self.host.handler(self.party)(caller, verb, body)


def invoice(
    reference: str,
    invoiced: str,
    due: str,
    *,
    paid: str | None = None,
    minor: int = 120_000,
    lost: str | None = None,
) -> Invoice:
    """An invoice in EUR; dates are ISO texts."""
    return Invoice(
        reference=reference,
        invoice_date=date.fromisoformat(invoiced),
        due_date=date.fromisoformat(due),
        paid_date=None if paid is None else date.fromisoformat(paid),
        amount_minor=minor,
        currency="EUR",
        lost_on=None if lost is None else date.fromisoformat(lost),
    )


def subject(customer: str) -> SubjectId:
    return SubjectId(f"ref:DEMO:{customer}")


def reading(book: Mapping[str, Iterable[Invoice]]) -> Reading:
    """What reading an export with these invoices, by customer, gives."""
    records = tuple(
        Record(
            line=0, customer=customer, subject=subject(customer), personal=False, disputed=False, invoice=one
        )
        for customer, invoices in book.items()
        for one in invoices
    )
    return Reading(
        records=records,
        refused=(),
        left_out=(),
        notes=(),
        mapping=Columns(),
        currencies={"EUR": len(records)},
        lines=len(records),
    )


def take_book(member: MemberNode, book: Mapping[str, Iterable[Invoice]], as_of: str = "2024-10-31") -> None:
    """Import invoices as they stand on a day."""
    member.import_book(reading(book), sha256=bytes(32), as_of=date.fromisoformat(as_of))
