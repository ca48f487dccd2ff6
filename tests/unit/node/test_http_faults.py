"""What a node on a bad network, or a bad node, may do to a caller: a clear error each, no hang, no leak.

Each peer is a plain socket that sends what a test wrote down, byte by byte.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support_consortium import ALDER, BIRCH, canonical, document, statement_key
from support_http import replies_of, signer_of
from support_peer import TYPE, Peer

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import StewardX
from node.links.breaker import Breaker
from node.links.http import HttpCaller
from node.links.steward import BYTES, HttpLink
from node.wire import reply_of

CONSORTIUM = parse_document(canonical(document()))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/cose\r\n"
DEADLINE_S = 0.6


@dataclass
class RawPeer:
    """Reads one request on each connection and does what `play` says with the socket."""

    play: Callable[[socket.socket], None]
    connections: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # closed by the test
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._play, args=[connection], daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:  # the caller has given up
            connection.recv(65_536)
            self.play(connection)

    def close(self) -> None:
        # A blocked accept is not ended by `close` alone.
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def says(content: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(content)


def stalls(content: bytes) -> Callable[[socket.socket], None]:
    def play(connection: socket.socket) -> None:
        connection.sendall(content)
        connection.recv(1)

    return play


def drips(content: bytes) -> Callable[[socket.socket], None]:
    """Send a byte at a time, for ever: no silence is ever long."""

    def play(connection: socket.socket) -> None:
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return play


FAULTS: dict[str, Callable[[socket.socket], None]] = {
    "closed at once": says(b""),
    "closed in the status line": says(b"HTTP/1.1 2"),
    "closed in the header": says(HEAD + b"content-len"),
    "closed in the body": says(HEAD + b"content-length: 100\r\n\r\nhalf"),
    "closed in a chunk": says(HEAD + b"transfer-encoding: chunked\r\n\r\n10\r\nhalf"),
    "no last chunk": says(HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    "longer than it says": says(HEAD + b"content-length: 2\r\n\r\nmore than two"),
    "another protocol": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "HTTP/2": says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "garbage": says(bytes(range(256)) * 4),
    "a status that is none": says(b"HTTP/1.1 9999 Fine\r\n\r\n"),
    "two lengths": says(HEAD + b"content-length: 4\r\ncontent-length: 5\r\n\r\nhalf!"),
    "a length below zero": says(HEAD + b"content-length: -1\r\n\r\n"),
    "a chunk that has no size": says(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n"),
    "a header without end": says(HEAD + b"x-long: " + b"a" * 200_000),
    "headers without end": says(HEAD + b"x-more: 1\r\n" * 20_000),
    "unsigned": says(HEAD + b"content-length: 4\r\n\r\nfine"),
    "a redirect": says(b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"),
    "compressed": says(HEAD + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\nfine"),
    "silent": stalls(b""),
    "silent in the header": stalls(HEAD),
    "silent in the body": stalls(HEAD + b"content-length: 100\r\n\r\nhalf"),
    "dripping a body": drips(HEAD + b"content-length: 100000\r\n\r\n"),
    "dripping a header": drips(HEAD + b"x-slow: "),
    "going on after its reply": drips(HEAD + b"content-length: 4\r\n\r\nfine"),
}


@pytest.fixture
def peers() -> Iterator[list[RawPeer]]:
    made: list[RawPeer] = []
    yield made
    for peer in made:
        peer.close()


def caller(url: str | Callable[[], str], moment: Callable[[], float] = time.monotonic) -> HttpCaller:
    return HttpCaller(
        base_url=url,
        signer=signer_of(CONSORTIUM, ALDER, statement_key(ALDER)),
        replies=replies_of(CONSORTIUM, BIRCH),
        entropy=os.urandom,
        breaker=Breaker(entropy=os.urandom, now=moment),
        deadline_s=DEADLINE_S,
        pause_s=0.001,
    )


def open_sockets() -> int:
    """How many sockets this process has open."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            count += str(link.readlink()).startswith("socket:")
    return count


@pytest.mark.parametrize("play", FAULTS.values(), ids=FAULTS)
def test_a_peer_that_misbehaves_is_unavailable_and_found_again_when_it_is_well(
    peers: list[RawPeer], play: Callable[[socket.socket], None]
) -> None:
    moment = [1_000.0]
    bad, good = RawPeer(play), Peer()
    peers.append(bad)
    urls = [bad.url]
    link = HttpLink(caller=caller(lambda: urls[0], lambda: moment[0]), party=BIRCH, x=StewardX(2))
    good.answer = lambda _count: (200, BYTES, b"fine")
    for _ in range(3):
        with pytest.raises(UnavailableError) as caught:
            # Far longer than its deadline: a link that hangs shows here.
            reply_of(link.ask("shares", b"sealed bytes"), 60)
        assert "no reply in time" not in str(caught.value)
    assert 1 <= bad.connections <= 5
    urls[0] = good.url
    moment[0] += 100
    assert reply_of(link.ask("shares", b"sealed bytes"), 20) == b"fine"
    assert link.state().circuit == "closed"
    link.close()
    good.close()


def test_a_peer_that_takes_no_more_in_the_middle_of_a_request(peers: list[RawPeer]) -> None:
    """The body is larger than what sockets hold; the peer reads its beginning and waits, or closes."""
    for play in (stalls(b""), says(b"")):
        peers.append(RawPeer(play))
        to = caller(peers[-1].url)
        with pytest.raises(UnavailableError):
            to.post("/v1/shares", bytes(32 << 20), BYTES, is_signed=True, reply_type=BYTES)
        to.close()


def test_nothing_is_left_open() -> None:
    before = open_sockets()
    for play in FAULTS.values():
        peer = RawPeer(play)
        to = caller(peer.url)
        with suppress(UnavailableError):
            to.post("/v1/shares", b"", BYTES, is_signed=True, reply_type=TYPE)
        to.close()
        peer.close()
    ends_at = time.monotonic() + 10
    while open_sockets() > before and time.monotonic() < ends_at:
        time.sleep(0.05)
    assert open_sockets() <= before


def test_a_reply_is_taken_though_the_peer_closes_after_it() -> None:
    """Keep-alive is an offer: a peer that closes a connection that was kept is asked on another one."""
    peer = Peer()
    peer.answer = lambda _count: (200, BYTES, b"fine")
    peer.more = {"connection": "close"}
    to = caller(peer.url)
    for _ in range(5):
        assert to.post("/v1/shares", b"", BYTES, is_signed=True, reply_type=BYTES) == b"fine"
    assert len(peer.signatures) == 5
    to.close()
    peer.close()
