"""Real sockets that behave badly: slow, endless, truncated, somewhere else, or not who they say."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support_client import FORMS, Asynchronous, Synchronous

from hanse_client import Limits
from hanse_client.errors import NodeUnavailableError, RedirectError
from hanse_client.testing import FakeHanse

TRUST = FakeHanse().trust
Form = type[Synchronous] | type[Asynchronous]
ONCE = Limits(attempts=1, read_s=5, deadline_s=5)


@pytest.fixture(params=list(FORMS))
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run `serve` on each connection, one after the other; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stopped = threading.Event()

        def run() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(10)
                    try:
                        serve(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopped.set()
            thread.join()


def read_request(connection: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65_536)
    return raw


def refused(form: Form, port: int, limits: Limits, scheme: str = "http") -> NodeUnavailableError:
    hanse = form(f"{scheme}://127.0.0.1:{port}", api_key="key", trust=TRUST, limits=limits)
    try:
        with pytest.raises(NodeUnavailableError) as caught:
            hanse.log()
        return caught.value
    finally:
        hanse.close()


def test_silence_ends_by_the_read_timeout(form: Form) -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    with listening(serve) as port:
        error = refused(form, port, Limits(attempts=1, read_s=0.1, deadline_s=5))
    assert "ReadTimeout" in str(error)


def test_an_endless_drip_ends_by_the_deadline(form: Form) -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.01)

    with listening(serve) as port:
        error = refused(form, port, Limits(attempts=1, read_s=5, deadline_s=0.2))
    assert "ReadTimeout" in str(error)


def test_an_endless_body_ends_by_its_length(form: Form) -> None:
    connections = []

    def serve(connection: socket.socket) -> None:
        connections.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1000\r\n" + bytes(4_096) + b"\r\n")

    with listening(serve) as port:
        error = refused(form, port, Limits(read_s=5, deadline_s=5, body_bytes=100_000))
    assert "UnwantedError" in str(error)
    assert len(connections) == 1


BROKEN = {
    "a body that is too short": b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
    "a head that is cut": b"HTTP/1.1 200 OK\r\ncontent-le",
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an encoding that was not asked for": (
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"
    ),
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_none(form: Form, raw: bytes) -> None:
    connections = []

    def serve(connection: socket.socket) -> None:
        connections.append(read_request(connection))
        connection.sendall(raw)

    with listening(serve) as port:
        refused(form, port, ONCE)
    assert len(connections) == 1


def test_nobody_listens(form: Form) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "ConnectError" in str(refused(form, port, ONCE))


def test_a_redirect_is_not_followed(form: Form) -> None:
    seen = []

    def elsewhere(connection: socket.socket) -> None:
        seen.append(read_request(connection))

    with listening(elsewhere) as other:

        def serve(connection: socket.socket) -> None:
            read_request(connection)
            location = f"http://127.0.0.1:{other}/".encode()
            head = b"HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\n"
            connection.sendall(head + b"location: " + location + b"\r\n\r\n")

        with listening(serve) as port:
            hanse = form(f"http://127.0.0.1:{port}", api_key="key", trust=TRUST)
            with pytest.raises(RedirectError):
                hanse.log()
            hanse.close()
    assert not seen


def test_what_goes_out(form: Form) -> None:
    heads = []

    def serve(connection: socket.socket) -> None:
        heads.append(read_request(connection).decode().lower())

    with listening(serve) as port:
        hanse = form(f"http://127.0.0.1:{port}/node/", api_key="Key", trust=TRUST, limits=ONCE)
        with pytest.raises(NodeUnavailableError):
            hanse.consortium()
        hanse.close()
    (head,) = heads
    assert head.startswith("get /node/v1/consortium http/1.1\r\n")
    assert "\r\nauthorization: bearer key\r\n" in head
    assert "\r\naccept-encoding: identity\r\n" in head
    assert "cookie" not in head


def test_a_certificate_that_nobody_vouches_for_is_refused(form: Form, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    answered = []

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            answered.append(read_request(wrapped))

    with listening(serve) as port:
        assert "ConnectError" in str(refused(form, port, ONCE, "https"))
    assert not answered


def test_the_environment_s_proxy_is_left_aside(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def proxy(connection: socket.socket) -> None:
        seen.append(read_request(connection))

    fake = FakeHanse()
    with listening(proxy) as port, fake.serve() as url:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
        hanse = form(url, api_key=fake.api_key, trust=fake.trust)
        assert hanse.log().size
        hanse.close()
    assert not seen


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=40_000))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


def test_a_transport_of_the_caller_s_own_is_used() -> None:
    fake, seen = FakeHanse(), []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return fake.respond(request)

    with fake.client(transport=httpx.MockTransport(respond)) as hanse:
        hanse.log()
    assert seen == ["/log/checkpoint"]
