"""How a node of its own watches whoever orders the log: its monitor, and the thread that asks around."""

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from node.errors import SettingsError
from node.health import HealthBoard
from node.links.http import HttpCaller
from node.links.sequencer import HttpSequencer
from node.periodic import PeriodicTask
from node.roles.party import Standing
from node.sequencing.follower import Follower
from node.sequencing.gossip import Sighting, decode_sightings, encode_sightings, look_at
from node.sequencing.kept import EvidenceStore
from node.sequencing.monitor import Monitor, evidence_time
from node.sequencing.progress import FollowingProgress
from node.sequencing.term import Term
from node.sequencing.waiting import Waiting
from node.wire import Handler, Mailbox, reply_of

_log = logging.getLogger(__name__)

LOOK: Final = "look"
PEER_S: Final = 5.0
"""How long another node may take when it is only looked at."""
_LOOK_S: Final = 3_600.0
_STATEMENTS_LIMIT: Final = 1 << 25


def watch_log(
    standing: Standing, *, folder: Path, term: Term, board: HealthBoard, patience: timedelta
) -> tuple[Standing, Monitor]:
    """Put a monitor between a node's roles and the log that they follow."""
    clock = standing.clock
    follower = Follower(
        replica=standing.replica,
        source=standing.sequencer,
        trusted=standing.consortium,
        progress=FollowingProgress(board, clock),
        now=lambda: evidence_time(clock.now()),
    )
    monitor = Monitor(
        follower=follower,
        kept=EvidenceStore(standing.database, folder, standing.id),
        board=board,
        clock=clock,
        consortium=lambda: standing.in_force,
        term=term,
        waiting=Waiting(database=standing.database, replica=standing.replica, party=standing.id),
        patience=patience,
    )
    return replace(standing, catch_up=monitor.catch_up, see=monitor.see), monitor


def guarded(handler: Handler, monitor: Monitor) -> Handler:
    """Let a halted node answer nothing that rests on the log; looking around goes on."""

    def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb == LOOK:
            return encode(monitor.look(decode_sightings(body)))
        monitor.check()
        return handler(caller, verb, body)

    return handle


class Peers:
    """The ways to the other nodes that follow the log, the stewards' first. `close` comes after all use."""

    def __init__(
        self,
        *,
        in_force: Callable[[], Consortium],
        caller_to: Callable[[PartyId], HttpCaller],
        without: Collection[PartyId],
    ) -> None:
        self._in_force, self._caller_to, self._without = in_force, caller_to, without
        self._made: dict[PartyId, HttpCaller] = {}

    def __call__(self) -> Mapping[PartyId, HttpCaller]:
        """Return the ways to those that are active now."""
        active = [party for party in self._in_force().parties.values() if party.active]
        active.sort(key=lambda one: one.x is None)
        for party in active:
            if party.id not in self._made and party.id not in self._without:
                with suppress(SettingsError):  # one without a URL cannot be asked
                    self._made[party.id] = self._caller_to(party.id)
        return {party.id: self._made[party.id] for party in active if party.id in self._made}

    def close(self) -> None:
        """Let go of the connections."""
        for caller in self._made.values():
            caller.close()


class Watch:
    """Asks other nodes, at an interval, which checkpoints they hold, and lets the node's thread compare."""

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        party: PartyId,
        peers: Peers,
        board: HealthBoard,
        interval_s: float,
    ) -> None:
        self._mailbox, self._party, self._peers, self._board = mailbox, party, peers, board
        self._task = PeriodicTask(self._run, name="watch", interval_s=interval_s, first_s=interval_s)
        self._task.start()

    def stop(self) -> None:
        """Wait for the round that goes on, and begin no more."""
        self._task.stop()

    def _run(self) -> None:
        try:
            self._look_around()
        except LedgerError as error:
            _log.warning("the node did not look around: %s", error.code)

    def _look_around(self) -> None:
        found: list[Sighting] = []
        peers = self._peers()
        for party, caller in peers.items():
            if self._task.has_ended:
                return
            with suppress(LedgerError):  # one that is out of reach shows nothing; its circuit tells of it
                sighting = look_at(party, caller.get, self._board.now.checkpoint_size or 0)
                found += [sighting] if sighting is not None else []
        future = self._mailbox.post(self._party, LOOK, encode_sightings(found))
        for statement in decode(reply_of(future, _LOOK_S), limit=_STATEMENTS_LIMIT):
            self._bring(statement, peers)

    def _bring(self, statement: bytes, peers: Mapping[PartyId, HttpCaller]) -> None:
        """Bring a statement that is passed over by way of others: it is signed, anyone may bring it."""
        for caller in peers.values():
            with suppress(LedgerError):
                HttpSequencer(caller).submit(statement)
                return
