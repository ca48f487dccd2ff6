"""A member's own rows by their places in its reports, and what it has said of them in bulletins."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, select

from hanse_ledger.ids import Month, PartyId, SubjectId
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.rows import Row
from hanse_ledger.state import LedgerState
from node.storage.book import row_of
from node.storage.bulletin_schema import bulletin_item
from node.storage.schema import draft, own_row

ItemState: TypeAlias = Literal["waiting", "sent", "in_effect"]
_ROWS: Final = select(own_row, draft.c.seq).join(draft).where(draft.c.seq.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRow:
    """A row that this member reported and that counts, by its report's seq and its number there."""

    subject: SubjectId = field(repr=False)
    month: Month
    seq: int
    number: int
    counts_at: int
    row: Row = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What was said of an own row: `waiting` for a bulletin, `sent` with one, or `in_effect`."""

    id: int
    seq: int
    number: int
    code: Code
    dispute: int | None
    state: ItemState


def own_rows(
    connection: Connection, state: LedgerState, member: PartyId, *where: ColumnElement[bool]
) -> list[OwnRow]:
    """Return this member's counting rows for which conditions on `own_row` and `draft` hold, by month."""
    found: list[OwnRow] = []
    for record in connection.execute(_ROWS.where(*where).order_by(own_row.c.month)):
        entry = state.report_of(member, record.seq)
        if entry is not None and entry.counts_at is not None:
            found.append(
                OwnRow(
                    subject=SubjectId(record.subject),
                    month=Month(record.month),
                    seq=record.seq,
                    number=record.number,
                    counts_at=entry.counts_at,
                    row=row_of(record),
                )
            )
    return found


def at_places(
    connection: Connection, state: LedgerState, member: PartyId, places: Collection[tuple[int, int]]
) -> dict[tuple[int, int], OwnRow]:
    """Return this member's counting rows at some places: its report's seq and the row's number there."""
    reports = draft.c.seq.in_({seq for seq, _ in places})
    rows = {(row.seq, row.number): row for row in own_rows(connection, state, member, reports)}
    return {place: rows[place] for place in places if place in rows}


def items_of(connection: Connection) -> list[Item]:
    """Return what this member has said of its rows, in the order in which it did."""
    query = select(bulletin_item).where(bulletin_item.c.report.is_not(None)).order_by(bulletin_item.c.id)
    return [_item(row) for row in connection.execute(query)]


def _item(row: Any) -> Item:
    return Item(
        id=row.id,
        seq=row.report,
        number=row.row,
        code=Code(row.code),
        dispute=row.dispute,
        state=_state(row),
    )


def _state(row: Any) -> ItemState:
    if row.took_effect is not None:
        return "in_effect"
    return "waiting" if row.period is None else "sent"
