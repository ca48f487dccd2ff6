"""Events that the log causes at a member: recorded in the transaction that stores the statements."""

from collections.abc import Sequence

from sqlalchemy import Connection

from hanse_ledger.bodies import Close, ClosePeriod
from hanse_ledger.filings import Fact
from hanse_ledger.ids import SubjectId, month_text
from hanse_ledger.state import Accepted, LedgerState
from node.ports import Clock
from node.risk.events import record_event
from node.sequencing.replica import Note
from node.storage.facts import primary_id


def noting(clock: Clock) -> Note:
    """Return what records, of statements that are stored, those that monitoring has to look at."""

    def note(connection: Connection, accepted: Sequence[Accepted], state: LedgerState) -> None:
        for one in accepted:
            if isinstance(one.statement.body, Fact):
                subject = primary_id(connection, SubjectId(one.statement.body.subject))
                record_event(connection, kind="fact", key=str(one.index), subject=subject, at=clock.now())
        bodies = {type(one.statement.body) for one in accepted}
        # Of several closes that are stored together the last one is told: it is about the present.
        month = state.last_closed()
        if Close in bodies and month is not None:
            key = month_text(month)
            record_event(connection, kind="month_closed", key=key, subject=None, at=clock.now())
        if ClosePeriod in bodies and state.next_period > 0:
            key = str(state.next_period - 1)
            record_event(connection, kind="bulletin_closed", key=key, subject=None, at=clock.now())

    return note
