"""One party's node in a process of its own: put together from its settings, reached over HTTP.

The node's thread owns its database and its roles; where the party orders the log, a second thread owns the
sequencer. Another one shows the log, and one lets the node do what is due, again and again.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

from hanse_ledger.consortium import MEMBER, Consortium, parse_document
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.signing import SigningKey
from node.bootstrap import (
    Surroundings,
    check_mode,
    new_standing,
)
from node.clocks import SystemClock
from node.collecting import Collecting, foreign_witnesses
from node.documents import document_in_force
from node.files import locked
from node.handling import handler_of, tell_start
from node.health import Health, tell_shares
from node.joining import begin_log, joined
from node.keyring import KeyRing
from node.laststop import recording
from node.links.gate import Gate
from node.links.parties import PartyLinks
from node.links.replays import Replays
from node.links.sequencer import OrderingLinks
from node.links.signatures import RequestSigner
from node.logreader import start_reader
from node.member import MemberNode
from node.nodekeys import NodeKeys, log_keys_of, open_node_keys
from node.ordering import Ordering
from node.own import verbs
from node.own.changes import voting_verbs
from node.own.service import OwnService
from node.own.stepper import Stepper
from node.place import Place
from node.ports import Sequencer, StewardLink
from node.risk.delivery.couriers import start_couriers
from node.roles.foreign import witnessed_logs
from node.roles.party import Standing
from node.roles.steward import Steward
from node.roles.witness import cosigner
from node.sequencing.failover import FailoverSequencer
from node.sequencing.remote import RemoteSequencer, serve_sequencer
from node.sequencing.succession import check_ordering
from node.sequencing.term import Term
from node.service import Doors, NodeService
from node.settings import DatabaseName, NodeSettings, url_of
from node.shared import Shared
from node.storage.database import Database
from node.watching import PEER_S, Peers, Watch, guarded, watch_log
from node.web.now import Now, WriterDesk
from node.wire import Door, Handler, LocalLink, Mailbox, Service, reply_of
from node.worker import Worker


class ApartNode:
    """A context manager: leaving it finishes what was asked and stops the node."""

    def __init__(
        self,
        settings: NodeSettings,
        around: Surroundings | None = None,
        *,
        keys: NodeKeys | None = None,
        reload: Callable[[], NodeSettings] | None = None,
    ) -> None:
        """Start the node; `keys` are those of a node of this folder that was closed.

        `reload` reads the settings again, where an operator may have changed them meanwhile.

        Raises SettingsError, LockedError, NotAdmittedError, UnavailableError where its database is out of
        reach, or CorruptionError before anything is started.
        """
        self._around = around or Surroundings(clock=SystemClock())
        self._settings, self._reload = settings, reload or (lambda: settings)
        self._trusted = _trusted(settings)
        self._party = PartyId(settings.party)
        self.keys = keys or open_node_keys(settings, self._trusted, os.environ)
        self._ring = KeyRing(self.keys.keys, self.keys.changed)
        self._genesis = settings.genesis.read_bytes()
        self._term = Term.of(settings, self._trusted)
        self._open = ExitStack()
        try:
            self.service = self._start()
        except BaseException:  # whatever ends the start, what is open is closed
            self._open.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _start(self) -> NodeService:
        """Take the folder and the databases, start the threads."""
        settings = self._settings
        self._open.enter_context(locked(settings.folder))
        database = self._database("node")
        self._trusted = joined(settings, database, self._trusted, self._genesis)
        shared = Shared(self._trusted)
        log = self._start_sequencer(database, shared)
        links = self._party_links(shared)
        relay = self._start_relay(shared, links) if log is None else None
        read = start_reader(
            settings,
            shown="node" if log is None else "sequencer",
            consortium=lambda: shared.in_force,
            cosigned=lambda: shared.cosigned,
            opened=self._open,
        )
        mailbox, once = Mailbox(), Replays()
        own = self._own(mailbox, shared)
        build = recording(
            lambda: self._build(database, log, shared, links), settings.folder, self._around.clock
        )
        self._node = Service(mailbox, build)
        self._open.callback(self._node.stop)
        self._open.callback(Worker(mailbox, self._party, settings.work_interval_s).stop)
        self._open.callback(self._watch(mailbox, shared, links).stop)
        if log is not None:
            self._collect(mailbox, shared, links)
        if not self._is_steward:
            monitors = MEMBER in self._trusted.parties[self._party].roles
            self._open.callback(Stepper(own, settings.work_interval_s, monitors=monitors).stop)
        start_couriers(settings.delivery, own, self._open)

        def health() -> Health:
            now = shared.health.now
            return replace(now, stopped=now.stopped or not self._node.is_running, peers=links.circuits())

        self.workers_doors = _doors_of_workers(
            {"node": mailbox, "log": log, "relay": relay},
            WriterDesk(
                now=lambda: Now(
                    in_force=shared.in_force,
                    cosigned=shared.cosigned,
                    health=health(),
                    waiting=mailbox.waiting,
                ),
                key=lambda: self._statement_key(shared),
                once=once,
            ),
        )
        return NodeService(
            party=self._party,
            consortium=lambda: shared.in_force,
            genesis=self._genesis,
            gate=Gate(
                url=lambda: url_of(shared.in_force, self._party, settings),
                consortium=lambda: shared.in_force,
                party=self._party,
                key=lambda: self._statement_key(shared),
                clock=self._around.clock,
                once=once,
            ),
            doors=Doors(node=mailbox, log=log, relay=relay, read=read),
            own=own,
            health=health,
            waiting=lambda: mailbox.waiting,
        )

    @property
    def is_displaced(self) -> bool:
        """Whether votes have made something else of the party: the node is to be closed and started anew."""
        return self._place.is_left

    @property
    def _is_steward(self) -> bool:
        return self._trusted.parties[self._party].x is not None

    def _party_links(self, shared: Shared) -> PartyLinks:
        """Make the ways to other nodes; raises SettingsError where it is not known where one is."""
        trusted, settings, around = self._trusted, self._settings, self._around
        stewards = (one.id for one in trusted.stewards.values())
        for party in (self._party, *self._term.sources(trusted), *stewards):
            url_of(trusted, party, settings)
        return PartyLinks(
            in_force=lambda: shared.in_force,
            party=self._party,
            signer=RequestSigner(
                consortium=trusted.id,
                party=self._party,
                key=lambda: self._statement_key(shared),
                clock=around.clock,
                entropy=around.entropy,
            ),
            urls={PartyId(party): url for party, url in settings.peers.items()},
            clock=around.clock,
            entropy=around.entropy,
        )

    def _own(self, mailbox: Mailbox, shared: Shared) -> OwnService:
        """Open the own people's way to the node's database, which is not the node's thread's."""
        database = self._open.enter_context(closing(Database(self._settings.place("node"))))
        return OwnService(
            database=database,
            party=self._party,
            consortium=lambda: shared.in_force,
            door=mailbox,
            around=self._around,
            configured=self._settings.api_keys,
        )

    def _start_sequencer(self, own: Database, shared: Shared) -> Door | None:
        """Start ordering where that is this party's to do; return the sequencer's door."""
        ordering = self._ordering(self._settings, self._trusted, shared)
        self.orders = ordering.is_due
        self._place = Place(
            party=self._party,
            term=self._term,
            started=self._trusted,
            orders=self.orders,
            in_force=lambda: shared.in_force,
            check=lambda: self._ordering(self._reload(), shared.in_force, shared).check(),
            board=shared.health,
            clock=self._around.clock,
        )
        return ordering.start(self._database("sequencer"), own, self._open) if self.orders else None

    def _ordering(self, settings: NodeSettings, consortium: Consortium, shared: Shared) -> Ordering:
        return Ordering(
            settings=settings,
            consortium=consortium,
            term=self._term,
            keys=log_keys_of(self.keys, self._ring, consortium.parties[self._party]),
            genesis=self._genesis,
            board=shared.health,
            clock=self._around.clock,
        )

    def _start_relay(self, shared: Shared, links: PartyLinks) -> Mailbox:
        """Start bringing statements of others to whoever orders the log."""

        def build() -> tuple[Handler, Callable[[], None]]:
            with ExitStack() as opened:
                return serve_sequencer(self._remote(shared, links, opened)), opened.pop_all().close

        mailbox = Mailbox()
        self._open.callback(Service(mailbox, build).stop)
        return mailbox

    def _watch(self, mailbox: Mailbox, shared: Shared, links: PartyLinks) -> Watch:
        """Start looking at what other nodes show of the log."""
        peers = Peers(
            in_force=lambda: shared.in_force,
            caller_to=partial(links.caller, deadline_s=PEER_S),
            without={self._party},
        )
        self._open.callback(peers.close)
        interval_s = self._settings.watch_interval_s
        return Watch(
            mailbox=mailbox, party=self._party, peers=peers, board=shared.health, interval_s=interval_s
        )

    def _database(self, name: DatabaseName) -> Database:
        """Open one of the node's databases as its only writer; it is closed after its thread has ended."""
        return self._open.enter_context(closing(Database(self._settings.place(name), alone=True)))

    def _build(
        self, database: Database, log: Door | None, shared: Shared, links: PartyLinks
    ) -> tuple[Handler, Callable[[], None]]:
        """Put the node together, in its own thread."""
        with ExitStack() as opened:
            opened.callback(links.close)
            sequencer = self._sequencer(log, shared, links, opened)
            trusted = parse_document(self._trusted.raw)
            standing = new_standing(trusted, self._party, self._ring, database, self._around, sequencer)
            standing, monitor = watch_log(
                replace(standing, witnessed=witnessed_logs(self._settings.witnessed_logs)),
                folder=self._settings.folder,
                term=self._term,
                board=shared.health,
                patience=timedelta(seconds=self._settings.stall_after_s),
            )
            begin_log(standing, self._genesis)
            guard = partial(guarded, monitor=monitor)
            tell_start(standing, shared)
            stewards = partial(_stewards, standing, links, shared)
            role: Handler
            if self._is_steward:
                steward = Steward(
                    standing=standing,
                    key_share=self.keys.keys.key_share,
                    links=stewards,
                    keep_key=self.keys.keep_key_share,
                )
                tell = partial(tell_shares, shared.health, self._around.clock)
                own, role = verbs.steward_verbs(steward, tell), steward.handle
            else:
                member = MemberNode(standing=standing, links=stewards)
                own, role = verbs.member_verbs(member), cosigner(standing)
            own = {**own, **voting_verbs(standing, partial(check_ordering, orderer=self._term.orderer))}
            if log is not None:
                # With the cosignatures of before a restart, where it has not grown since.
                shared.cosigned = standing.replica.log.checkpoint()
            return handler_of(standing, own, role, shared, guard), opened.pop_all().close

    def _collect(self, mailbox: Mailbox, shared: Shared, links: PartyLinks) -> None:
        """Start having the checkpoints cosigned that this node's sequencer signs."""

        def show(note: bytes) -> None:
            shared.cosigned = note

        def stewards() -> Mapping[StewardX, StewardLink]:
            own = shared.in_force.parties[self._party].x
            found = dict(links.stewards())
            if own is not None:
                # It counts itself too: with one of the others down they alone are too few.
                found[own] = LocalLink(door=mailbox, caller=self._party, party=self._party, x=own)
            return found

        opened = self._open
        collecting = Collecting(
            database=opened.enter_context(closing(Database(self._settings.place("node")))),
            in_force=lambda: shared.in_force,
            links=stewards,
            witnesses=foreign_witnesses(self._settings.witnesses, self._around.entropy, opened),
            show=show,
            interval_s=self._settings.work_interval_s,
        )
        opened.callback(collecting.stop)

    def _sequencer(self, log: Door | None, shared: Shared, links: PartyLinks, opened: ExitStack) -> Sequencer:
        others = self._remote(shared, links, opened)
        if log is None:
            return others
        own = RemoteSequencer(lambda verb, body: reply_of(log.post(self._party, verb, body)))
        # One that is voted out still agrees for a while, and nobody goes by what it signs.
        return FailoverSequencer(lambda: [own if self._term.orders(self._party, shared.in_force) else others])

    def _remote(self, shared: Shared, links: PartyLinks, opened: ExitStack) -> Sequencer:
        """Return the ways to those that order by the document in force; `opened` closes them."""
        others = partial(self._ordering_others, shared)
        return FailoverSequencer(opened.enter_context(closing(OrderingLinks(others, links.caller))))

    def _ordering_others(self, shared: Shared) -> list[PartyId]:
        return [party for party in self._term.sources(shared.in_force) if party != self._party]

    def _statement_key(self, shared: Shared) -> SigningKey:
        return self._ring.key(shared.in_force.parties[self._party].statement_key)


def _stewards(standing: Standing, links: PartyLinks, shared: Shared) -> Mapping[StewardX, StewardLink]:
    """Return the ways to the stewards of the document that is in force by now."""
    shared.in_force = standing.in_force
    return links.stewards()


def _trusted(settings: NodeSettings) -> Consortium:
    """Return the document in force by the own copy of the log, or the configured one that is to come."""
    consortium = document_in_force(settings)
    check_mode(consortium, embedded=False)
    return consortium


def _doors_of_workers(doors: Mapping[str, Door | None], desk: Door) -> Mapping[str, Door]:
    """Return what a web worker may ask this process (`node.web`), by name."""
    return {"desk": desk, **{name: door for name, door in doors.items() if door is not None}}
