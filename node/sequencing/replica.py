"""A node's copy of the log: the stored statements and the state that they lead to.

Invariant: the state is what the stored statements give. When a write fails, its outcome is unknown, and when
the database's session is lost, the last writes may be too: the state is dropped then, and read again from
what was stored.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Connection

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import RejectedError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import root_at
from hanse_ledger.state import Accepted, LedgerState
from hanse_ledger.tiles import TILE_WIDTH, TilePath, encode_bundle
from node.sequencing.ahead import verified_ahead
from node.storage.database import Database
from node.storage.documents import complete_documents, count_documents, may_act
from node.storage.facts import append_public, complete_public, count_public, is_public
from node.storage.log import LogStore, append_entries, put_checkpoint

_BATCH = 1_000
Note: TypeAlias = Callable[[Connection, Sequence[Accepted], LedgerState], None]
"""Writes, in the transaction that stores statements, what its node makes of them and the state after them."""


class Replica:
    """Owned by one node's thread."""

    def __init__(self, database: Database, *, note: Note = lambda *_: None) -> None:
        """With every statement that is stored, what `note` writes of it is stored too."""
        self._database, self._note = database, note
        self.log = LogStore(database)
        self._state: LedgerState | None = None
        self._session = 0
        # Size and root last asked for below the newest: a batch of answers asks for one again and again.
        self._past_root: tuple[int, NodeHash] | None = None

    @property
    def state(self) -> LedgerState:
        """The state after every stored statement."""
        session = self._database.session
        if self._state is None or self._session != session:
            state, public = LedgerState(), list[Accepted]()
            while batch := self.log.entries(state.size, _BATCH):
                public += filter(is_public, map(state.replay, batch))
            self._state, self._session = state, session
            self._complete(public, state.documents)
        return self._state

    def _complete(self, public: Sequence[Accepted], documents: Sequence[Consortium]) -> None:
        """Write out what older versions of this program have stored as statements alone."""
        with self._database.read() as connection:
            is_complete = count_public(connection) >= len(public)
            is_complete = is_complete and count_documents(connection) >= len(documents)
        if not is_complete:
            with self._database.write() as connection:
                complete_public(connection, public)
                complete_documents(connection, documents)

    def append(
        self,
        statements: Sequence[bytes],
        also: Callable[[Connection, LedgerState], None] = lambda _connection, _state: None,
        *,
        durable: bool = True,
    ) -> list[Accepted]:
        """Accept statements in order and store them with what `also` writes, all or nothing.

        With `durable` false a loss of power may take them away again (`Database.write`). Raises RejectedError
        for the first that is refused; none is stored then.
        """
        accepted, refusal = self._append(statements, also, durable=durable, is_whole=True)
        if refusal is not None:
            raise refusal
        return accepted

    def append_until_refused(
        self,
        statements: Sequence[bytes],
        also: Callable[[Connection, LedgerState], None],
        *,
        durable: bool = True,
    ) -> tuple[list[Accepted], RejectedError | None]:
        """Accept and store, in one write, the statements before the first that is refused."""
        return self._append(statements, also, durable=durable, is_whole=False)

    def _append(
        self,
        statements: Sequence[bytes],
        also: Callable[[Connection, LedgerState], None],
        *,
        durable: bool,
        is_whole: bool,
    ) -> tuple[list[Accepted], RejectedError | None]:
        state = self.state
        accepted: list[Accepted] = []
        refusal: RejectedError | None = None
        try:
            try:
                for part in verified_ahead(statements, state):
                    accepted += map(state.apply, part)
            except RejectedError as error:
                # Acceptance that refuses stays as it was: whoever sends refused statements must not make this
                # node read its whole log again.
                refusal = error
                if is_whole and accepted:
                    raise
            if accepted:
                with self._database.write(durable=durable) as connection:
                    append_entries(connection, zip(statements, accepted, strict=False))
                    append_public(connection, accepted)
                    if any(map(may_act, accepted)):
                        complete_documents(connection, state.documents)
                    self._note(connection, accepted, state)
                    also(connection, state)
        except BaseException:  # advanced in memory and perhaps not on disk, or the other way round
            self.forget()
            raise
        return accepted, refusal

    @property
    def session(self) -> int:
        """A number that changes when what was read or written may not stand any more: `Database.session`."""
        return self._database.session

    def store(self, accepted: Sequence[tuple[bytes, Accepted]], also: Callable[[Connection], None]) -> None:
        """Store what `state` has accepted already, with what `also` writes, all or nothing."""
        try:
            with self._database.write() as connection:
                append_entries(connection, accepted)
                append_public(connection, [one for _, one in accepted])
                if any(may_act(one) for _, one in accepted):
                    complete_documents(connection, self.state.documents)
                self._note(connection, [one for _, one in accepted], self.state)
                also(connection)
        except BaseException:  # as above
            self.forget()
            raise

    def forget(self) -> None:
        """Drop what is in memory: the state is read again from what was stored."""
        self._state = self._past_root = None

    def keep_first_checkpoint(self, size: int, note: bytes) -> None:
        """Store a checkpoint over what is stored, unless there is one."""
        if self.log.checkpoint() is None:
            with self._database.write() as connection:
                put_checkpoint(connection, size=size, note=note)

    def read(self) -> AbstractContextManager[Connection]:
        """Give a read beside the log, as `Database.read`."""
        return self._database.read()

    def write(self) -> AbstractContextManager[Connection]:
        """Give a durable write beside the log, as `Database.write`."""
        return self._database.write()

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile or an entry bundle that the stored log covers."""
        first = TILE_WIDTH * path.index
        if path.level is None:
            return encode_bundle(self.log.entries(first, path.width))
        return b"".join(self.log.nodes(8 * path.level, first, path.width))

    def root(self, size: int) -> NodeHash:
        """Return the root of the first `size` statements."""
        if size == self.state.size:
            return self.state.frontier.root()
        if self._past_root is None or self._past_root[0] != size:
            self._past_root = size, root_at(size, self.log.node)
        return self._past_root[1]
