"""A node's own statements on their way to the log.

Their exact bytes are stored, in the transaction of whatever they speak for, before they are sent; a crash at
any line leaves bytes that can be sent again, and a sequencer answers known bytes with their index.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, bindparam, select

from hanse_ledger.bodies import Body
from hanse_ledger.errors import RejectedError, UnavailableError
from hanse_ledger.ids import StatementHash
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.state import Head
from hanse_ledger.statements import sign_statement
from node.roles.party import Standing
from node.storage.schema import outbox

# Built once: to build a statement costs more than to run it.
_ADD: Final = outbox.insert()
_DROP_LOGGED: Final = outbox.delete().where(outbox.c.seq < bindparam("next"))
_LAST: Final = select(outbox).order_by(outbox.c.seq.desc()).limit(1)
_PENDING: Final = select(outbox).where(outbox.c.seq >= bindparam("next")).order_by(outbox.c.seq)


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

        Raises UnavailableError where another statement of this party took its place, or the sequencer is out
        of reach: it is sent again with the next `flush` then.
        """
        with self._standing.database.write() as connection:
            seq = self.put(connection, make(connection, self.next_seq(connection)))
            raw = connection.execute(select(outbox.c.statement).where(outbox.c.seq == seq)).scalar_one()
        self.flush()
        index = self._standing.replica.log.index_of(leaf_hash(raw))
        if index is None:
            raise UnavailableError("another statement of this party came first; try again")
        return index

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

    def flush(self) -> None:
        """Send what is stored, in order, and wait until this node's copy of the log has it.

        When a statement is refused for good (another took its place in the chain), it and all after
        it are dropped: whoever stored them sees that in the log and makes new ones. Raises
        UnavailableError when the sequencer is out of reach; everything is kept then.
        """
        head = self._standing.state.head(self._standing.id).seq
        with self._standing.database.read() as connection:
            pending = connection.execute(_PENDING, {"next": head}).all()
        for row in pending:
            try:
                self._standing.sequencer.submit(row.statement)
            except RejectedError:
                self._standing.catch_up()
                if self._standing.replica.log.index_of(leaf_hash(row.statement)) is None:
                    self._drop(row.seq)
                    return
        if pending:
            self._standing.catch_up()

    def _drop(self, seq: int) -> None:
        with self._standing.database.write() as connection:
            connection.execute(outbox.delete().where(outbox.c.seq >= seq))


def _hash(statement: bytes) -> StatementHash:
    return StatementHash(hashlib.sha256(statement).digest())
