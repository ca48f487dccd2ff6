"""A member's withdrawals of own rows that were reported wrongly: they leave in bulletins (section 8).

A row that counted is never taken out of a sum: the window that holds it is withheld as a whole, from the next
close of a month on, so that nobody sees by how much a sum would change.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from hanse_ledger.ids import Month, SubjectId, month_text
from hanse_ledger.privacy.bulletin import Code, Withdrawn
from hanse_ledger.withholding import WITHDRAWS
from node.errors import NotFoundError, WithdrawnError
from node.risk.audit import AuditChain
from node.risk.roles import Actor, require
from node.roles.party import Standing
from node.storage.bulletins import queue_withdrawal
from node.storage.own_rows import Item, ItemState, OwnRow, at_places, items_of, own_rows
from node.storage.schema import own_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An own row that was withdrawn, why, and how far the withdrawal is on its way."""

    subject: SubjectId = field(repr=False)
    month: Month
    code: Code
    state: ItemState

    def describe(self) -> dict[str, Any]:
        """Return the withdrawal as it is shown."""
        return {
            "subject": self.subject,
            "month": month_text(self.month),
            "reason": self.code.name.lower(),
            "state": self.state,
        }


class Withdrawals:
    """One member's withdrawals."""

    def __init__(self, standing: Standing) -> None:
        self._standing, self._audit = standing, AuditChain(standing.database)

    def withdraw(self, actor: Actor, subject: SubjectId, month: Month, code: Code) -> Withdrawal:
        """Let the withdrawal of a row go with the next bulletin that has room, as somebody who may say so.

        Raises NotFoundError where no own row of the subject's counts for the month, WithdrawnError for one
        that was withdrawn. `code` is one of `WITHDRAWS`.
        """
        require(actor, "row.withdraw")
        if code not in WITHDRAWS:
            raise ValueError("no reason for which a row is withdrawn")
        self._standing.catch_up()
        with self._standing.database.write() as connection:
            row = self._row(connection, subject, month)
            if any((item.seq, item.number) == (row.seq, row.number) for item in _withdrawn(connection)):
                raise WithdrawnError("the row was withdrawn before")
            queue_withdrawal(connection, Withdrawn(seq=row.seq, row=row.number, code=code))
            self._audit.append(
                connection,
                actor=actor,
                action="row.withdrawn",
                subject=row.subject,
                content={"month": month_text(month), "reason": code.name.lower()},
                at=self._standing.clock.now(),
            )
        return Withdrawal(subject=row.subject, month=month, code=code, state="waiting")

    def listed(self, actor: Actor) -> list[Withdrawal]:
        """Return every withdrawal, the newest first, to somebody who may see it; the look is recorded."""
        require(actor, "row.view")
        self._audit.record(
            actor=actor,
            action="withdrawals.viewed",
            subject=None,
            content={},
            at=self._standing.clock.now(),
        )
        with self._standing.database.read() as connection:
            items = _withdrawn(connection)
            places = {(item.seq, item.number) for item in items}
            rows = at_places(connection, self._standing.state, self._standing.id, places)
        return [
            _shown(rows[item.seq, item.number], item)
            for item in reversed(items)
            if (item.seq, item.number) in rows
        ]

    def _row(self, connection: Connection, subject: SubjectId, month: Month) -> OwnRow:
        state = self._standing.state
        # A row may stand under the id that was the primary one when it was reported.
        ids = {subject, state.primary_of(subject)}
        where = (own_row.c.subject.in_(ids), own_row.c.month == month)
        rows = own_rows(connection, state, self._standing.id, *where)
        if not rows:
            raise NotFoundError("no row of this member's counts for that subject and month")
        return rows[0]


def _shown(row: OwnRow, item: Item) -> Withdrawal:
    return Withdrawal(subject=row.subject, month=row.month, code=item.code, state=item.state)


def _withdrawn(connection: Connection) -> list[Item]:
    return [item for item in items_of(connection) if item.dispute is None]
