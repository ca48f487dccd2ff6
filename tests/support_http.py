"""A node's HTTP interface on loopback, served from a thread of the test's own process.

Its own people's database is a fresh one; `API_KEY` has every scope.
"""

import hashlib
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from support_consortium import statement_key

from api.app import create_app
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.bootstrap import Surroundings
from node.clocks import SystemClock, system_entropy
from node.links.gate import Gate
from node.links.replies import ReplyVerifier
from node.links.signatures import RequestSigner
from node.own.service import OwnService
from node.ports import Clock
from node.service import Doors, NodeService
from node.storage.database import Database

API_KEY = "an-api-key-of-this-test-alone"
_START_S = 20


class Served:
    """A server on a free port, or a given one, that was bound before it is told whom it serves."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open = ExitStack()
        self.own: OwnService
        self.service: NodeService
        self._open.callback(self._socket.close)

    def start(
        self,
        party: PartyId,
        consortium: Consortium,
        doors: Doors,
        key: SigningKey | None = None,
        **more: Any,
    ) -> None:
        """Serve a party's node behind doors; `key` signs its replies, `more` are NodeService's."""
        options = more.pop("options", None)
        database = more.pop("database", None) or self._database()
        around = Surroundings(clock=more.pop("clock", None) or SystemClock())
        self.own = OwnService(
            database=database,
            party=party,
            consortium=lambda: consortium,
            door=doors.node,
            around=around,
            configured=[hashlib.sha256(API_KEY.encode()).hexdigest()],
        )
        gate = Gate(
            url=lambda: self.url,
            consortium=lambda: consortium,
            party=party,
            key=lambda: key or statement_key(party),
            clock=around.clock,
        )
        given = {"genesis": b"genesis", "own": self.own, **more}
        self.service = NodeService(
            party=party, consortium=lambda: consortium, gate=gate, doors=doors, **given
        )
        config = uvicorn.Config(
            create_app(self.service, options), log_config=None, access_log=False, lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        thread.start()
        self._open.callback(thread.join)
        self._open.callback(lambda: setattr(server, "should_exit", True))
        ends_at = time.monotonic() + _START_S
        while not server.started:
            assert time.monotonic() < ends_at
            time.sleep(0.005)

    def close(self) -> None:
        self._open.close()

    def _database(self) -> Database:
        folder = Path(self._open.enter_context(TemporaryDirectory()))
        database = Database(folder / "own.sqlite")
        self._open.callback(database.close)
        return database


def signer_of(
    consortium: Consortium, caller: PartyId, key: SigningKey, clock: Clock | None = None
) -> RequestSigner:
    return RequestSigner(
        consortium=consortium.id,
        party=caller,
        key=lambda: key,
        clock=clock or SystemClock(),
        entropy=system_entropy,
    )


def replies_of(consortium: Consortium, party: PartyId) -> ReplyVerifier:
    return ReplyVerifier(consortium=lambda: consortium, party=party, clock=SystemClock())
