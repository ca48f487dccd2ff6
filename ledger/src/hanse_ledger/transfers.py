"""Which values a new or restored steward may have from the others, by the log alone (protocol section 10).

What it was sent a share of once it may have again. The document that names it gives it a share of the token
key, and another vote the rows and sums of before it came (docs/adr/0032).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from hanse_ledger.errors import MalformedError
from hanse_ledger.fields import as_array, as_uint
from hanse_ledger.ids import Month, PartyId, StewardX, january_of
from hanse_ledger.reports import ReportEntry
from hanse_ledger.state import LedgerState


class Kind(IntEnum):
    """What a unit holds."""

    KEY = 0
    """The share of the token key."""
    ROWS = 1
    """A report's tokens and months, and its shares: while its year runs."""
    COLUMNS = 2
    """A report's tokens and months, after its year: which windows are withheld follows from them."""
    WINDOWS = 3
    """Windows that the close of a month froze."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unit:
    """What two stewards give at once.

    `place` is a report's index, or the month of a close whose windows from number `offset` on are meant.
    """

    kind: Kind
    place: int = 0
    offset: int = 0

    def fields(self) -> list[int]:
        """Return the unit as messages write it."""
        return [int(self.kind), self.place, self.offset]


KEY: Final = Unit(kind=Kind.KEY)


def read_unit(value: Any) -> Unit:
    """Read a unit from a message; raises MalformedError."""
    kind, place, offset = as_array(value, 3, "a unit")
    as_uint(kind, "kind", limit=len(Kind))
    unit = Unit(kind=Kind(kind), place=as_uint(place, "place"), offset=as_uint(offset, "offset"))
    if unit.offset and unit.kind is not Kind.WINDOWS:
        raise MalformedError("windows alone have an offset")
    # A vote is asked for by kind: under this one no report's rows may be meant.
    if unit.kind is Kind.KEY and unit != KEY:
        raise MalformedError("the token key is one unit")
    return unit


def is_live(entry: ReportEntry, log_month: Month) -> bool:
    """Say whether a report's rows may still be frozen: its year is not over."""
    return entry.log_month >= january_of(log_month)


def may_have(state: LedgerState, party: PartyId, unit: Unit) -> bool:
    """Say whether an active steward may be given a unit, by the log so far."""
    steward = state.consortium.party(party)
    if steward is None or steward.x is None:
        return False
    if unit.kind is Kind.KEY:
        return True
    if not _is_given(state, unit):
        return False
    return state.rows_tally(party).suffices or all(
        steward.x in entry.stewards for entry in _entries(state, unit)
    )


def others_of(state: LedgerState, x: StewardX) -> list[StewardX]:
    """Return the other active stewards, in order."""
    return [other for other in state.consortium.stewards if other != x]


def _is_given(state: LedgerState, unit: Unit) -> bool:
    """Say whether a unit is for anybody: of a report that counts, and its shares while its year runs."""
    if unit.kind is Kind.WINDOWS:
        return True
    entry = state.reports.get(unit.place)
    if entry is None or entry.counts_at is None:
        return False
    return unit.kind is Kind.COLUMNS or is_live(entry, state.log_month)


def _entries(state: LedgerState, unit: Unit) -> Iterator[ReportEntry]:
    """Yield the counting reports that a unit's values were shared in."""
    if unit.kind is not Kind.WINDOWS:
        yield state.reports[unit.place]
        return
    closed_at = state.closed_at(Month(unit.place))
    for entry in state.reports.values():
        if entry.log_month >= january_of(Month(unit.place)) and _counts_before(entry, closed_at):
            yield entry


def _counts_before(entry: ReportEntry, position: int | None) -> bool:
    return entry.counts_at is not None and position is not None and entry.counts_at < position
