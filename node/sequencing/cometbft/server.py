"""The ABCI socket: four connections of CometBFT on a Unix socket, requests answered in the order they came.

What the application cannot answer any more (a broken invariant, a lost database) closes the connections, and
CometBFT ends with them: both are started again as a pair.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from hanse_ledger.errors import LedgerError, MalformedError, UnavailableError
from hanse_ledger.ids import PartyId
from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.frames import FrameReader, encode_frame
from node.wire import Door

_log = logging.getLogger(__name__)

ABCI: Final = "abci"
COMETBFT: Final = PartyId("cometbft")
"""Whose messages the socket's are, at the application's door."""
_START_S: Final = 30.0
_FLUSH: Final = abci.Request(flush=abci.Empty()).SerializeToString()
_FLUSHED: Final = abci.Response(flush=abci.Empty()).SerializeToString()


def answer_bytes(application: Application, body: bytes) -> bytes:
    """Answer one request's bytes; to one that cannot be read, an exception that changes nothing."""
    try:
        request = abci.Request.FromString(body)
    except DecodeError:
        return _exception("not an ABCI request")
    try:
        return application.answer(request).SerializeToString()
    except MalformedError as error:
        return _exception(str(error))


def _exception(sentence: str) -> bytes:
    return abci.Response(exception=abci.ExceptionResponse(error=sentence)).SerializeToString()


class AbciServer:
    """Listens in a thread of its own, and asks at the application's door."""

    def __init__(self, path: Path, door: Door) -> None:
        """Listen on a Unix socket at `path`; what an earlier run left there is removed."""
        self._path, self._door = path, door
        self._loop = asyncio.new_event_loop()
        self._listening: Future[None] = Future()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="abci", daemon=True)
        self._thread.start()
        self._listening.result(_START_S)

    def stop(self) -> None:
        """Close the socket and its connections."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._path.unlink(missing_ok=True)
        connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_Connection(reader, writer, self._ask).run())
            connections[task] = writer
            task.add_done_callback(connections.pop)

        try:
            server = await asyncio.start_unix_server(meet, self._path)
        except OSError as error:
            self._listening.set_exception(error)
            return
        self._path.chmod(0o600)
        self._listening.set_result(None)
        await self._stopping.wait()
        server.close()
        for task, writer in list(connections.items()):
            task.cancel()
            # A task that has not begun closes nothing.
            writer.close()
        await asyncio.gather(*connections, return_exceptions=True)

    def _ask(self, body: bytes) -> "asyncio.Future[bytes]":
        if body == _FLUSH:
            # It comes with every request, and says that what came before is to be answered: it is, in order.
            flushed: asyncio.Future[bytes] = self._loop.create_future()
            flushed.set_result(_FLUSHED)
            return flushed
        return asyncio.wrap_future(self._door.post(COMETBFT, ABCI, body))


class _Connection:
    """One connection: reads frames as they come, writes answers in the same order."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ask: Callable[[bytes], "asyncio.Future[bytes]"],
    ) -> None:
        self._reader, self._writer, self._ask = reader, writer, ask
        self._answers: asyncio.Queue[asyncio.Future[bytes] | None] = asyncio.Queue()

    async def run(self) -> None:
        writing = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            self._answers.put_nowait(None)
            try:
                await writing
            finally:
                self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _read(self) -> None:
        frames = FrameReader()
        try:
            while received := await self._reader.read(1 << 16):
                for frame in frames.feed(received):
                    self._answers.put_nowait(self._ask(frame))
        except (ConnectionError, MalformedError) as error:
            _log.warning("an ABCI connection is closed: %s", error)

    async def _write(self) -> None:
        try:
            while (answer := await self._answers.get()) is not None:
                self._writer.write(encode_frame(await answer))
                if self._answers.empty():
                    await self._writer.drain()
        except (ConnectionError, LedgerError) as error:
            if isinstance(error, UnavailableError):
                _log.critical("the application has stopped; CometBFT ends with it")
            self._writer.transport.abort()
            while (answer := await self._answers.get()) is not None:
                # Nobody is told any more: what becomes of these does not matter.
                answer.add_done_callback(asyncio.Future.exception)
