"""One party's node as the HTTP interface sees it: who is asking, and where to leave the question.

Nothing here waits and nothing touches the node itself: each request is left at a door, and its future comes
back. Any thread may call it.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from hanse_ledger.codec import encode
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from node import logdoor
from node.errors import NotFoundError
from node.health import Health
from node.links.gate import Gate
from node.own.service import OwnService
from node.ports import StewardVerb
from node.sequencing.remote import SUBMIT_ALL
from node.wire import Door

WAIT_S: Final = 60.0
"""How long a request may wait for the node's thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where a node's parts are asked: `node` for its roles, `log` where it orders the log."""

    node: Door
    log: Door | None = None
    relay: Door | None = None
    """Who brings statements to whoever orders the log, where that is another node."""
    read: Door | None = None
    """Who shows the log, where that is neither of them."""


class NodeService:
    """One party's node; `gate` tells which party asks."""

    def __init__(
        self,
        *,
        party: PartyId,
        consortium: Callable[[], Consortium],
        genesis: bytes,
        gate: Gate,
        doors: Doors,
        own: OwnService,
        health: Callable[[], Health] = Health,
        waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        """`consortium` gives the document in force; any thread may call `health`."""
        self._party, self._consortium, self._genesis = party, consortium, genesis
        self.gate, self.own, self._doors = gate, own, doors
        self._health, self._waiting = health, waiting

    @property
    def is_running(self) -> bool:
        """Whether the node behind the doors lives."""
        return self._health().status != "stopped"

    def ask(self, caller: PartyId, verb: StewardVerb, body: bytes) -> Future[bytes]:
        """Hand a party's message to the steward."""
        return self._doors.node.post(caller, verb, body)

    def add_checkpoint(self, body: bytes) -> Future[bytes]:
        """Ask for a cosignature; who asks does not matter."""
        return self._doors.node.post(self._party, "add-checkpoint", body)

    def submit(self, statement: bytes) -> Future[bytes]:
        """Hand a statement to the sequencer, wherever that is; NotFoundError where no way leads there."""
        return self._sequencer().post(self._party, "submit", statement)

    def submit_all(self, statements: Sequence[bytes]) -> Future[bytes]:
        """Hand statements to the sequencer in their order; `read_submitted` reads the reply."""
        return self._sequencer().post(self._party, SUBMIT_ALL, encode(list(statements)))

    def checkpoint(self) -> Future[bytes]:
        """Ask for the newest checkpoint."""
        return self._read_log(logdoor.CHECKPOINT, b"")

    def tile(self, path: str) -> Future[bytes]:
        """Ask for a hash tile or an entry bundle by its path, from `tile/` on."""
        return self._read_log(logdoor.TILE, path.encode("utf-8", "replace"))

    def proof(self, index: int) -> Future[bytes]:
        """Ask for a statement's `.tlog-proof`."""
        return self._read_log(logdoor.PROOF, encode(index))

    def policy(self) -> Future[bytes]:
        """Ask for the tlog-policy of the document in force."""
        return self._read_log(logdoor.POLICY, b"")

    def cosigned(self, origin_hash: bytes) -> Future[bytes]:
        """Ask for the newest checkpoint that this node has cosigned for an origin."""
        return (self._doors.read or self._doors.node).post(self._party, logdoor.COSIGNED, origin_hash)

    def founding(self) -> dict[str, Any]:
        """Return the document in force and the statement that founded the consortium, in hex."""
        return {"document": json.loads(self._consortium().raw), "genesis": self._genesis.hex()}

    @property
    def health(self) -> Health:
        """How the node stands, at once: its thread may be busy for long."""
        return self._health()

    @property
    def waiting(self) -> int:
        """How many requests wait for the node's thread."""
        return self._waiting()

    def _sequencer(self) -> Door:
        door = self._doors.log or self._doors.relay
        if door is None:
            raise NotFoundError("this node does not order the log")
        return door

    def _read_log(self, verb: str, body: bytes) -> Future[bytes]:
        return (self._doors.read or self._doors.log or self._doors.node).post(self._party, verb, body)
