"""What a node shows of its copy of the log, by messages: checkpoint, tiles, proofs, what it has cosigned.

Answered by the thread that owns the copy.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.codec import decode
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import MalformedError, UnavailableError
from hanse_ledger.fields import as_uint
from hanse_ledger.ids import PartyId
from hanse_ledger.note import parse_note
from hanse_ledger.tiles import parse_tile_path, tile_width
from hanse_ledger.witnessing import policy_of
from node.errors import NotFoundError
from node.logs import proof, replica_source
from node.sequencing.replica import Replica
from node.wire import Handler

CHECKPOINT: Final = "log-checkpoint"
TILE: Final = "log-tile"
PROOF: Final = "log-proof"
COSIGNED: Final = "log-cosigned"
POLICY: Final = "log-policy"


class LogDoor:
    """One copy of the log, as others may read it."""

    def __init__(
        self,
        replica: Replica,
        cosigned: Callable[[], bytes | None] = lambda: None,
        consortium: Callable[[], Consortium] | None = None,
    ) -> None:
        """`cosigned` gives the newest checkpoint for which cosignatures were collected.

        With `consortium`, the document in force, the log is never replayed for it.
        """
        self._replica, self._cosigned = replica, cosigned
        self._consortium = consortium or (lambda: replica.state.consortium)
        self.verbs: Mapping[str, Callable[[bytes], bytes]] = {
            CHECKPOINT: lambda _body: self.checkpoint(),
            TILE: lambda body: self.tile(body.decode("ascii", "replace")),
            PROOF: lambda body: self.proof(as_uint(decode(body, limit=16), "index")),
            COSIGNED: self.cosigned,
            POLICY: lambda _body: policy_of(self._consortium()).encode(),
        }

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint, cosigned as soon as that is there; UnavailableError before any."""
        note = self._replica.log.checkpoint()
        if note is None:
            raise UnavailableError("the log has no checkpoint yet")
        cosigned = self._cosigned()
        is_same = cosigned is not None and parse_note(cosigned).text == parse_note(note).text
        return cosigned if cosigned is not None and is_same else note

    def tile(self, text: str) -> bytes:
        """Return a hash tile or an entry bundle; NotFoundError for what no checkpoint covers.

        Partial tiles of every earlier size are served too: all come from subtrees that never change.
        """
        try:
            path = parse_tile_path(text)
        except MalformedError as error:
            raise NotFoundError("not a tile path in its one spelling") from error
        if path.width > tile_width(path, parse_signed_checkpoint(self.checkpoint()).size):
            raise NotFoundError("a tile that the checkpoint does not cover")
        return self._replica.tile(path)

    def proof(self, index: int) -> bytes:
        """Return a statement's `.tlog-proof`, under a cosigned checkpoint where one covers it.

        Raises NotFoundError for an index that no checkpoint covers.
        """
        cosigned = self._cosigned()
        note = self.checkpoint()
        if cosigned is not None and index < parse_signed_checkpoint(cosigned).size:
            note = cosigned
        if index >= parse_signed_checkpoint(note).size:
            raise NotFoundError("the checkpoint does not cover this index")
        return proof(replica_source(self._replica, note), index)

    def cosigned(self, origin_hash: bytes) -> bytes:
        """Return the newest checkpoint that this node has cosigned for the origin with this SHA-256."""
        for origin in self._replica.log.cosigned_origins():
            note = self._replica.log.cosigned_note(origin)
            if note is not None and hashlib.sha256(origin.encode()).digest() == origin_hash:
                return note
        raise NotFoundError("nothing cosigned for this origin")


def with_log(handler: Handler, door: LogDoor) -> Handler:
    """Add what a log's copy answers to what a handler does."""

    def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
        read = door.verbs.get(verb)
        return handler(caller, verb, body) if read is None else read(body)

    return handle
