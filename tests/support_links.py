"""An embedded consortium whose member reaches the stewards over HTTP, at servers that can be stopped."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from support_http import Served, signer_of
from support_node import FIRST, MEMBERS, after
from support_simulation import StillClock

from consortium_config.sample import STEWARDS, demo_document
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from node.bootstrap import KEYS_FILE, Embedded, Surroundings, found
from node.clocks import SystemClock
from node.dealt_keys import read_dealt_keys
from node.keyring import KeyRing
from node.links.parties import PartyLinks
from node.member import MemberNode
from node.service import Doors

ALDER = MEMBERS[0]


class HttpConsortium(Embedded):
    """`node` is ALDER's; `stop`, `hang` and `start` are done to a steward's server, never to its role."""

    def __init__(self, folder: Path) -> None:
        demo = demo_document(
            members=MEMBERS[:4], currency="EUR", exponent=2, first_month=FIRST, entropy=os.urandom
        )
        found(folder, demo)
        super().__init__(folder, Surroundings(clock=StillClock(after(FIRST))))
        self._ports: dict[PartyId, int] = {}
        self._servers: dict[PartyId, ExitStack] = {}
        self.served: dict[PartyId, Served] = {}
        self.urls: dict[PartyId, str] = {}
        """Where the member looks for each steward."""

    def __enter__(self) -> Self:
        for party in STEWARDS.values():
            self.start(party)
        plain = self.member(ALDER)
        keys = read_dealt_keys(self._home(ALDER) / KEYS_FILE)
        self.links = PartyLinks(
            in_force=lambda: self.in_force,
            party=ALDER,
            signer=signer_of(self.consortium, ALDER, keys.statement),
            urls=self.urls,
            clock=SystemClock(),
            entropy=os.urandom,
        )
        self._open.callback(self.links.close)
        self.node = MemberNode(standing=plain.standing, links=self.links.stewards)
        return self

    @property
    def in_force(self) -> Consortium:
        """The document in force, by the member's copy of the log."""
        return self.member(ALDER).standing.in_force

    def start(self, party: PartyId) -> None:
        """Serve a steward, at its old place where it had one."""
        self.stop(party)
        served = Served(self._ports.get(party, 0))
        self._ports[party], self.served[party] = served.port, served
        self.urls[party] = served.url
        keys = KeyRing(read_dealt_keys(self._home(party) / KEYS_FILE))
        public = self.consortium.parties[party].statement_key
        served.start(party, self.consortium, Doors(node=self.door(party)), keys.key(public))
        self._put(party).callback(served.close)

    def stop(self, party: PartyId) -> None:
        """Close a steward's server, or what hangs in its place."""
        if party in self._servers:
            self._servers.pop(party).close()

    def hang(self, party: PartyId) -> None:
        """Put something in a server's place that takes connections and never answers."""
        self.stop(party)
        silent = socket.create_server(("127.0.0.1", self._ports[party]))
        self._put(party).callback(silent.close)

    def _put(self, party: PartyId) -> ExitStack:
        self._servers[party] = self._open.enter_context(ExitStack())
        return self._servers[party]
