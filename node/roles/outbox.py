"""A node's own statements on their way to the log.

Their exact bytes are stored, in the transaction of whatever they speak for, before they are sent; a crash at
any line leaves bytes that can be sent again, and a sequencer answers known bytes with their index.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from hanse_ledger.bodies import Body
from hanse_ledger.errors import RejectedError, StaleHeadError, UnavailableError
from hanse_ledger.ids import StatementHash
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.state import Head
from hanse_ledger.statements import sign_statement
from node.roles.party import Standing
from node.storage.schema import outbox

_AT_ONCE: Final = 16
"""So many are brought in one request, of a MiB at most, and may stand in one block."""

# Built once: to build a statement costs more than to run it.
_ADD: Final = outbox.insert()
_DROP_LOGGED: Final = outbox.delete().where(outbox.c.seq < bindparam("next"))
_LAST: Final = select(outbox).order_by(outbox.c.seq.desc()).limit(1)
_PENDING: Final = select(outbox).where(outbox.c.seq >= bindparam("next")).order_by(outbox.c.seq)

_PATIENCE_S: Final = 20.0
"""How long a statement is brought again whose outcome depends on nodes that are behind."""
_AGAIN_S: Final = 0.2
"""Slept before they are asked again: they are behind by a block, and nothing tells when they have it."""


class Outbox:
    """One unbroken run of own statements: from the log's head of this party to the last one stored."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def next_seq(self, connection: Connection) -> int:
        """Return the seq that the next `put` of the same transaction gets."""
        return self._head(connection).seq

    def put(self, connection: Connection, body: Body) -> int:
        """Sign and store a statement within the caller's transaction; return its seq."""
        head = self._head(connection)
        statement = sign_statement(
            key=self._standing.key,
            party=self._standing.id,
            consortium=self._standing.consortium.id,
            seq=head.seq,
            prev=head.prev,
            body=body,
        )
        connection.execute(_ADD, {"seq": head.seq, "statement": statement})
        return head.seq

    def log(self, make: Callable[[Connection, int], Body]) -> int:
        """Log what `make` says and return its index; `make` gets its seq, and writes in its transaction.

        Where another statement of this party took its place `make` is called again, for up to 20 s. Raises
        what acceptance refuses it with, and then it is dropped, or UnavailableError: what waits by then is
        sent again with the next `flush`.
        """
        ends_at = time.monotonic() + _PATIENCE_S
        while True:
            with self._standing.database.write() as connection:
                seq = self.put(connection, make(connection, self.next_seq(connection)))
                raw = connection.execute(select(outbox.c.statement).where(outbox.c.seq == seq)).scalar_one()
            refused = self._send(self._pending())
            index = self._standing.replica.log.index_of(leaf_hash(raw))
            if index is not None:
                return index
            if refused is not None and refused.seq == seq and not isinstance(refused.error, StaleHeadError):
                raise refused.error
            if time.monotonic() > ends_at:
                raise UnavailableError("other statements of this party came first; try again")

    def _head(self, connection: Connection) -> Head:
        """Return the end of the run: the last statement stored, or the log's head where none waits."""
        logged = self._standing.state.head(self._standing.id)
        connection.execute(_DROP_LOGGED, {"next": logged.seq})
        last = connection.execute(_LAST).one_or_none()
        return logged if last is None else Head(last.seq + 1, _hash(last.statement))

    def is_pending(self, seq: int) -> bool:
        """Return whether a statement of this seq waits to be logged."""
        with self._standing.database.read() as connection:
            found = connection.execute(select(outbox.c.seq).where(outbox.c.seq == seq)).scalar()
        return found is not None and seq >= self._standing.state.head(self._standing.id).seq

    def flush(self) -> Mapping[bytes, int]:
        """Send what is stored, in order, and wait until this node's copy of the log has it.

        Returns the statements that waited and have their index now. When one is refused for good (another
        took its place in the chain), it and all after it are dropped: whoever stored them sees that in the
        log and makes new ones. Raises UnavailableError when the sequencer is out of reach, or refuses what
        this node's copy of the log would accept; everything is kept then.
        """
        pending = self._pending()
        self._send(pending)
        index_of = self._standing.replica.log.index_of
        placed = ((row.statement, index_of(leaf_hash(row.statement))) for row in pending)
        return {raw: index for raw, index in placed if index is not None}

    def _send(self, pending: Sequence[Any]) -> "_Refused | None":
        """Send as `flush` does; return what was refused for good."""
        left, ends_at = pending, time.monotonic() + _PATIENCE_S
        while left:
            statements = [row.statement for row in left[:_AT_ONCE]]
            indexes, failed = self._standing.sequencer.submit_all(statements)
            left = left[len(indexes) :]
            if isinstance(failed, RejectedError):
                error = self._refusal_of(left[0])
                if error is not None:
                    self._drop(left[0].seq)
                    return _Refused(left[0].seq, error)
                if time.monotonic() > ends_at:
                    raise UnavailableError("what this node's copy of the log accepts is refused") from failed
                time.sleep(_AGAIN_S)
            elif failed is not None:
                raise failed
        if pending:
            self._wait_for(pending[-1].seq, ends_at)
        return None

    def _refusal_of(self, row: Any) -> RejectedError | None:
        """Return why this copy of the log, brought up, refuses a statement, None where it does not (yet).

        Where several nodes order, the one that was asked may be a block behind this copy, or ahead of it: its
        refusal holds once this copy refuses the same bytes.
        """
        self._standing.catch_up()
        state = self._standing.state
        is_logged = self._standing.replica.log.index_of(leaf_hash(row.statement)) is not None
        if is_logged or state.head(self._standing.id).seq < row.seq:
            return None
        try:
            state.check(row.statement)
        except RejectedError as error:
            return error
        return None

    def _wait_for(self, seq: int, ends_at: float) -> None:
        """Bring this node's copy of the log up to a statement that has its place: others may be behind."""
        self._standing.catch_up()
        while self._standing.state.head(self._standing.id).seq <= seq:
            if time.monotonic() > ends_at:
                raise UnavailableError("nobody in reach shows what was ordered yet")
            time.sleep(_AGAIN_S)
            self._standing.catch_up()

    def _pending(self) -> Sequence[Any]:
        head = self._standing.state.head(self._standing.id).seq
        with self._standing.database.read() as connection:
            return connection.execute(_PENDING, {"next": head}).all()

    def _drop(self, seq: int) -> None:
        with self._standing.database.write() as connection:
            connection.execute(outbox.delete().where(outbox.c.seq >= seq))


class _Refused(NamedTuple):
    """A statement that was refused for good."""

    seq: int
    error: RejectedError


def _hash(statement: bytes) -> StatementHash:
    return StatementHash(hashlib.sha256(statement).digest())
