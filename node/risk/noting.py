"""Events that the log causes at a member: recorded in the transaction that stores the statements."""

from collections.abc import Sequence

from sqlalchemy import Connection

from hanse_ledger.filings import Fact
from hanse_ledger.ids import SubjectId
from hanse_ledger.state import Accepted
from node.ports import Clock
from node.risk.events import record_event
from node.sequencing.replica import Note
from node.storage.facts import primary_id


def noting(clock: Clock) -> Note:
    """Return what records, of statements that are stored, those that monitoring has to look at."""

    def note(connection: Connection, accepted: Sequence[Accepted]) -> None:
        for one in accepted:
            if isinstance(one.statement.body, Fact):
                subject = primary_id(connection, SubjectId(one.statement.body.subject))
                record_event(connection, kind="fact", key=str(one.index), subject=subject, at=clock.now())

    return note
