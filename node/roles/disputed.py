"""The disputes that a steward has opened: whom they mark, and whose rows they contest (section 9)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select

from hanse_ledger.codec import encode
from hanse_ledger.ids import Month, PartyId, Token
from hanse_ledger.state import LedgerState
from hanse_ledger.withholding import Contest, RowPlace, is_open, last_month_to_respond
from node.storage.bulletin_schema import disputed_token
from node.storage.contest_schema import disputed_row
from node.storage.vault import counting_rows_on

_OF_TOKENS: Final = select(disputed_token).where(
    disputed_token.c.token.in_(bindparam("tokens", expanding=True))
)
_ALL: Final = select(disputed_token).order_by(disputed_token.c.entry)


def disputes_of(connection: Connection, tokens: Sequence[Token]) -> Mapping[bytes, Sequence[Row[Any]]]:
    """Return every dispute that took effect, by token."""
    found: dict[bytes, list[Row[Any]]] = defaultdict(list)
    if tokens:
        for row in connection.execute(_OF_TOKENS, {"tokens": list(tokens)}):
            found[row.token].append(row)
    return found


def is_disputed(disputes: Iterable[Row[Any]], state: LedgerState, log_size: int) -> bool:
    """Say whether one of a subject's disputes was open as of `log_size` statements."""
    return any(_is_open(row, state, log_size) for row in disputes)


def note_contested_rows(connection: Connection, state: LedgerState, row: Row[Any]) -> None:
    """Store, once for a dispute, which rows counted on its subject when it took effect."""
    contested = counting_rows_on(connection, state, Token(row.token), row.took_effect)
    values = [
        {"dispute": row.entry, "entry": one.place.entry, "row": one.place.number, "member": one.member}
        for one in contested
    ]
    if values:
        connection.execute(disputed_row.insert(), values)


def unnoted(connection: Connection) -> list[Row[Any]]:
    """Return the disputes that took effect and of which no contested row is stored."""
    noted = select(disputed_row.c.dispute)
    return list(connection.execute(_ALL.where(disputed_token.c.entry.not_in(noted))))


def open_disputes(connection: Connection, state: LedgerState, member: PartyId) -> bytes:
    """Return CBOR [[dispute index, token], ...]: open disputes that contest a row of a member's."""
    own = select(disputed_row.c.dispute).where(disputed_row.c.member == member)
    found = connection.execute(_ALL.where(disputed_token.c.entry.in_(own)))
    return encode([[row.entry, row.token] for row in found if _is_open(row, state, state.size)])


def contests(connection: Connection, state: LedgerState) -> list[Contest]:
    """Return every dispute that took effect, with the rows that it contests."""
    rows: dict[int, dict[RowPlace, PartyId]] = defaultdict(dict)
    for row in connection.execute(select(disputed_row)):
        rows[row.dispute][RowPlace(row.entry, row.row)] = PartyId(row.member)
    return [_contest(row, state, rows[row.entry]) for row in connection.execute(_ALL)]


def term_end(state: LedgerState, took_effect: int) -> Month:
    """Return the month with whose close the term ends of a dispute that took effect at a position."""
    document = state.consortium_at(took_effect + 1)
    if document is None:
        raise AssertionError("nothing takes effect before genesis")
    last_closed = state.last_closed(took_effect + 1)
    log_month = document.first_month if last_closed is None else Month(last_closed + 1)
    return last_month_to_respond(log_month, document.policy.dispute_months)


def _contest(row: Row[Any], state: LedgerState, rows: Mapping[RowPlace, PartyId]) -> Contest:
    return Contest(
        dispute=row.entry,
        took_effect=row.took_effect,
        ends_at=state.closed_at(term_end(state, row.took_effect)),
        resolved_at=state.disputes.resolved_at(row.entry),
        rows=rows,
    )


def _is_open(row: Row[Any], state: LedgerState, log_size: int) -> bool:
    resolved_at = state.disputes.resolved_at(row.entry)
    return is_open(took_effect=row.took_effect, resolved_at=resolved_at, log_size=log_size)
