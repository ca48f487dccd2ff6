"""A `StewardLink` over HTTP."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from hanse_ledger.errors import MalformedError, UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from node.links.http import HttpCaller
from node.ports import StewardVerb

CBOR: Final = "application/cbor"
COSE: Final = "application/cose"
BYTES: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"
ROUTES: Final[dict[StewardVerb, tuple[str, str]]] = {
    "evaluate": ("/v1/tokens/evaluate", CBOR),
    "sealing-keys": ("/v1/sealing-keys", BYTES),
    "shares": ("/v1/shares", BYTES),
    "answers": ("/v1/answers", CBOR),
    "add-checkpoint": ("/log/add-checkpoint", TEXT),
    "seed": ("/v1/seeds", COSE),
    "seed-hash": ("/v1/seed-hashes", COSE),
}
"""Path and media type of each verb. A checkpoint carries its own signature; the rest are signed requests."""
_AT_ONCE: Final = 4


class HttpLink:
    """A way to one steward as one party. Requests leave from a few threads of the link's own."""

    def __init__(self, *, caller: HttpCaller, party: PartyId, x: StewardX) -> None:
        self._caller, self._party, self._x = caller, party, x
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"to-{party}")

    @property
    def x(self) -> StewardX:
        """The steward's index."""
        return self._x

    @property
    def party(self) -> PartyId:
        """The steward's party id."""
        return self._party

    def ask(self, verb: StewardVerb, body: bytes) -> Future[bytes]:
        """Send the message and return its future reply."""
        try:
            return self._pool.submit(self._ask, verb, body)
        except RuntimeError:
            refused: Future[bytes] = Future()
            refused.set_exception(UnavailableError("the link is closed"))
            return refused

    def close(self) -> None:
        """Give up what has not been sent, and wait for what is on its way."""
        self._pool.shutdown(cancel_futures=True)
        self._caller.close()

    def _ask(self, verb: StewardVerb, body: bytes) -> bytes:
        route = ROUTES.get(verb)
        if route is None:
            raise MalformedError("no such message")
        path, media_type = route
        return self._caller.post(path, body, media_type, is_signed=verb != "add-checkpoint")
