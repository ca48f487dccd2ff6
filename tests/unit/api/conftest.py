"""A node's HTTP interface whose thread answers `{}` to all but one body, and notes what it was asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from support_consortium import BIRCH, DESK, canonical, document, log_key
from support_http import Served
from support_node import MEMBERS, Bench
from support_site import Site, open_site

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import BudgetError
from hanse_ledger.ids import PartyId
from node.logdoor import LogDoor, ordering, with_log
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.service import Doors
from node.storage.database import Database
from node.wire import Handler, ThreadHost

REFUSED = b"what the node refuses"


@pytest.fixture
def asked() -> list[tuple[str, str, bytes]]:
    """What reached the node's door: caller, verb, body."""
    return []


@pytest.fixture
def served(tmp_path: Path, asked: list[tuple[str, str, bytes]]) -> Iterator[Served]:
    host = ThreadHost()

    def log() -> tuple[Handler, Callable[[], None]]:
        database = Database(tmp_path / "log.sqlite")
        sequencer = SoloSequencer(replica=Replica(database), log_key=log_key(DESK))
        return with_log(ordering(sequencer), LogDoor(sequencer.replica)), database.close

    def node() -> tuple[Handler, Callable[[], None]]:
        def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
            asked.append((caller, verb, body))
            if body == REFUSED:
                raise BudgetError("enough")
            return b"{}"

        return handle, lambda: None

    host.start(DESK, log)
    host.start(BIRCH, node)
    made = Served()
    doors = Doors(node=host.door(BIRCH), log=host.door(DESK))
    made.start(DESK, parse_document(canonical(document())), doors)
    yield made
    made.close()
    host.close()


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    bench = Bench(tmp_path, members=MEMBERS[:4])
    with open_site(bench, MEMBERS[0]) as made:
        yield made
    bench.close()
