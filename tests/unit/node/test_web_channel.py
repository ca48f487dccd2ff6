"""A web worker and its writer: doors behind a pair of sockets, one memory of requests, one signing key."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from support_consortium import ALDER, BIRCH, canonical, document, statement_key

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import CheckpointConflictError, LedgerError, MalformedError, UnavailableError
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import verify_signature
from node.errors import RequestSignatureError
from node.health import Agreed, Health, Problem
from node.links.replays import Replays
from node.web.channel import WorkerEnd, WriterEnd
from node.web.now import Desk, Now, WriterDesk
from node.wire import Handler, Mailbox, Service, reply_of

CONSORTIUM = parse_document(canonical(document()))
HEALTH = Health(
    size=7,
    checkpoint_size=6,
    sequencer_size=9,
    last_contact=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    problems=(Problem(code="fork", since=datetime(2026, 1, 1, tzinfo=UTC), evidence="a.json"),),
    peers={ALDER: "open"},
    agreement=Agreed(height=12, peers=3, is_catching_up=True, power=0, restarts=1),
    halted=True,
)
WAIT_S = 30


class Node:
    """A writer with a mailbox, and any number of workers."""

    def __init__(self) -> None:
        self.open = ExitStack()
        self.hold = threading.Event()
        self.hold.set()
        self.now = Now(in_force=CONSORTIUM, cosigned=None, health=HEALTH, waiting=3)
        self._mailbox = Mailbox()
        handler: Handler = self._handle
        self.open.callback(Service(self._mailbox, lambda: (handler, lambda: None)).stop)
        self._desk = WriterDesk(now=lambda: self.now, key=lambda: statement_key(ALDER), once=Replays())

    def worker(self) -> tuple[WriterEnd, WorkerEnd]:
        ours, theirs = socket.socketpair()
        writers = WorkerEnd(ours, {"node": self._mailbox, "desk": self._desk})
        self.open.callback(writers.close)
        return WriterEnd(theirs), writers

    def desk(self) -> Desk:
        return Desk(self.worker()[0].door("desk"), ALDER)

    def _handle(self, caller: PartyId, verb: str, body: bytes) -> bytes:
        assert self.hold.wait(WAIT_S)
        if verb == "conflict":
            raise CheckpointConflictError("7")
        return b" ".join([caller.encode(), verb.encode(), body])


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    with made.open:
        yield made


def test_requests_and_refusals_come_back_to_whoever_asked(node: Node) -> None:
    for door in (node.worker()[0].door("node"), node.worker()[0].door("node")):
        asked = [door.post(BIRCH, "verb", str(number).encode()) for number in range(50)]
        assert [reply_of(one, WAIT_S) for one in asked] == [f"birch verb {n}".encode() for n in range(50)]
        with pytest.raises(CheckpointConflictError, match=r"^7$"):
            reply_of(door.post(BIRCH, "conflict", b""), WAIT_S)


def test_a_large_body_goes_both_ways(node: Node) -> None:
    body = bytes(range(256)) * 40_000
    reply = reply_of(node.worker()[0].door("node").post(ALDER, "x", body), WAIT_S)
    assert reply == b"alder x " + body


def test_a_worker_that_does_not_read_holds_nobody_up(node: Node) -> None:
    ours, theirs = socket.socketpair()
    stuck = WorkerEnd(ours, {"node": _Large()})
    raw = bytes.fromhex("85 00 64 6e6f6465 65 616c646572 61 78 40")
    with theirs:
        for _ in range(20):
            theirs.sendall(len(raw).to_bytes(4, "big") + raw)
        # Twenty replies of a megabyte wait for a worker that reads none of them.
        assert reply_of(node.worker()[0].door("node").post(ALDER, "x", b"y"), WAIT_S) == b"alder x y"
        stuck.close()


class _Large:
    def post(self, _caller: PartyId, _verb: str, _body: bytes) -> Future[bytes]:
        future: Future[bytes] = Future()
        future.set_result(bytes(1 << 20))
        return future


def test_whoever_waits_hears_that_the_writer_is_gone(node: Node) -> None:
    node.hold.clear()
    worker, writers = node.worker()
    asked = worker.door("node").post(ALDER, "x", b"")
    writers.close()
    with pytest.raises(UnavailableError):
        reply_of(asked, WAIT_S)
    assert worker.has_ended.wait(WAIT_S)
    with pytest.raises(UnavailableError):
        reply_of(worker.door("node").post(ALDER, "x", b""), WAIT_S)
    node.hold.set()


def test_a_request_is_taken_once_by_all_workers_together(node: Node) -> None:
    one, other = node.desk(), node.desk()
    one.once(BIRCH, "nonce", created=100, now=100)
    for desk in (one, other):
        with pytest.raises(RequestSignatureError, match="seen"):
            desk.once(BIRCH, "nonce", created=100, now=101)
    other.once(ALDER, "nonce", created=100, now=101)
    other.once(BIRCH, "another", created=100, now=101)


def test_a_worker_signs_with_a_key_that_it_does_not_have(node: Node) -> None:
    signature = node.desk().sign(b"message")
    verify_signature(public=statement_key(ALDER).public, message=b"message", signature=signature)


def test_a_worker_knows_how_the_node_stands(node: Node) -> None:
    desk = node.desk()
    assert desk.now() == node.now
    node.now = Now(in_force=CONSORTIUM, cosigned=b"note", health=Health(stopped=True), waiting=0)
    assert desk.now() == node.now


def test_a_message_that_there_is_not(node: Node) -> None:
    with pytest.raises(MalformedError):
        reply_of(node.worker()[0].door("desk").post(ALDER, "more", b""), WAIT_S)


def test_every_refusal_keeps_its_code(node: Node) -> None:
    del node
    ours, theirs = socket.socketpair()
    refused: Future[bytes] = Future()
    refused.set_exception(LedgerError("a sentence"))

    class Refusing:
        def post(self, _caller: PartyId, _verb: str, _body: bytes) -> Future[bytes]:
            return refused

    writers = WorkerEnd(ours, {"node": Refusing()})
    with pytest.raises(LedgerError, match=r"^a sentence$") as caught:
        reply_of(WriterEnd(theirs).door("node").post(ALDER, "x", b""), WAIT_S)
    assert type(caught.value) is LedgerError
    writers.close()
