"""What a web worker asks its writer for besides its doors: how the node stands, signatures, what was seen."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import PartyId
from node.health import Health
from node.links.replays import Once
from node.ports import MessageSigner
from node.wire import Door, Letter, answer_letter, reply_of

NOW: Final = "now"
SIGN: Final = "sign"
ONCE: Final = "once"
_LIMIT: Final = 1 << 26
_WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How the node stands at a moment."""

    in_force: Consortium
    cosigned: bytes | None
    health: Health
    waiting: int
    """Requests in the mailbox of the node's thread."""


class WriterDesk:
    """A `Door` that answers at once, in the asking worker's thread of the writer."""

    def __init__(self, *, now: Callable[[], Now], key: Callable[[], MessageSigner], once: Once) -> None:
        self._now, self._key, self._once = now, key, once

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        """Answer a request."""
        letter = Letter(caller, verb, body, Future())
        answer_letter(self._handle, letter)
        return letter.reply

    def _handle(self, caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb == NOW:
            now = self._now()
            return encode([now.in_force.raw, now.cosigned, json.dumps(now.health.describe()), now.waiting])
        if verb == SIGN:
            return self._key().sign(body)
        if verb == ONCE:
            nonce, created, at = decode(body, limit=_LIMIT)
            self._once(caller, nonce, created=created, now=at)
            return b""
        raise MalformedError("no such message")


class Desk:
    """The writer's desk as a worker sees it. Any thread may call it; each call waits for the writer."""

    def __init__(self, door: Door, party: PartyId) -> None:
        self._door, self._party = door, party
        self._document: Consortium | None = None

    def now(self) -> Now:
        """Return how the node stands."""
        raw, cosigned, health, waiting = decode(self._ask(self._party, NOW, b""), limit=_LIMIT)
        if self._document is None or self._document.raw != raw:
            self._document = parse_document(raw)
        return Now(
            in_force=self._document,
            cosigned=cosigned,
            health=Health.parse(json.loads(health)),
            waiting=waiting,
        )

    def sign(self, message: bytes, /) -> bytes:
        """Return the signature of the party's statement key: a `MessageSigner`."""
        return self._ask(self._party, SIGN, message)

    def once(self, party: PartyId, nonce: str, *, created: int, now: int) -> None:
        """Take a request once in all processes of the node: an `Once`."""
        self._ask(party, ONCE, encode([nonce, created, now]))

    def _ask(self, caller: PartyId, verb: str, body: bytes) -> bytes:
        return reply_of(self._door.post(caller, verb, body), _WAIT_S)
