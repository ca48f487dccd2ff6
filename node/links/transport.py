"""Connections that keep to a deadline, whatever the other side does with them.

httpx's timeouts bound each wait for the network, not their sum: who sends a byte now and then is never silent
for long. Here every wait on a socket ends at the deadline of the request that it serves as well.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final

import httpcore
import httpx

from node.errors import SettingsError

_WRITE_BYTES: Final = 1 << 16
_FAULTS: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


@cache
def trusted_roots() -> ssl.SSLContext:
    """Return whom HTTPS trusts: the usual authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR name.

    Reading them takes 20 ms, and a node has some twenty callers. Raises SettingsError where that fails.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one: a file that holds no certificates
        raise SettingsError("SSL_CERT_FILE or SSL_CERT_DIR: no certificates can be read there") from error


class DeadlineTransport(httpx.BaseTransport):
    """A pool of HTTP/1.1 connections. Any thread may use it, each under a deadline of its own."""

    def __init__(
        self,
        *,
        connections_most: int,
        idle_s: float,
        trusted: ssl.SSLContext | None = None,
        address_of: Callable[[str], str] = lambda host: host,
    ) -> None:
        """Trust the usual roots, or only `trusted`; `address_of` says to which address a host's name leads.

        What it gives is connected to as it is, so nobody changes the name's address between a look at it and
        its use; certificates are held against the name.
        """
        self._local = threading.local()
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted or trusted_roots(),
            max_connections=connections_most,
            max_keepalive_connections=connections_most,
            keepalive_expiry=idle_s,
            network_backend=_Backend(self._left_s, address_of),
        )

    @contextmanager
    def until(self, ends_at: float) -> Iterator[None]:
        """Let what this thread sends and reads meanwhile end at a moment of the monotonic clock."""
        self._local.ends_at = ends_at
        try:
            yield
        finally:
            del self._local.ends_at

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises httpx.TransportError."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _faults():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _left_s(self) -> float:
        ends_at: float = getattr(self._local, "ends_at", float("inf"))
        return ends_at - time.monotonic()


class _Body(httpx.SyncByteStream):
    """A reply's body as it comes."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _faults():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Backend(httpcore.NetworkBackend):
    """Makes connections that ask how much time is left."""

    def __init__(self, left_s: Callable[[], float], address_of: Callable[[str], str]) -> None:
        self._left_s, self._address_of = left_s, address_of
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within the deadline."""
        address = self._address_of(host)
        stream = self._plain.connect_tcp(
            address, port, _least(timeout, self._left_s()), local_address, socket_options
        )
        return _Stream(stream, self._left_s)


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream, left_s: Callable[[], float]) -> None:
        self._stream, self._left_s = stream, left_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, or wait for it within the deadline."""
        return self._stream.read(max_bytes, _least(timeout, self._left_s()))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all within the deadline: in pieces, for each has the whole of `timeout`."""
        for start in range(0, len(buffer), _WRITE_BYTES):
            piece = buffer[start : start + _WRITE_BYTES]
            self._stream.write(piece, _least(timeout, self._left_s()))

    def close(self) -> None:
        """Close it, and wake whoever waits for it."""
        connection = self._stream.get_extra_info("socket")
        with suppress(OSError):  # the other side was first
            connection.shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on under TLS."""
        timeout = _least(timeout, self._left_s())
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._left_s)

    def get_extra_info(self, info: str) -> Any:
        """Tell the pool what it asks of the socket."""
        return self._stream.get_extra_info(info)


def _least(timeout: float | None, left_s: float) -> float:
    if left_s <= 0:
        raise httpcore.ReadTimeout("the request's time is over")
    return left_s if timeout is None else min(timeout, left_s)


@contextmanager
def _faults() -> Iterator[None]:
    """Raise what goes wrong below as httpx names it."""
    try:
        yield
    except _FAULTS as error:
        raise httpx.TransportError(str(error)) from error
