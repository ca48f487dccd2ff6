"""Which signed requests were seen, so that each is taken once, by whatever process of a node it came in."""

import threading
from typing import Final, Protocol

from hanse_ledger.ids import PartyId
from node.errors import RequestSignatureError
from node.links.rfc9421 import AGE_MOST_S

_SWEEP_S: Final = 60


class Once(Protocol):
    """Takes each (party, nonce) once; raises RequestSignatureError for one that was seen in its time."""

    def __call__(self, party: PartyId, nonce: str, *, created: int, now: int) -> None:
        """Remember a request that was signed at `created`; both times are seconds."""
        ...


class Replays:
    """An `Once` in memory. Any thread may call it.

    A request that was seen before a restart can be brought again in its 300 seconds, which no verb minds.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[PartyId, str], int] = {}
        self._swept_at = 0
        self._lock = threading.Lock()

    def __call__(self, party: PartyId, nonce: str, *, created: int, now: int) -> None:
        """Remember a request."""
        with self._lock:
            self._sweep(now)
            if (party, nonce) in self._seen:
                raise RequestSignatureError("this request was seen before")
            self._seen[party, nonce] = created

    def _sweep(self, now: int) -> None:
        """Forget what is refused for its age anyway."""
        if now - self._swept_at >= _SWEEP_S:
            self._swept_at = now
            self._seen = {key: created for key, created in self._seen.items() if now - created <= AGE_MOST_S}
