"""Messages between parties in one process: bytes and errors by code cross, objects never do.

Each party that serves others has a mailbox and one thread that reads it (`ThreadHost`; a simulation brings a
host of its own). A channel holds the queue alone, so that nothing of a party can be reached from another
(`tests/architecture/test_separation.py`).
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, Protocol, TypeAlias

from hanse_ledger.codec import decode
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from node.ports import StewardVerb

_log = logging.getLogger(__name__)
_SUBMITTED_LIMIT: Final = 1 << 16

Handler: TypeAlias = Callable[[PartyId, str, bytes], bytes]
"""(caller, verb, body) -> reply; raises LedgerError."""
Build: TypeAlias = Callable[[], tuple[Handler, Callable[[], None]]]
"""Opens a party's node from its folder and returns its handler, and what closes the node."""


class Door(Protocol):
    """Where a party that serves others is asked."""

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        """Leave a request and return its future reply."""
        ...


class Host(Protocol):
    """Runs the parties of one process that serve others. A party's door may be had before it is started."""

    def door(self, party: PartyId) -> Door:
        """Return a party's door, the same at every call."""
        ...

    def start(self, party: PartyId, build: Build) -> None:
        """Open the node behind a door."""
        ...

    def close(self) -> None:
        """Stop all parties, the last one first."""
        ...


class Letter(NamedTuple):
    """One request on its way."""

    caller: PartyId
    verb: str
    body: bytes
    reply: Future[bytes]


def new_reply() -> Future[bytes]:
    """Return a reply that nobody can cancel: who no longer waits for it leaves, and the request is run."""
    reply: Future[bytes] = Future()
    reply.set_running_or_notify_cancel()
    return reply


class Mailbox:
    """A party's door in this process."""

    def __init__(self) -> None:
        self._letters: SimpleQueue[Letter | None] = SimpleQueue()
        self._has_stopped = threading.Event()

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        """Leave a request and return its future reply."""
        letter = Letter(caller, verb, body, new_reply())
        self._letters.put(letter)
        if self._has_stopped.is_set():
            self.refuse_rest()
        return letter.reply

    @property
    def waiting(self) -> int:
        """How many requests nobody has begun with."""
        return self._letters.qsize()

    def close(self) -> None:
        """Tell the reader that there is nothing more to come."""
        self._letters.put(None)

    def letters(self) -> Iterator[Letter]:
        """Wait for requests and give them in the order they came, until closed."""
        while (letter := self._letters.get()) is not None:
            yield letter

    def refuse_rest(self) -> None:
        """Answer what is left and all that still comes, so that nobody waits for a party that has stopped."""
        self._has_stopped.set()
        while True:
            try:
                letter = self._letters.get_nowait()
            except Empty:
                return
            if letter is not None:
                letter.reply.set_exception(UnavailableError("the party's node has stopped"))


class Service:
    """One party's thread: builds its node there, answers its mailbox, and stops with it."""

    def __init__(self, mailbox: Mailbox, build: Build) -> None:
        self._mailbox = mailbox
        self._build = build
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the node lives: a fault of its own ends its thread."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish what stands in the mailbox, close the node and wait for it."""
        self._mailbox.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            handler, close = self._build()
        except Exception:  # whatever it is, who waits at the door must hear that nobody comes
            _log.exception("a node could not start")
            self._mailbox.refuse_rest()
            raise
        try:
            for letter in self._mailbox.letters():
                answer_letter(handler, letter)
        finally:
            close()
            self._mailbox.refuse_rest()


class ThreadHost:
    """A `Host` that gives each party a thread."""

    def __init__(self) -> None:
        self._mailboxes: dict[PartyId, Mailbox] = {}
        self._running = ExitStack()

    def door(self, party: PartyId) -> Mailbox:
        """Return the party's mailbox."""
        return self._mailboxes.setdefault(party, Mailbox())

    def start(self, party: PartyId, build: Build) -> None:
        """Open the node in its own thread."""
        self._running.callback(Service(self.door(party), build).stop)

    def close(self) -> None:
        """Stop all parties and wait for them."""
        self._running.close()


def answer_letter(handler: Handler, letter: Letter) -> None:
    """Run one request. A refusal goes back by code; anything else is a fault that stops the node."""
    try:
        letter.reply.set_result(handler(letter.caller, letter.verb, letter.body))
    except LedgerError as error:
        letter.reply.set_exception(rebuild_error(error.code, str(error)))
    except BaseException:  # the node stops with it; its caller is told before it does
        letter.reply.set_exception(UnavailableError("the party's node has stopped"))
        raise


def _errors_by_code(root: type[LedgerError]) -> dict[str, type[LedgerError]]:
    found = {root.code: root}
    for below in root.__subclasses__():
        found.update(_errors_by_code(below))
    return found


def rebuild_error(code: str, message: str) -> LedgerError:
    """Return the error of this code with the sentence and none of the sender's objects."""
    kind = _errors_by_code(LedgerError).get(code, LedgerError)
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def read_submitted(reply: bytes) -> tuple[list[int], LedgerError | None]:
    """Return the indexes of the statements before the first that failed, and why it did."""
    indexes, code, message = decode(reply, limit=_SUBMITTED_LIMIT)
    return indexes, None if code is None else rebuild_error(code, message)


class LocalLink:
    """A `StewardLink` to a door in this process."""

    __slots__ = ("_caller", "_door", "_party", "_x")

    def __init__(self, *, door: Door, caller: PartyId, party: PartyId, x: StewardX) -> None:
        self._door, self._caller, self._party, self._x = door, caller, party, x

    @property
    def x(self) -> StewardX:
        """The steward's index."""
        return self._x

    @property
    def party(self) -> PartyId:
        """The steward's party id."""
        return self._party

    def ask(self, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        """Post the message: nobody is left alone here."""
        del insist
        return self._door.post(self._caller, verb, body)


WAIT_S: Final = 60.0
"""How long a caller in this process waits for a reply before it takes the party for silent."""


def reply_of(future: Future[bytes], timeout_s: float = WAIT_S) -> bytes:
    """Wait for a reply; raises what the party refused with, or UnavailableError."""
    try:
        return future.result(timeout_s)
    except TimeoutError as error:
        raise UnavailableError("no reply in time") from error
