"""A node's copy of the log: the stored statements and the state that they lead to.

Invariant: the state is what the stored statements give. When a write fails, its outcome is unknown, so the
state is dropped and read again from what was stored.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from hanse_ledger.errors import RejectedError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import root_at
from hanse_ledger.state import Accepted, LedgerState
from node.storage.database import Database
from node.storage.log import LogStore, append_entries

_BATCH = 1_000


class Replica:
    """Owned by one node's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.log = LogStore(database)
        self._state: LedgerState | None = None
        # Size and root last asked for below the newest: a batch of answers asks for one again and again.
        self._past_root: tuple[int, NodeHash] | None = None

    @property
    def state(self) -> LedgerState:
        """The state after every stored statement."""
        if self._state is None:
            state = LedgerState()
            while batch := self.log.entries(state.size, _BATCH):
                for raw in batch:
                    state.replay(raw)
            self._state = state
        return self._state

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
        state, accepted = self.state, list[Accepted]()
        try:
            for raw in statements:
                accepted.append(state.apply(raw))
            with self._database.write(durable=durable) as connection:
                append_entries(connection, zip(statements, accepted, strict=True))
                also(connection, state)
        except BaseException as error:
            # Advanced in memory and perhaps not on disk (or the other way round): read it again. A refusal of
            # the first statement leaves the state as it was, and whoever sends rubbish costs no replay.
            if accepted or not isinstance(error, RejectedError):
                self._state = self._past_root = None
            raise
        return accepted

    def root(self, size: int) -> NodeHash:
        """Return the root of the first `size` statements."""
        if size == self.state.size:
            return self.state.frontier.root()
        if self._past_root is None or self._past_root[0] != size:
            self._past_root = size, root_at(size, self.log.node)
        return self._past_root[1]
