"""What keeps a node from pressing upon another that is down or slow: a circuit breaker and a retry budget.

The circuit is *closed* while a peer answers. Failures in a row *open* it: then the peer is left alone, and
whoever asks hears so at once. After a while, which doubles up to a limit and is drawn by chance so that nodes
do not come back all together, it is *half-open*: one request probes, and closes it or opens it again. Who
cannot do without the peer may probe earlier, one at a time, unless the peer itself asked to be left alone.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hanse_ledger.errors import UnavailableError
from node.ports import Entropy

FAILURES_MOST: Final = 3
"""Failures in a row that open a circuit."""
OPEN_FIRST_S: Final = 1.0
OPEN_MOST_S: Final = 5.0
HOLD_MOST_S: Final = 60.0
"""The longest Retry-After that is believed."""
RETRY_SHARE: Final = 0.1
RETRIES_SAVED: Final = 10.0

CircuitState: TypeAlias = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerState:
    """How a peer's circuit stands, for health and metrics."""

    circuit: CircuitState
    since_s: float
    """For how many seconds it has stood so."""
    success_s: float | None
    """How many seconds ago the peer last answered; None if it never has."""


class Breaker:
    """One peer's circuit. Any thread may call it."""

    def __init__(
        self,
        *,
        entropy: Entropy,
        now: Callable[[], float] = time.monotonic,
        first_s: float = OPEN_FIRST_S,
        most_s: float = OPEN_MOST_S,
    ) -> None:
        self._entropy, self._now = entropy, now
        self._first_s, self._most_s = first_s, most_s
        self._lock = threading.Lock()
        self._circuit: CircuitState = "closed"
        self._since = now()
        self._success: float | None = None
        self._failures = 0
        self._open_s = first_s
        self._probe_at = self._held_until = 0.0

    def state(self) -> PeerState:
        """Return how the circuit stands now."""
        with self._lock:
            now = self._now()
            success_s = None if self._success is None else now - self._success
            return PeerState(circuit=self._circuit, since_s=now - self._since, success_s=success_s)

    def check(self, *, insist: bool = False) -> None:
        """Raise UnavailableError while the peer is left alone. Lets nobody through who has not `enter`ed."""
        with self._lock:
            self._refuse(insist=insist)

    def enter(self, *, insist: bool = False) -> None:
        """Begin a request, which ends with `succeed` or `fail`; raises UnavailableError as `check`."""
        with self._lock:
            self._refuse(insist=insist)
            if self._circuit == "open":
                self._turn("half-open")

    def succeed(self) -> None:
        """Note that the peer has answered, whatever it said."""
        with self._lock:
            self._success, self._failures, self._open_s = self._now(), 0, self._first_s
            if self._circuit != "closed":
                self._turn("closed")

    def fail(self, hold_s: float | None = None) -> None:
        """Note that it has not; `hold_s` is how long it asks to be left alone."""
        with self._lock:
            self._failures += 1
            # What was on its way when the circuit opened says nothing new.
            if self._circuit == "open":
                return
            if hold_s is None and self._circuit == "closed" and self._failures < FAILURES_MOST:
                return
            chance = 0.5 + self._entropy(1)[0] / 512
            self._held_until = self._now() + min(hold_s or 0.0, HOLD_MOST_S)
            self._probe_at = max(self._now() + self._open_s * chance, self._held_until)
            self._open_s = min(2 * self._open_s, self._most_s)
            self._turn("open")

    def _refuse(self, *, insist: bool) -> None:
        until = self._held_until if insist else self._probe_at
        if self._circuit == "half-open" or (self._circuit == "open" and self._now() < until):
            raise UnavailableError("the other node did not answer lately and is left alone for a while")

    def _turn(self, circuit: CircuitState) -> None:
        self._circuit, self._since = circuit, self._now()


class RetryBudget:
    """Keeps retries below a share of requests, but for the first few. Any thread may call it."""

    def __init__(self, share: float = RETRY_SHARE, saved: float = RETRIES_SAVED) -> None:
        self._share, self._most = share, saved
        self._saved = saved
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Count a request that is no retry."""
        with self._lock:
            self._saved = min(self._most, self._saved + self._share)

    def spend(self) -> bool:
        """Take a retry; return whether there was one."""
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True
