"""The windows that a steward withholds: by withdrawals, by answers to disputes, by silence.

What is stored is what was opened. Which windows are withheld since when follows from it and from the log
alone (`hanse_ledger.withholding`), so it is worked out again after a restart and comes out the same.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import Month, PartyId
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.state import LedgerState
from hanse_ledger.withholding import RowPlace, Said, Withheld, withheld_rows
from node.roles.disputed import contests, note_contested_rows, open_disputes, unnoted
from node.roles.freezing import Freezer, months_of
from node.roles.opening import Opening
from node.roles.party import Standing
from node.storage.bulletin_schema import row_withdrawal
from node.storage.schema import window
from node.storage.vault import OpenedRow, counting_row

_WINDOWS: Final = select(window).where(window.c.token == bindparam("of"))
_WITHHOLD: Final = (
    window.update()
    .where(
        window.c.token == bindparam("of"),
        window.c.frozen_at == bindparam("frozen"),
        window.c.months == bindparam("mask"),
    )
    .values(withheld_at=bindparam("since"))
)
_Key: TypeAlias = tuple[bytes, int, int]
"""A window's token, the month whose close froze it, its months as a mask."""


class Withholding:
    """One steward's withheld windows."""

    def __init__(self, *, standing: Standing, freezer: Freezer, opening: Opening) -> None:
        self._standing, self._freezer, self._opening = standing, freezer, opening
        # How much had taken effect, and how many months were closed, when this was worked out last.
        self._done: tuple[int, int] | None = None

    def work(self) -> None:
        """Freeze what is closed, let take effect what is, and mark the windows that are withheld by now."""
        self._freezer.freeze_closed()
        self._opening.take_effect()
        state = self._standing.state
        now = (self._opening.applied, len(state.closes))
        if now != self._done:
            self._note_disputes()
            self._mark()
            self._done = now

    def look_again(self) -> None:
        """Let the next `work` work it out anew: rows and windows have come from others."""
        self._done = None

    def show_disputes(self, caller: PartyId, body: bytes) -> bytes:
        """Answer a member with [[dispute index, token], ...]: open ones on which a row of its own counts."""
        if body:
            raise MalformedError("what is asked for has no content")
        self._standing.catch_up()
        self.work()
        with self._standing.database.read() as connection:
            return open_disputes(connection, self._standing.state, caller)

    def _note_disputes(self) -> None:
        with self._standing.database.read() as connection:
            new = unnoted(connection)
        if new:
            with self._standing.database.write() as connection:
                for row in new:
                    note_contested_rows(connection, self._standing.state, row)

    def _mark(self) -> None:
        """Mark the windows that hold a withheld row, with the earliest close from which on they are."""
        state = self._standing.state
        with self._standing.database.read() as connection:
            said = list(_said(connection, state))
            withheld = withheld_rows(said, contests(connection, state), state.closes)
            marks = _marks(connection, state, withheld)
        if marks:
            values = [
                {"of": of, "frozen": frozen, "mask": mask, "since": since}
                for (of, frozen, mask), since in marks.items()
            ]
            with self._standing.database.write() as connection:
                connection.execute(_WITHHOLD, values)


def _said(connection: Connection, state: LedgerState) -> Iterator[Said]:
    """Yield the slots that name a row of their sender's own which counted by then; others are ignored."""
    for slot in connection.execute(select(row_withdrawal)).all():
        entry = state.report_of(PartyId(slot.member), slot.report)
        row = None
        if entry is not None:
            row = counting_row(connection, state, RowPlace(entry.index, slot.row))
        if row is not None and row.counts_at < slot.took_effect:
            yield Said(
                row=row.place, code=Code(slot.code), dispute=slot.dispute, took_effect=slot.took_effect
            )


def _marks(connection: Connection, state: LedgerState, withheld: Withheld) -> dict[_Key, int]:
    """Return the windows to be marked, each with the earliest position that a row in it has."""
    marks: dict[_Key, int] = {}
    for place, since in withheld.items():
        row = counting_row(connection, state, place)
        if row is None:
            raise AssertionError("only counting rows are withdrawn or contested")
        for found in connection.execute(_WINDOWS, {"of": row.token}):
            key = (found.token, found.frozen_at, found.months)
            known = marks.get(key, found.withheld_at)
            if _holds(found, row, state) and (known is None or since < known):
                marks[key] = since
    return marks


def _holds(found: Row[Any], row: OpenedRow, state: LedgerState) -> bool:
    """Say whether a window of its subject holds a row: it counted before the close that froze the window."""
    frozen_at = Month(found.frozen_at)
    closed_at = state.closed_at(frozen_at)
    return (
        row.month in months_of(found.months, frozen_at)
        and closed_at is not None
        and row.counts_at < closed_at
    )
