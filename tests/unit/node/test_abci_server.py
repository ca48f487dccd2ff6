"""The ABCI socket: whatever bytes come, however cut, it answers in order or ends the connection."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_consortium import DESK, Ledger, canonical, document, genesis_body, log_key

from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.frames import FRAME_BYTES_MOST, FrameReader, encode_frame
from node.sequencing.cometbft.outcomes import Outcomes
from node.sequencing.cometbft.sequencer import application_door
from node.sequencing.cometbft.server import AbciServer
from node.sequencing.replica import Replica
from node.storage.database import Database
from node.wire import Handler, Mailbox, Service

ECHO = [abci.Request(echo=abci.EchoRequest(message=text)) for text in ("", "one", "2" * 200)]
FLUSH = abci.Request(flush=abci.Empty())
ROW = [*ECHO, FLUSH, abci.Request(query=abci.QueryRequest()), abci.Request(check_tx=abci.CheckTxRequest())]
_PATIENCE_S = 30


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    """Where an application listens. Unix sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="hanse-") as folder:
        place = Path(folder) / "abci.sock"
        mailbox = Mailbox()

        def build() -> tuple[Handler, Callable[[], None]]:
            database = Database(Path(folder) / "log.sqlite")
            ledger = Ledger()
            application = Application(
                replica=Replica(database),
                log_key=log_key(DESK),
                outcomes=Outcomes(),
                genesis=ledger.sign(DESK, genesis_body(canonical(document()))),
            )
            return application_door(application), database.close

        service = Service(mailbox, build)
        server = AbciServer(place, mailbox)
        yield place
        server.stop()
        service.stop()


def connect(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(_PATIENCE_S)
    made.connect(str(path))
    return made


def framed(*requests: abci.Request) -> bytes:
    return b"".join(encode_frame(one.SerializeToString()) for one in requests)


def answers(connection: socket.socket, count: int) -> list[abci.Response]:
    """The next answers; fewer where the connection ends."""
    reader, found = FrameReader(), list[abci.Response]()
    while len(found) < count and (received := connection.recv(1 << 16)):
        found += [abci.Response.FromString(frame) for frame in reader.feed(received)]
    return found


def check_serves(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.sendall(framed(*ROW))
        found = answers(connection, len(ROW))
    assert [one.WhichOneof("value") for one in found] == [one.WhichOneof("value") for one in ROW]
    assert [one.echo.message for one in found[:3]] == [one.echo.message for one in ECHO]
    assert (found[-2].query.code, found[-1].check_tx.code) == (1, 1)


def test_answers_come_in_order_wherever_the_bytes_are_cut(path: Path) -> None:
    raw = framed(*ROW)
    for cut in range(len(raw) + 1):
        with closing(connect(path)) as connection:
            connection.sendall(raw[:cut])
            connection.sendall(raw[cut:])
            found = answers(connection, len(ROW))
        assert [one.WhichOneof("value") for one in found] == [one.WhichOneof("value") for one in ROW]


def test_byte_by_byte(path: Path) -> None:
    with closing(connect(path)) as connection:
        for byte in framed(*ROW):
            connection.sendall(bytes([byte]))
        assert len(answers(connection, len(ROW))) == len(ROW)


@pytest.mark.parametrize(
    "body", [b"\xff\xff\xff", b"\x0a\xff", abci.Request().SerializeToString(), b"\xfa\x01\x00"]
)
def test_a_message_that_is_no_request_is_answered_by_an_exception(path: Path, body: bytes) -> None:
    with closing(connect(path)) as connection:
        connection.sendall(encode_frame(body) + framed(FLUSH))
        found = answers(connection, 2)
    assert [one.WhichOneof("value") for one in found] == ["exception", "flush"]


@pytest.mark.parametrize("head", [b"\xff" * 10, b"\xff\xff\xff\xff\x7f", b"\x81\x80\x80\x40"])
def test_a_length_beyond_reason_ends_the_connection_and_nothing_else(path: Path, head: bytes) -> None:
    assert FRAME_BYTES_MOST < 1 << 28
    with closing(connect(path)) as connection:
        connection.sendall(framed(FLUSH) + head)
        assert len(answers(connection, 2)) == 1
    check_serves(path)


def test_who_goes_in_the_middle_of_a_message_is_let_go(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.sendall(framed(FLUSH) + framed(*ROW)[:-3])
    check_serves(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(max_size=300), max_size=8))
def test_garbage_is_answered_or_ends_its_connection(path: Path, chunks: list[bytes]) -> None:
    with closing(connect(path)) as connection:
        try:
            for chunk in chunks:
                connection.sendall(chunk)
            connection.shutdown(socket.SHUT_WR)
            answers(connection, 1 << 20)
        except (BrokenPipeError, ConnectionResetError):
            pass
    check_serves(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    txs=st.lists(st.binary(max_size=200), max_size=5), kind=st.sampled_from(["check", "prepare", "process"])
)
def test_transactions_of_any_bytes_are_answered(path: Path, txs: list[bytes], kind: str) -> None:
    requests = {
        "check": [abci.Request(check_tx=abci.CheckTxRequest(tx=tx)) for tx in txs],
        "prepare": [
            abci.Request(prepare_proposal=abci.PrepareProposalRequest(txs=txs, max_tx_bytes=1 << 20))
        ],
        "process": [abci.Request(process_proposal=abci.ProcessProposalRequest(txs=txs))],
    }[kind]
    with closing(connect(path)) as connection:
        connection.sendall(framed(*requests))
        found = answers(connection, len(requests))
    assert all(one.check_tx.code for one in found if one.HasField("check_tx"))
    assert not any(one.prepare_proposal.txs for one in found)
    assert len(found) == len(requests)
