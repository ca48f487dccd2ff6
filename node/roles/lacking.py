"""Which values a steward lacks, by the log and its own vault (protocol section 10)."""

from collections.abc import Iterator

from sqlalchemy import Connection

from hanse_ledger.ids import Month, january_of
from hanse_ledger.state import LedgerState
from hanse_ledger.transfers import Kind, Unit, is_live
from hanse_ledger.windows import first_kept
from node.storage.transfers import (
    WINDOWS_AT_ONCE,
    get_received,
    last_frozen,
    opened_entries,
    received_units,
    windows_of_unit,
)


def lacking_reports(connection: Connection, state: LedgerState) -> Iterator[Unit]:
    """Yield the counting reports of this year that were not opened, and earlier ones that windows hold."""
    since = january_of(_first_kept(state))
    counting = [e for e in state.reports.values() if e.counts_at is not None and e.log_month >= since]
    first = min((entry.index for entry in counting), default=0)
    with_share = opened_entries(connection, first, with_share=True)
    columns = opened_entries(connection, first, with_share=False)
    for entry in counting:
        live = is_live(entry, state.log_month)
        if entry.index not in (with_share if live else columns):
            yield Unit(kind=Kind.ROWS if live else Kind.COLUMNS, place=entry.index)


def lacking_windows(connection: Connection, state: LedgerState) -> Iterator[Unit]:
    """Yield the windows of closes that were not frozen, in order; how many they are the first part says."""
    done, last = last_frozen(connection), state.last_closed()
    if last is None:
        return
    first = max(_first_kept(state), state.consortium.first_month if done is None else done + 1)
    come = received_units(connection)
    for month in range(first, last + 1):
        unit = Unit(kind=Kind.WINDOWS, place=month)
        yield unit
        total = windows_of_unit(get_received(connection, unit).held).total if unit in come else 0
        for offset in range(WINDOWS_AT_ONCE, total, WINDOWS_AT_ONCE):
            yield Unit(kind=Kind.WINDOWS, place=month, offset=offset)


def _first_kept(state: LedgerState) -> Month:
    """Return the first month whose windows are kept, or would be."""
    last = state.last_closed()
    if last is None:
        return state.consortium.first_month
    return max(first_kept(last, state.consortium.policy.retention_months), state.consortium.first_month)
