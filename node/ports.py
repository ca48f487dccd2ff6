"""What the roles need of the world outside, stated by those who use it.

Every implementation is tested by one contract suite a port (`tests/contract`).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId, StewardX


class Clock(Protocol):
    """The time of day: for meters, time-outs and whether a month has ended, never for acceptance."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...


class Entropy(Protocol):
    """Where randomness comes from: the operating system, or a seeded stream in a simulation."""

    def __call__(self, size: int, /) -> bytes:
        """Return `size` fresh random bytes."""
        ...


class MessageSigner(Protocol):
    """Signs with one key of a party, which may be in another process."""

    def sign(self, message: bytes, /) -> bytes:
        """Return the Ed25519 signature."""
        ...


class Sequencer(Protocol):
    """Gives statements their order.

    `submit` returns only when the statement is durable in the log. The same bytes again give the same
    index. It raises RejectedError for what acceptance refuses, and UnavailableError when the outcome
    is not known: submit the same bytes again. Calls may come from several nodes at once.
    """

    def submit(self, statement: bytes) -> int:
        """Return the index at which these bytes stand."""
        ...

    def submit_all(self, statements: Sequence[bytes]) -> tuple[list[int], LedgerError | None]:
        """Submit statements in their order; return the indexes before the first that fails, and why."""
        indexes: list[int] = []
        for statement in statements:
            try:
                indexes.append(self.submit(statement))
            except LedgerError as error:
                return indexes, error
        return indexes, None

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return the newest checkpoint (a note), and some or all statements from `start` on.

        A caller that goes on where the last answer ended may be given the same checkpoint again.
        """
        ...

    def tile(self, path: str) -> bytes | None:
        """Return the hash tile at a tlog-tiles path of any size signed so far, None where there is none."""
        ...


StewardVerb: TypeAlias = Literal[
    "evaluate",
    "sealing-keys",
    "shares",
    "answers",
    "add-checkpoint",
    "seed",
    "seed-hash",
    "bulletins",
    "disputes",
    "inquiry-counts",
    "transfer",
    "transfer-check",
]


class StewardLink(Protocol):
    """A way to one steward, as one party.

    `ask` returns at once; its future gives the steward's reply, or raises RejectedError with the
    steward's code, or UnavailableError when the steward is silent: whether it acted is then unknown,
    and every verb may be asked again. What a reply acknowledges is durable at the steward. One that did not
    answer lately may be left alone for a while, its replies failing at once; `insist` asks it all the same.
    """

    @property
    def x(self) -> StewardX:
        """The steward's index."""
        ...

    @property
    def party(self) -> PartyId:
        """The steward's party id."""
        ...

    def ask(self, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        """Send a message of section 12 and return its future reply."""
        ...


StewardLinks: TypeAlias = Callable[[], Mapping[StewardX, StewardLink]]
"""The ways to the stewards of the document in force, without oneself, in the order of x.

Asked for anew at each operation: votes change who is a steward, where, and with which key.
"""
