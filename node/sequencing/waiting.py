"""How long an own statement has been waiting for its place in the log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from hanse_ledger.ids import PartyId
from hanse_ledger.misbehaviour import Seen
from node.sequencing.replica import Replica
from node.storage.database import Database
from node.storage.schema import outbox

_OLDEST: Final = select(outbox).where(outbox.c.seq >= bindparam("next")).order_by(outbox.c.seq.asc()).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The oldest own statement that the log lacks, since when it is known to wait, and the log then."""

    statement: bytes
    since: datetime
    before: Seen | None


class Waiting:
    """Owned by the node's thread. After a restart waiting begins anew."""

    def __init__(self, *, database: Database, replica: Replica, party: PartyId) -> None:
        self._database, self._replica, self._party = database, replica, party
        self._wait: Wait | None = None

    def oldest(self, now: datetime, newest: Callable[[], Seen | None]) -> Wait | None:
        """Return the wait of the oldest own statement; `newest` gives the checkpoint held now."""
        head = self._replica.state.head(self._party).seq
        with self._database.read() as connection:
            row = connection.execute(_OLDEST, {"next": head}).one_or_none()
        if row is None:
            self._wait = None
        elif self._wait is None or self._wait.statement != row.statement:
            self._wait = Wait(statement=row.statement, since=now, before=newest())
        return self._wait
