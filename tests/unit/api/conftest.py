"""A node's HTTP interface whose thread answers `{}` to all but one body, and notes what it was asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from support_asking import Ask, people_of
from support_consortium import BIRCH, DESK, canonical, document, log_key
from support_http import Served
from support_node import MEMBERS, Bench
from support_site import Site, open_site

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import BudgetError
from hanse_ledger.ids import PartyId
from node.logdoor import LogDoor, with_log
from node.sequencing.remote import serve_sequencer
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.service import Doors
from node.storage.database import Database
from node.wire import Handler, ThreadHost

REFUSED = b"what the node refuses"


Asked: TypeAlias = list[tuple[str, str, bytes]]
"""What reached the node's door: caller, verb, body."""


@pytest.fixture
def asked() -> Asked:
    return []


@pytest.fixture
def served(tmp_path: Path, asked: Asked) -> Iterator[Served]:
    with serving(tmp_path, asked) as made:
        yield made


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def heard() -> Asked:
    return []


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, heard: Asked) -> Iterator[Served]:
    """One node for all tests of a module that leave it as it was."""
    with serving(tmp_path_factory.mktemp("still"), heard) as made:
        yield made


@pytest.fixture(scope="module")
def still_client(still: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=still.url, trust_env=False, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def still_ask(still: Served, still_client: httpx.Client) -> Ask:
    return people_of(still, still_client)


@pytest.fixture
def still_asked(heard: Asked) -> Asked:
    heard.clear()
    return heard


@contextmanager
def serving(folder: Path, asked: Asked) -> Iterator[Served]:
    host = ThreadHost()

    def log() -> tuple[Handler, Callable[[], None]]:
        database = Database(folder / "log.sqlite")
        sequencer = SoloSequencer(replica=Replica(database), log_key=log_key(DESK))
        return with_log(serve_sequencer(sequencer), LogDoor(sequencer.replica)), database.close

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
def site(tmp_path: Path) -> Iterator[Site]:
    bench = Bench(tmp_path, members=MEMBERS[:4])
    with open_site(bench, MEMBERS[0]) as made:
        yield made
    bench.close()
