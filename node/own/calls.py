"""Requests that may be sent again: an `Idempotency-Key` leads to one effect and one answer.

The intent is stored before anything is done, with the id that the effect will have; an effect whose id is
there already is not made again. So a crash between the effect and its stored answer leads to the same effect
when the request comes again. Only answers of what was done are kept: what was refused may be tried again.
"""

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, select

from node.errors import IdempotencyMismatchError, InFlightError
from node.ports import Clock, Entropy
from node.storage.database import Database
from node.storage.schema import api_call

_KEPT: Final = timedelta(hours=48)
_EFFECT_BYTES: Final = 16
_CALL: Final = select(api_call).where(api_call.c.id == bindparam("call"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it was given."""

    status: int
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request with its key; `answer` is what it got when it came before."""

    id: bytes
    effect: str
    answer: Answer | None = None


class Calls:
    """The requests of one node's own people that came with a key."""

    def __init__(self, database: Database, *, clock: Clock, entropy: Entropy) -> None:
        self._database, self._clock, self._entropy = database, clock, entropy
        self._running: set[bytes] = set()
        """Calls that this process is at work on; guarded by the lock."""
        self._lock = threading.Lock()

    def new_effect(self) -> str:
        """Return an id for what a request without a key makes."""
        return self._entropy(_EFFECT_BYTES).hex()

    def begin(self, *, key: str, route: str, caller: str, body: bytes) -> Call:
        """Return the call of a key, new or begun before; `end` or `leave` must follow where it has no answer.

        Raises IdempotencyMismatchError when the key came with another body, InFlightError while this process
        is at work on it.
        """
        call_id = hashlib.sha256(f"{route}\0{caller}\0{key}".encode()).digest()
        with self._lock:
            if call_id in self._running:
                raise InFlightError("a request with this key is being answered")
            self._running.add(call_id)
        try:
            call = self._stored(call_id, hashlib.sha256(body).digest())
        except BaseException:  # whatever it is, the key is free again
            self.leave(call_id)
            raise
        if call.answer is not None:
            self.leave(call_id)
        return call

    def end(self, call: Call, answer: Answer) -> None:
        """Store a call's answer."""
        values = {"status": answer.status, "media_type": answer.media_type, "response": answer.body}
        with self._database.write() as connection:
            connection.execute(api_call.update().where(api_call.c.id == call.id), values)

    def leave(self, call_id: bytes) -> None:
        """Let a call come again."""
        with self._lock:
            self._running.discard(call_id)

    def _stored(self, call_id: bytes, body: bytes) -> Call:
        now = self._clock.now()
        with self._database.write() as connection:
            connection.execute(api_call.delete().where(api_call.c.begun_at < (now - _KEPT).isoformat()))
            row = connection.execute(_CALL, {"call": call_id}).one_or_none()
            if row is None:
                effect = self.new_effect()
                values = {"id": call_id, "body": body, "effect": effect, "begun_at": now.isoformat()}
                connection.execute(api_call.insert(), values)
                return Call(id=call_id, effect=effect)
        if row.body != body:
            raise IdempotencyMismatchError("this key came with another request before")
        return Call(id=call_id, effect=row.effect, answer=_answer(row))


def _answer(row: Any) -> Answer | None:
    if row.status is None:
        return None
    return Answer(status=row.status, media_type=row.media_type, body=row.response)
