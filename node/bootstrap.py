"""The one place where a node is put together.

Embedded: all parties in one process. The ordering party and each steward run behind a door of their own (a
thread with a mailbox, unless the host is another); members and the desk work in the caller's thread. Each has
its own folder, database and keys.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from consortium_config.sample import DemoConsortium
from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import MEMBER, Consortium, Party, parse_document
from hanse_ledger.errors import CorruptionError, NotAdmittedError
from hanse_ledger.fields import as_uint
from hanse_ledger.ids import Month, PartyId, StewardX
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from node.clocks import DemoClock, SystemClock, system_entropy
from node.dealt_keys import read_dealt_keys, write_dealt_keys
from node.files import write_whole
from node.keyring import KeyRing
from node.member import MemberNode
from node.ports import Clock, Entropy, Sequencer, StewardLink, StewardLinks
from node.risk.noting import noting
from node.roles.party import Standing
from node.roles.steward import Steward
from node.sequencing.follower import Follower
from node.sequencing.remote import RemoteSequencer, serve_sequencer
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database, Probe
from node.wire import Build, Door, Handler, Host, LocalLink, ThreadHost, reply_of

DEMO_FILE: Final = "demo.json"
CONSORTIUM_FILE: Final = "consortium.json"
GENESIS_FILE: Final = "genesis.cose"
PARTIES_FOLDER: Final = "parties"
DATABASE_FILE: Final = "node.sqlite"
SEQUENCER_FILE: Final = "sequencer.sqlite"
"""Apart from the ordering party's own node, which follows its sequencer like everybody else."""
KEYS_FILE: Final = "keys.json"


def found(folder: Path, demo: DemoConsortium) -> None:
    """Write a founded consortium's folder: the document, the genesis statement, every party's keys.

    `consortium.json` is written last: without it nothing was founded.
    """
    consortium = demo.consortium
    for party, keys in demo.keys.items():
        home = folder / PARTIES_FOLDER / party
        home.mkdir(parents=True, mode=0o700)
        write_dealt_keys(home / KEYS_FILE, keys)
    first = consortium.ordering[0]
    genesis = sign_statement(
        key=SigningKey(demo.keys[first].statement_seed),
        party=first,
        consortium=consortium.id,
        seq=0,
        prev=NO_PREVIOUS,
        body=demo.genesis,
    )
    write_whole(folder / GENESIS_FILE, genesis)
    write_whole(folder / CONSORTIUM_FILE, consortium.raw)


def check_mode(consortium: Consortium, *, embedded: bool) -> None:
    """Refuse a demo's document outside embedded mode: its keys were dealt by one party (section 10)."""
    if consortium.demo and not embedded:
        raise NotAdmittedError("a demo's consortium document: its keys were dealt by one party")


def clock_of(folder: Path) -> Clock:
    """Return the clock of a consortium's folder: a demo stands still on the day after its data ends."""
    path = folder / DEMO_FILE
    if not path.exists():
        return SystemClock()
    return DemoClock(date.fromisoformat(json.loads(path.read_text())["as_of"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What differs between a run, a test and a simulation."""

    clock: Clock
    entropy: Entropy = system_entropy
    probe_of: Callable[[PartyId], Probe | None] = lambda _party: None


class Embedded:
    """An embedded consortium in a folder that `found` wrote.

    A context manager: leaving it stops all parties.
    """

    def __init__(
        self, folder: Path, surroundings: Surroundings | None = None, host: Host | None = None
    ) -> None:
        self.folder = folder
        self.consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes())
        check_mode(self.consortium, embedded=True)
        self._around = surroundings or Surroundings(clock=clock_of(folder))
        self._host = host or ThreadHost()
        self._started: set[PartyId] = set()
        self._open = ExitStack()
        self._open.callback(self._host.close)
        self._members: dict[PartyId, MemberNode] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def in_force(self) -> Consortium:
        """The document in force, as far as the members' copies of the log have come."""
        self._any_member()
        standings = (member.standing for member in self._members.values())
        return max(standings, key=lambda one: one.state.size).in_force

    def _any_member(self) -> MemberNode:
        return self.member(next(one.id for one in self._here if MEMBER in one.roles))

    @property
    def _here(self) -> list[Party]:
        """The founders whose folders are here: who has left may have taken its own along."""
        return [one for one in self.consortium.parties.values() if (self._home(one.id) / KEYS_FILE).exists()]

    def member(self, party: PartyId) -> MemberNode:
        """Return the node of a party that is no steward, in the caller's thread."""
        if party not in self._members:
            home = self._home(party)
            database = _database(home, self._around, party)
            self._open.callback(database.close)
            standing = new_standing(
                parse_document(self.consortium.raw),
                party,
                KeyRing(read_dealt_keys(home / KEYS_FILE)),
                database,
                self._around,
                self._sequencer(party),
            )
            links = {p.x: self._link(party, p.x) for p in self._here if p.x is not None}
            self._members[party] = MemberNode(standing=standing, links=_in_force(links, standing))
        return self._members[party]

    def work(self) -> int:
        """Let every steward work once, side by side; return how many reports wait for their words."""
        return sum(self._on_stewards("work"))

    def close_month(self, month: Month) -> int:
        """Let every steward close a month that is due; return how many have closed it."""
        return sum(self._on_stewards("close", encode(month)))

    def pass_period(self) -> int:
        """Let a bulletin period pass, whatever the clock says: all members' bulletins, all stewards' closes.

        Returns the period.
        """
        standing = self._any_member().standing
        standing.catch_up()
        period = standing.state.next_period
        active = (party for party in self.in_force.parties.values() if party.active)
        members = [self.member(party.id) for party in active if MEMBER in party.roles]
        for member in members:
            member.send_bulletin(at_once=True)
        self._on_stewards("close-period", encode(period))
        return period

    def door(self, party: PartyId) -> Door:
        """Return a serving party's door, and start the party when it is first asked for."""
        if party not in self._started:
            self._started.add(party)
            is_orderer = party == self.consortium.ordering[0]
            build = self._orderer_builder(party) if is_orderer else self._steward_builder(party)
            self._host.start(party, build)
        return self._host.door(party)

    def _on_stewards(self, verb: str, body: bytes = b"") -> list[int]:
        stewards = [party.id for party in self.in_force.stewards.values()]
        futures = [self.door(party).post(party, verb, body) for party in stewards]
        return [as_uint(decode(reply_of(future, _WORK_S), limit=16), "count") for future in futures]

    def _sequencer(self, caller: PartyId) -> Sequencer:
        orderer = self.door(self.consortium.ordering[0])
        return RemoteSequencer(lambda verb, body: reply_of(orderer.post(caller, verb, body)))

    def _link(self, caller: PartyId, x: StewardX) -> StewardLink:
        party = self.consortium.stewards[x].id
        return LocalLink(door=self.door(party), caller=caller, party=party, x=x)

    # What a builder returns holds no reference to this object: a service reaches its own party alone.

    def _orderer_builder(self, party: PartyId) -> Build:
        home, around, genesis = self._home(party), self._around, self.folder / GENESIS_FILE

        def build() -> tuple[Handler, Callable[[], None]]:
            database = _database(home, around, party, SEQUENCER_FILE)
            log_key = read_dealt_keys(home / KEYS_FILE).log
            if log_key is None:
                raise CorruptionError("the ordering party has no log key")
            replica = Replica(database)
            sequencer = SoloSequencer(replica=replica, log_key=log_key)
            if not replica.state.founded:
                sequencer.submit(genesis.read_bytes())
            return serve_sequencer(sequencer), database.close

        return build

    def _steward_builder(self, party: PartyId) -> Build:
        home, around, consortium = self._home(party), self._around, self.consortium
        sequencer = self._sequencer(party)
        links = {p.x: self._link(party, p.x) for p in self._here if p.x is not None and p.id != party}
        raw = consortium.raw

        def build() -> tuple[Handler, Callable[[], None]]:
            database = _database(home, around, party)
            keys = read_dealt_keys(home / KEYS_FILE)
            # Parsed anew: parties share bytes, not objects.
            standing = new_standing(parse_document(raw), party, KeyRing(keys), database, around, sequencer)
            steward = Steward(standing=standing, key_share=keys.key_share, links=_in_force(links, standing))
            return _steward_handler(steward, party), database.close

        return build

    def _home(self, party: PartyId) -> Path:
        return self.folder / PARTIES_FOLDER / party


_WORK_S: Final = 3_600.0


def _in_force(links: Mapping[StewardX, StewardLink], standing: Standing) -> StewardLinks:
    """Keep to the stewards that votes have left; new ones have no folder in an embedded consortium."""
    return lambda: {x: link for x, link in links.items() if x in standing.in_force.stewards}


def _steward_handler(steward: Steward, party: PartyId) -> Handler:
    """Add to what others may ask what the steward's own operator may."""

    def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
        if caller == party and verb == "work":
            return encode(steward.work())
        if caller == party and verb == "close-period":
            return encode(int(steward.close_period(as_uint(decode(body, limit=16), "period"))))
        if caller == party and verb == "close":
            month = Month(as_uint(decode(body, limit=16), "month"))
            return encode(int(steward.close_month(month) is not None))
        return steward.handle(caller, verb, body)

    return handle


def _database(home: Path, around: Surroundings, party: PartyId, name: str = DATABASE_FILE) -> Database:
    probe = around.probe_of(party)
    path = home / name
    return Database(path) if probe is None else Database(path, probe=probe)


def new_standing(
    consortium: Consortium,
    party: PartyId,
    keys: KeyRing,
    database: Database,
    around: Surroundings,
    sequencer: Sequencer,
) -> Standing:
    """Put together what a party's roles stand on."""
    contributes = MEMBER in consortium.parties[party].roles
    replica = Replica(database, note=noting(around.clock)) if contributes else Replica(database)
    follower = Follower(replica=replica, source=sequencer, trusted=consortium)
    return Standing(
        consortium=consortium,
        party=consortium.parties[party],
        keys=keys,
        database=database,
        replica=replica,
        sequencer=sequencer,
        catch_up=follower.catch_up,
        clock=around.clock,
        entropy=around.entropy,
    )
