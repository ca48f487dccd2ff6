"""A steward's opened rows by place or by token: whose each is, which of them count (section 7), their end."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from sqlalchemy import Connection, bindparam, select

from hanse_ledger.ids import HASH_BYTES, Month, PartyId, Token
from hanse_ledger.state import LedgerState, ReportEntry
from hanse_ledger.withholding import RowPlace
from node.storage.schema import opened, opened_month

_ENTRY: Final = select(opened.c.tokens, opened.c.months).where(opened.c.entry == bindparam("entry"))
_OF_MEMBER: Final = (
    select(opened.c.entry, opened.c.tokens, opened.c.months)
    .join(opened_month, opened_month.c.entry == opened.c.entry)
    .where(opened.c.member == bindparam("member"), opened_month.c.month == bindparam("month"))
)
_ALL: Final = select(opened.c.entry, opened.c.tokens, opened.c.months).where(opened.c.tokens.is_not(None))

_REPORTS_AT_ONCE: Final = 100
"""Up to 3 MiB of tokens; all of them may be gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRow:
    """A row as a steward sees it: whom and which month it is about, and since when its report counts."""

    place: RowPlace
    member: PartyId
    token: Token = field(repr=False)
    month: Month
    counts_at: int


def counting_row(connection: Connection, state: LedgerState, place: RowPlace) -> OpenedRow | None:
    """Return a row if it counts, by what the log says by now; None for one that is void or not there."""
    entry = state.reports[place.entry]
    row = connection.execute(_ENTRY, {"entry": entry.index}).one_or_none()
    if row is None or row.tokens is None or place.number >= entry.rows:
        return None
    token, month = _token(row.tokens, place.number), _months(row.months)[place.number]
    found = connection.execute(_OF_MEMBER, {"member": entry.member, "month": month}).all()
    rivals = [
        one
        for other in found
        for one in _rows_of(state.reports[other.entry], other.tokens, other.months, token, state)
        if one.month == month
    ]
    first = next(iter(_first(rivals)), None)
    return first if first is not None and first.place == place else None


def counting_rows_on(
    connection: Connection, state: LedgerState, token: Token, before: int
) -> list[OpenedRow]:
    """Return the counting rows on a subject of reports that counted before a position."""
    found = [
        one
        for row in connection.execute(_ALL, execution_options={"yield_per": _REPORTS_AT_ONCE})
        if token in row.tokens
        for one in _rows_of(state.reports[row.entry], row.tokens, row.months, token, state)
        if one.counts_at < before
    ]
    return _first(found)


def destroy_shares(connection: Connection, places: range) -> int:
    """Destroy the shares of the reports that stand between two places of the log; return of how many.

    Tokens and months stay: later closes, disputes and withdrawals go by them.
    """
    stands_there = opened.c.entry.between(places.start, places.stop - 1)
    held = opened.update().where(stands_there, opened.c.share.is_not(None))
    return connection.execute(held.values(share=None)).rowcount


def _first(rows: Iterable[OpenedRow]) -> list[OpenedRow]:
    """Return the rows that count: the first in place for each member and month, of rows with one token."""
    by_month: dict[tuple[PartyId, Month], list[OpenedRow]] = defaultdict(list)
    for row in rows:
        by_month[row.member, row.month].append(row)
    return [min(same, key=lambda row: (row.counts_at, row.place)) for same in by_month.values()]


def _rows_of(
    entry: ReportEntry, tokens: bytes, months: bytes, token: Token, state: LedgerState
) -> Iterator[OpenedRow]:
    """Yield an entry's rows on a subject that may take a place: of its log month or an earlier one."""
    if entry.counts_at is None:
        return
    of_rows = _months(months)
    for number in _places(tokens, token):
        if state.consortium.first_month <= of_rows[number] <= entry.log_month:
            yield OpenedRow(
                place=RowPlace(entry.index, number),
                member=entry.member,
                token=token,
                month=of_rows[number],
                counts_at=entry.counts_at,
            )


def _places(tokens: bytes, token: Token) -> Iterator[int]:
    at = tokens.find(token)
    while at >= 0:
        # Tokens stand side by side: what begins within one is no token.
        if at % HASH_BYTES == 0:
            yield at // HASH_BYTES
        at = tokens.find(token, at + 1)


def _token(tokens: bytes, number: int) -> Token:
    return Token(tokens[HASH_BYTES * number : HASH_BYTES * (number + 1)])


def _months(raw: bytes) -> Sequence[Month]:
    return [Month(int(month)) for month in np.frombuffer(raw, "<u2")]
