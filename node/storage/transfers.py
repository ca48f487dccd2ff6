"""What two stewards give a third, in their vaults and in its own, and what has come until it was checked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, Table, and_, func, select

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import VerificationError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_uint
from hanse_ledger.ids import HASH_BYTES, Month, StewardX
from hanse_ledger.privacy.shares import Residues, encode_residues, parse_residues
from hanse_ledger.reports import ReportEntry
from hanse_ledger.state import LedgerState
from hanse_ledger.transfers import Kind, Unit
from node.storage.bulk import bulk_insert
from node.storage.schema import frozen_month, opened, opened_month, window
from node.storage.transfer_schema import received_unit, refused_unit, shares_standing

WINDOWS_AT_ONCE: Final = 1_024
"""Of one unit: as many as a report has rows at most."""
_CONTENT_LIMIT: Final = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A unit as a steward holds it: what all hold alike, and its own (n, 56) share."""

    content: bytes = field(repr=False)
    share: Residues = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A unit that has come: from whom, as of which log size, and the log's size when it came."""

    unit: Unit
    first: StewardX
    second: StewardX
    asked_at: int
    come_at: int
    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A unit of a pair's that did not hold; `odd` is the one whose values alone were off the line."""

    unit: Unit
    first: StewardX
    second: StewardX
    odd: StewardX | None
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsContent:
    """What all hold alike of a part of a close's windows; `withheld` as of the size it was asked for."""

    total: int
    tokens: bytes = field(repr=False)
    months: Sequence[int]
    groups: Sequence[int]
    withheld: Sequence[int | None]


def held_unit(connection: Connection, unit: Unit, log_size: int) -> Held | None:
    """Return a unit of one's own vault, None where it is not there.

    Windows are withheld as they were after the first `log_size` statements.
    """
    if unit.kind is Kind.WINDOWS:
        return _held_windows(connection, unit, log_size)
    row = connection.execute(select(opened).where(opened.c.entry == unit.place)).one_or_none()
    if row is None or row.tokens is None or (unit.kind is Kind.ROWS and row.share is None):
        return None
    share = parse_residues(b"" if unit.kind is Kind.COLUMNS else row.share)
    return Held(content=encode([row.tokens, row.months]), share=share)


def rows_of_unit(entry: ReportEntry, held: Held) -> tuple[bytes, bytes]:
    """Return the tokens and months of a report's unit; VerificationError unless they are of all its rows."""
    tokens, months = as_array(decode(held.content, limit=_CONTENT_LIMIT), 2, "rows")
    if not isinstance(tokens, bytes) or not isinstance(months, bytes):
        raise VerificationError("tokens and months are bytes")
    if len(tokens) != HASH_BYTES * entry.rows or len(months) != 2 * entry.rows:
        raise VerificationError("a report's rows are as many as its evidence roots")
    return tokens, months


def windows_of_unit(held: Held) -> WindowsContent:
    """Read what all hold alike of a part of a close's windows; raises MalformedError."""
    total, tokens, months, groups, withheld = as_array(
        decode(held.content, limit=_CONTENT_LIMIT), 5, "windows"
    )
    count = len(as_list(months, 0, WINDOWS_AT_ONCE, "months"))
    return WindowsContent(
        total=as_uint(total, "windows"),
        tokens=as_bytes(tokens, "tokens", size=HASH_BYTES * count),
        months=[as_uint(mask, "months", limit=1 << 12) for mask in months],
        groups=[as_uint(one, "groups") for one in as_list(groups, count, count, "groups")],
        withheld=[
            None if one is None else as_uint(one, "position")
            for one in as_list(withheld, count, count, "positions")
        ],
    )


def check_held(unit: Unit, state: LedgerState, held: Held) -> None:
    """Refuse what cannot be this unit; raises VerificationError or MalformedError."""
    if unit.kind is Kind.WINDOWS:
        rows = len(windows_of_unit(held).months)
    else:
        entry = state.reports[unit.place]
        rows_of_unit(entry, held)
        rows = entry.rows if unit.kind is Kind.ROWS else 0
    if len(held.share) != rows:
        raise VerificationError("there is one masked row for each row or window")


def get_received(connection: Connection, unit: Unit) -> Received:
    """Return a unit that has come."""
    return _received(connection.execute(select(received_unit).where(_is(received_unit, unit))).one())


def received_units(connection: Connection) -> dict[Unit, int]:
    """Return which units have come, and the log's size when each did."""
    columns = (received_unit.c.kind, received_unit.c.place, received_unit.c.start, received_unit.c.come_at)
    return {
        Unit(kind=Kind(kind), place=place, offset=start): come_at
        for kind, place, start, come_at in connection.execute(select(*columns))
    }


def put_received(connection: Connection, one: Received) -> None:
    """Store what has come."""
    values = {
        **_place(one.unit),
        "first": one.first,
        "second": one.second,
        "asked_at": one.asked_at,
        "come_at": one.come_at,
        "content": one.held.content,
        "share": encode_residues(one.held.share),
    }
    connection.execute(received_unit.insert(), values)


def drop_received(connection: Connection, units: Collection[Unit]) -> None:
    """Take away what did not hold, or was put where it belongs."""
    for unit in units:
        connection.execute(received_unit.delete().where(_is(received_unit, unit)))


def put_refused(connection: Connection, one: Refused) -> None:
    """Keep that a pair's unit did not hold, once."""
    values = {**_place(one.unit), "first": one.first, "second": one.second}
    same = (refused_unit.c.first == one.first) & (refused_unit.c.second == one.second)
    connection.execute(refused_unit.delete().where(_is(refused_unit, one.unit) & same))
    connection.execute(refused_unit.insert(), {**values, "odd": one.odd, "at": one.at})


def refused(connection: Connection) -> list[Row[Any]]:
    """Return whose units did not hold, in order, each pair and odd one once."""
    columns = (refused_unit.c.first, refused_unit.c.second, refused_unit.c.odd)
    query = select(*columns, func.count().label("units"), func.max(refused_unit.c.at).label("at"))
    return list(connection.execute(query.group_by(*columns).order_by(func.min(refused_unit.c.id))))


def forget_refused(connection: Connection) -> None:
    """Drop the record of what did not hold."""
    connection.execute(refused_unit.delete())


def put_standing(connection: Connection, *, state: str, lacking: int, received: int) -> None:
    """Store how it stands in the place of how it stood."""
    connection.execute(shares_standing.delete())
    values = {"id": 0, "state": state, "lacking": lacking, "received": received}
    connection.execute(shares_standing.insert(), values)


def standing(connection: Connection) -> Row[Any] | None:
    """Return how it stands; None where nothing was ever lacking."""
    return connection.execute(select(shares_standing)).one_or_none()


def install_report(connection: Connection, entry: ReportEntry, x: StewardX, one: Received) -> None:
    """Put a report's rows into the vault, as if this steward had opened them."""
    tokens, months = rows_of_unit(entry, one.held)
    values = {
        "member": entry.member,
        "tokens": tokens,
        "months": months,
        "share": encode_residues(one.held.share) if one.unit.kind is Kind.ROWS else None,
        "validity": encode(entry.published.get(x)),
    }
    known = connection.execute(select(opened.c.entry).where(opened.c.entry == entry.index)).scalar()
    if known is None:
        connection.execute(opened.insert(), {"entry": entry.index, **values})
    else:
        connection.execute(opened.update().where(opened.c.entry == entry.index), values)
    of_rows = sorted({int(month) for month in np.frombuffer(months, "<u2")})
    connection.execute(opened_month.delete().where(opened_month.c.entry == entry.index))
    connection.execute(opened_month.insert(), [{"month": month, "entry": entry.index} for month in of_rows])


def install_windows(connection: Connection, one: Received) -> None:
    """Put a part of a close's windows into the vault."""
    content = windows_of_unit(one.held)
    rows = [
        {
            "token": content.tokens[HASH_BYTES * i : HASH_BYTES * (i + 1)],
            "frozen_at": one.unit.place,
            "months": months,
            "groups": content.groups[i],
            "share": encode_residues(one.held.share[i]),
            "withheld_at": content.withheld[i],
        }
        for i, months in enumerate(content.months)
    ]
    bulk_insert(connection, window, rows)


def last_frozen(connection: Connection) -> Month | None:
    """Return the last month whose close was frozen."""
    found = connection.execute(select(func.max(frozen_month.c.month))).scalar()
    return None if found is None else Month(found)


def put_frozen(connection: Connection, month: Month, contributions: bytes) -> None:
    """Note that a month's close is frozen."""
    connection.execute(frozen_month.insert(), {"month": month, "contributions": contributions})


def opened_entries(connection: Connection, since: int, *, with_share: bool) -> set[int]:
    """Return the reports from an index on of which the rows, or at least whose they are, were opened."""
    column = opened.c.share if with_share else opened.c.tokens
    query = select(opened.c.entry).where(opened.c.entry >= since, column.is_not(None))
    return set(connection.execute(query).scalars())


def _held_windows(connection: Connection, unit: Unit, log_size: int) -> Held | None:
    is_frozen = select(frozen_month.c.month).where(frozen_month.c.month == unit.place)
    if connection.execute(is_frozen).scalar() is None:
        return None
    here = window.c.frozen_at == unit.place
    total = connection.execute(select(func.count()).select_from(window).where(here)).scalar_one()
    query = select(window).where(here).order_by(window.c.token, window.c.months)
    rows = connection.execute(query.limit(WINDOWS_AT_ONCE).offset(unit.offset)).all()
    content = [
        total,
        b"".join(row.token for row in rows),
        [row.months for row in rows],
        [row.groups for row in rows],
        [
            row.withheld_at if row.withheld_at is not None and row.withheld_at < log_size else None
            for row in rows
        ],
    ]
    return Held(content=encode(content), share=parse_residues(b"".join(row.share for row in rows)))


def _received(row: Row[Any]) -> Received:
    return Received(
        unit=_unit(row),
        first=StewardX(row.first),
        second=StewardX(row.second),
        asked_at=row.asked_at,
        come_at=row.come_at,
        held=Held(content=row.content, share=parse_residues(row.share)),
    )


def _unit(row: Row[Any]) -> Unit:
    return Unit(kind=Kind(row.kind), place=row.place, offset=row.start)


def _place(unit: Unit) -> dict[str, int]:
    return {"kind": int(unit.kind), "place": unit.place, "start": unit.offset}


def _is(table: Table, unit: Unit) -> Any:
    return and_(table.c.kind == int(unit.kind), table.c.place == unit.place, table.c.start == unit.offset)
