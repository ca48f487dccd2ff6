"""What a web worker and its writer tell each other: length-prefixed CBOR over a pair of sockets of their own.

A request is [number, door, caller, verb, body]; its reply [number, body, null, null], or with a refusal's
code and message instead of the body. Neither end ever waits for the other to read.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Any, Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.ids import PartyId
from node.wire import Door, new_reply, rebuild_error

_LENGTH: Final = struct.Struct(">I")
_MESSAGE_BYTES_MOST: Final = 1 << 28
_GONE: Final = "the node's other process has stopped"


class _Line:
    """One end: what is to be sent goes out by a thread of its own, in order."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._send_all, name="to-process", daemon=True)
        self._thread.start()

    def send(self, message: list[Any]) -> None:
        """Leave a message to be sent."""
        raw = encode(message)
        self._outgoing.put(_LENGTH.pack(len(raw)) + raw)

    def received(self) -> Iterator[list[Any]]:
        """Give what comes, until the other end is gone."""
        with self._end.makefile("rb") as stream:
            while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
                (size,) = _LENGTH.unpack(head)
                raw = stream.read(size)
                if len(raw) < size:
                    return
                yield decode(raw, limit=_MESSAGE_BYTES_MOST)

    def close(self) -> None:
        """Send what is left, and end the line."""
        self._outgoing.put(None)
        self._thread.join()
        self._end.close()

    def shut(self) -> None:
        """Let both ends see that there is nothing more to come."""
        try:
            self._end.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself

    def _send_all(self) -> None:
        while (raw := self._outgoing.get()) is not None:
            try:
                self._end.sendall(raw)
            except OSError:
                continue  # the other process has ended: its reader says so


class WorkerEnd:
    """The writer's end: hands a worker's requests to doors, and the replies back as they come."""

    def __init__(self, end: socket.socket, doors: Mapping[str, Door]) -> None:
        self._line, self._doors = _Line(end), doors
        self._thread = threading.Thread(target=self._run, name="from-worker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give up the worker: what it asked for is done, and answered to nobody."""
        self._line.shut()
        self._thread.join()
        self._line.close()

    def _run(self) -> None:
        for number, door, caller, verb, body in self._line.received():
            future = self._doors[door].post(PartyId(caller), verb, body)
            future.add_done_callback(partial(self._reply, number))

    def _reply(self, number: int, future: Future[bytes]) -> None:
        error = future.exception()
        if error is None:
            self._line.send([number, future.result(), None, None])
        else:
            code = error.code if isinstance(error, LedgerError) else UnavailableError.code
            self._line.send([number, None, code, str(error)])


class WriterEnd:
    """A worker's end: the writer's doors, as doors. Any thread may post."""

    def __init__(self, end: socket.socket) -> None:
        self._line = _Line(end)
        self._numbers = count()
        self._waiting: dict[int, Future[bytes]] = {}
        self._lock = threading.Lock()
        self.has_ended = threading.Event()
        """Set once the writer is gone."""
        threading.Thread(target=self._run, name="from-writer", daemon=True).start()

    def door(self, name: str) -> Door:
        """Return one of the writer's doors."""
        return _WriterDoor(partial(self._post, name))

    def _post(self, door: str, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        future = new_reply()
        with self._lock:
            number = next(self._numbers)
            if not self.has_ended.is_set():
                self._waiting[number] = future
                self._line.send([number, door, caller, verb, body])
                return future
        future.set_exception(UnavailableError(_GONE))
        return future

    def _run(self) -> None:
        try:
            for number, body, code, message in self._line.received():
                with self._lock:
                    future = self._waiting.pop(number)
                if code is None:
                    future.set_result(body)
                else:
                    future.set_exception(rebuild_error(code, message))
        finally:
            with self._lock:
                self.has_ended.set()
                left, self._waiting = self._waiting, {}
            for future in left.values():
                future.set_exception(UnavailableError(_GONE))


class _WriterDoor:
    """A `Door` in another process."""

    def __init__(self, post: Callable[[PartyId, str, bytes], Future[bytes]]) -> None:
        self._post = post

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        """Send a request and return its future reply."""
        return self._post(caller, verb, body)
