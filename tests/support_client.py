"""The client's two forms and the two nodes it is tried against: the fake, and a member's own over HTTP.

Both nodes know the same of `SHARED`, `THIN` and everybody else. Whatever a node sends can be edited on its
way (`Wiretap`), so that every attack runs against both.
"""

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
from support_embedded import MONTHS, SHARED, THIN, copy_of_tiny_demo
from support_http import API_KEY, Served

from hanse_client import AsyncHanse, Hanse
from hanse_client.config import Surroundings
from hanse_client.testing import FakeHanse, window
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import PartyId
from node.bootstrap import (
    CONSORTIUM_FILE,
    DATABASE_FILE,
    GENESIS_FILE,
    PARTIES_FOLDER,
    Embedded,
    clock_of,
)
from node.bootstrap import Surroundings as NodeSurroundings
from node.errors import NotFoundError
from node.handling import handler_of
from node.logdoor import LogDoor, with_log
from node.own.scopes import SCOPES
from node.own.service import OwnService
from node.own.stepper import Stepper
from node.own.verbs import member_verbs
from node.risk.audit import AuditChain
from node.service import Doors
from node.shared import Shared
from node.storage.database import Database
from node.wire import Handler, Mailbox, Service

ASH = PartyId("ash")
PURPOSE = "onboarding"
UNKNOWN = "ref:DEMO:NOBODY"
NOW = datetime(2024, 4, 1, 9, tzinfo=UTC)
WINDOWS = [((month,), "4-5", 5) for month in MONTHS]
"""Of `SHARED`: months, contributors, rows."""

__all__ = ["MONTHS", "SHARED", "THIN"]

Edit = Callable[[httpx.Request, httpx.Response], httpx.Response]


@dataclass(frozen=True)
class Place:
    """Where a node is found, and how time stands there."""

    url: str
    api_key: str
    trust: bytes
    surroundings: Surroundings
    audit: AuditChain | None = None
    """The node's, where there is one."""


class Wiretap:
    """What happens on a node's connections: requests are kept, answers can be edited.

    What stands in `instead` is answered first, one for each request, which then never reaches the node.
    """

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self.sent: list[httpx.Request] = []
        self.instead: list[httpx.Response | httpx.TransportError] = []

    @property
    def inquiries(self) -> list[httpx.Request]:
        """What was sent but for the requests for assessments, which come after answers."""
        return [request for request in self.sent if not request.url.path.endswith("/assessment")]

    def caught(self, request: httpx.Request) -> httpx.Response | None:
        self.sent.append(request)
        if not self.instead:
            return None
        first = self.instead.pop(0)
        if isinstance(first, httpx.TransportError):
            raise first
        return first

    def edited(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        for edit in self.edits:
            response = edit(request, response)
        return response


class Between(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """One client's connection, tapped."""

    def __init__(self, tap: Wiretap) -> None:
        self._tap = tap
        self._sync, self._async = httpx.HTTPTransport(), httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        caught = self._tap.caught(request)
        if caught is not None:
            return caught
        response = self._sync.handle_request(request)
        response.read()
        return self._tap.edited(request, response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        caught = self._tap.caught(request)
        if caught is not None:
            return caught
        response = await self._async.handle_async_request(request)
        await response.aread()
        return self._tap.edited(request, response)

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()


class Synchronous:
    """`Hanse`, with whatever gives values one by one as a list."""

    made = Hanse

    def __init__(self, *args: Any, **options: Any) -> None:
        self.client = Hanse(*args, **options)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.client, name)
        return value if not callable(value) else lambda *a, **k: _listed(value(*a, **k))

    def close(self) -> None:
        self.client.close()


class Asynchronous:
    """`AsyncHanse` called from outside a loop, on a loop of its own."""

    made = AsyncHanse

    def __init__(self, *args: Any, **options: Any) -> None:
        self._loop = asyncio.Runner()
        self.client = AsyncHanse(*args, **options)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.client, name)
        return value if not callable(value) else lambda *a, **k: self._loop.run(_awaited(value(*a, **k)))

    def close(self) -> None:
        self._loop.run(self.client.close())
        self._loop.close()


FORMS: dict[str, type[Synchronous] | type[Asynchronous]] = {"sync": Synchronous, "async": Asynchronous}


@dataclass
class Desk:
    """One node and one form of the client, and the connection between them."""

    place: Place
    form: type[Synchronous] | type[Asynchronous]
    between: Wiretap = field(default_factory=Wiretap)
    opened: ExitStack = field(default_factory=ExitStack)

    def connect(self, **options: Any) -> Any:
        """Return a client; closed with the test."""
        given = {
            "api_key": self.place.api_key,
            "trust": self.place.trust,
            "transport": Between(self.between),
            "surroundings": self.place.surroundings,
            **options,
        }
        made = self.form(self.place.url, **given)
        self.opened.callback(made.close)
        return made

    def at(self, **how: Any) -> Self:
        """Return the same with another time, sleep or chance."""
        return replace(self, place=replace(self.place, surroundings=replace(self.place.surroundings, **how)))


def fake_node() -> FakeHanse:
    """The fake, knowing what the tiny demo's consortium knows."""
    fake = FakeHanse(party=ASH, last_closed=MONTHS[-1], now_s=NOW.timestamp)
    fake.add(SHARED, *(window(month, rows=[(1, 1, 0)] * 5) for month in MONTHS))
    fake.assess(SHARED, grade="A", score=92)
    return fake


@contextmanager
def fake_place() -> Iterator[Place]:
    fake = fake_node()
    with fake.serve() as url:
        surroundings = Surroundings(now_s=NOW.timestamp, sleep=_no_sleep, sleep_async=_no_async_sleep)
        yield Place(url, fake.api_key, fake.trust, surroundings)


@contextmanager
def real_place(folder: Path) -> Iterator[Place]:
    """A member's node of an embedded consortium, behind the real HTTP interface."""
    home = copy_of_tiny_demo(folder)
    trust = (home / CONSORTIUM_FILE).read_bytes()
    clock = clock_of(home)
    mailbox, served = Mailbox(), Served()
    node = Service(mailbox, lambda: _member(home))
    database = Database(home / PARTIES_FOLDER / ASH / DATABASE_FILE)
    own = OwnService(
        database=database,
        party=ASH,
        consortium=lambda: parse_document(trust),
        door=mailbox,
        around=NodeSurroundings(clock=clock),
        configured=[hashlib.sha256(API_KEY.encode()).hexdigest()],
    )
    key = _key_of_an_analyst(own)
    genesis = (home / GENESIS_FILE).read_bytes()
    served.start(ASH, parse_document(trust), Doors(node=mailbox), genesis=genesis, clock=clock, own=own)
    stepper = Stepper(own, interval_s=60, monitors=False)
    surroundings = Surroundings(
        now_s=lambda: clock.now().timestamp(), sleep=_no_sleep, sleep_async=_no_async_sleep
    )
    try:
        yield Place(served.url, key, trust, surroundings, own.audit)
    finally:
        served.close()
        stepper.stop()
        database.close()
        node.stop()


def _key_of_an_analyst(own: OwnService) -> str:
    """Make a key with every scope that is bound to the person whom a demo calls `analyst`."""
    binding = own.people.bind("analyst")
    return own.keys.new(name="client", scopes=SCOPES, expires_at=None, binding=binding).secret


def _member(home: Path) -> tuple[Handler, Callable[[], None]]:
    opened = Embedded(home)
    member = opened.member(ASH)

    def others(_caller: PartyId, _verb: str, _body: bytes) -> bytes:
        raise NotFoundError("nothing for others here")

    handler = handler_of(member.standing, member_verbs(member), others, Shared(opened.consortium))
    return with_log(handler, LogDoor(member.standing.replica)), lambda: opened.__exit__(None, None, None)


def _no_sleep(_seconds: float) -> None:
    """Retries are counted, not awaited."""


async def _no_async_sleep(_seconds: float) -> None:
    """Retries are counted, not awaited."""


def _listed(value: Any) -> Any:
    return list(value) if inspect.isgenerator(value) else value


async def _awaited(value: Any) -> Any:
    if isinstance(value, AsyncIterator):
        return [one async for one in value]
    return await value
