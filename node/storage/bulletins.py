"""What waits for a member's next bulletin, what is in the one on its way, and what has taken effect.

An item that its bulletin could not bring into effect waits again, in its old place.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.privacy.bulletin import SLOTS, Code, Withdrawn
from node.storage.bulletin_schema import bulletin_item, own_bulletin, seen_log_month
from node.storage.database import inserted_id

_WARNING: Final = "warning"
_WITHDRAWAL: Final = "withdrawal"
_WAITING: Final = (
    select(bulletin_item)
    .where(bulletin_item.c.period.is_(None), bulletin_item.c.took_effect.is_(None))
    .order_by(bulletin_item.c.id)
    .limit(SLOTS)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningItem:
    """A subject that is to be warned of, or no longer."""

    id: int
    subject: SubjectId = field(repr=False)
    is_raised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalItem:
    """A row that is to be withdrawn, or what is to be said of it in a dispute."""

    id: int
    withdrawn: Withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBulletin:
    """A bulletin that was stored to be sent: its period, its place in the party's chain, its hash."""

    period: int
    seq: int
    hash: bytes


def queue_warning(connection: Connection, subject: SubjectId, *, is_raised: bool) -> int:
    """Let a warning, or its end, go with the next bulletin that has room; return the item's number."""
    values = {"kind": _WARNING, "subject": subject, "is_raised": is_raised}
    return inserted_id(connection.execute(bulletin_item.insert(), values))


def queue_withdrawal(connection: Connection, withdrawn: Withdrawn) -> int:
    """Let a withdrawal or a response go with the next bulletin that has room; return the item's number."""
    values = {
        "kind": _WITHDRAWAL,
        "dispute": withdrawn.dispute,
        "report": withdrawn.seq,
        "row": withdrawn.row,
        "code": int(withdrawn.code),
    }
    return inserted_id(connection.execute(bulletin_item.insert(), values))


def waiting_warnings(connection: Connection) -> list[WarningItem]:
    """Return the warnings that have waited longest, at most as many as a bulletin has slots."""
    rows = connection.execute(_WAITING.where(bulletin_item.c.kind == _WARNING))
    return [
        WarningItem(id=row.id, subject=SubjectId(row.subject), is_raised=bool(row.is_raised)) for row in rows
    ]


def waiting_withdrawals(connection: Connection) -> list[WithdrawalItem]:
    """Return the withdrawals that have waited longest, at most as many as a bulletin has slots."""
    rows = connection.execute(_WAITING.where(bulletin_item.c.kind == _WITHDRAWAL))
    return [
        WithdrawalItem(
            id=row.id,
            withdrawn=Withdrawn(dispute=row.dispute, seq=row.report, row=row.row, code=Code(row.code)),
        )
        for row in rows
    ]


def put_own(connection: Connection, bulletin: OwnBulletin, items: Iterable[int]) -> None:
    """Note a bulletin that was stored to be sent, and which items are in it."""
    values = {"period": bulletin.period, "seq": bulletin.seq, "hash": bulletin.hash}
    connection.execute(own_bulletin.insert(), values)
    carried = bulletin_item.c.id.in_(list(items))
    connection.execute(bulletin_item.update().where(carried).values(period=bulletin.period))


def own_bulletins(connection: Connection) -> list[OwnBulletin]:
    """Return the bulletins of which it is not known yet what became of them."""
    rows = connection.execute(select(own_bulletin).order_by(own_bulletin.c.period))
    return [OwnBulletin(period=row.period, seq=row.seq, hash=row.hash) for row in rows]


def settle_own(connection: Connection, period: int, effect: tuple[int, Month] | None) -> None:
    """Note with which statement a bulletin took effect, and its log month; else its items wait again."""
    values: dict[str, int | None] = {"period": None}
    if effect is not None:
        values = dict(zip(("took_effect", "log_month"), effect, strict=True))
    carried = (bulletin_item.c.period == period) & bulletin_item.c.took_effect.is_(None)
    connection.execute(bulletin_item.update().where(carried).values(**values))
    connection.execute(own_bulletin.delete().where(own_bulletin.c.period == period))


def note_log_month(connection: Connection, month: Month) -> None:
    """Note which log month runs, for those who have the database alone."""
    connection.execute(seen_log_month.delete())
    connection.execute(seen_log_month.insert(), {"month": month})


def log_month_seen(connection: Connection) -> Month | None:
    """Return the log month that was noted last, None before any."""
    month = connection.execute(select(seen_log_month.c.month)).scalar()
    return None if month is None else Month(month)
