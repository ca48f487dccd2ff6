"""A `StewardLink` over HTTP."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

from hanse_ledger.errors import MalformedError, UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from node.links.breaker import PeerState
from node.links.http import HttpCaller
from node.ports import StewardVerb

CBOR: Final = "application/cbor"
COSE: Final = "application/cose"
BYTES: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"


class Route(NamedTuple):
    """Where a verb goes, and the media types of message and reply."""

    path: str
    media_type: str
    reply_type: str
    is_signed: bool = True


ROUTES: Final[dict[StewardVerb, Route]] = {
    "evaluate": Route("/v1/tokens/evaluate", CBOR, COSE),
    "sealing-keys": Route("/v1/sealing-keys", BYTES, CBOR),
    "shares": Route("/v1/shares", BYTES, BYTES),
    "answers": Route("/v1/answers", CBOR, CBOR),
    # A checkpoint carries its own signature, and so does a cosignature.
    "add-checkpoint": Route("/log/add-checkpoint", TEXT, TEXT, is_signed=False),
    "seed": Route("/v1/seeds", COSE, BYTES),
    "seed-hash": Route("/v1/seed-hashes", COSE, BYTES),
    "inquiry-counts": Route("/v1/inquiry-counts", CBOR, BYTES),
    "disputes": Route("/v1/disputes", BYTES, CBOR),
    "bulletins": Route("/v1/bulletins", CBOR, CBOR),
    "transfer": Route("/v1/transfers", CBOR, CBOR),
    "transfer-check": Route("/v1/transfer-checks", COSE, COSE),
}
_AT_ONCE: Final = 4
_WAITING_MOST: Final = 1_024


class HttpLink:
    """A way to one steward as one party. Requests leave from a few threads of the link's own.

    What a request may take counts from `ask`: one that has waited for its turn too long is not sent any more.
    """

    def __init__(self, *, caller: HttpCaller, party: PartyId, x: StewardX) -> None:
        self._caller, self._party, self._x = caller, party, x
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"to-{party}")
        self._places = threading.BoundedSemaphore(_WAITING_MOST)

    @property
    def x(self) -> StewardX:
        """The steward's index."""
        return self._x

    @property
    def party(self) -> PartyId:
        """The steward's party id."""
        return self._party

    def state(self) -> PeerState:
        """Return how the steward's circuit stands. Any thread may call it."""
        return self._caller.state()

    def ask(self, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        """Send the message and return its future reply; that of a steward that is left alone has failed."""
        if not self._places.acquire(blocking=False):
            return _refused(UnavailableError("too much waits for this steward"))
        try:
            self._caller.check(insist=insist)
            future = self._pool.submit(self._ask, verb, body, self._caller.deadline(), insist=insist)
        except UnavailableError as error:
            self._places.release()
            return _refused(error)
        except RuntimeError:
            self._places.release()
            return _refused(UnavailableError("the link is closed"))
        future.add_done_callback(lambda _future: self._places.release())
        return future

    def close(self) -> None:
        """Give up what has not been sent, and cut off what is on its way."""
        self._caller.close()
        self._pool.shutdown(cancel_futures=True)

    def _ask(self, verb: StewardVerb, body: bytes, ends_at: float, *, insist: bool) -> bytes:
        route = ROUTES.get(verb)
        if route is None:
            raise MalformedError("no such message")
        return self._caller.post(
            route.path,
            body,
            route.media_type,
            is_signed=route.is_signed,
            reply_type=route.reply_type,
            ends_at=ends_at,
            insist=insist,
        )


def _refused(error: UnavailableError) -> Future[bytes]:
    refused: Future[bytes] = Future()
    refused.set_exception(error)
    return refused
