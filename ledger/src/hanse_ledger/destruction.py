"""When stewards destroy the row shares that they have opened (protocol section 10, docs/adr/0036).

A year's shares are those of the reports of its log months: their rows are of that year or of one before, and
none of them freezes after it. Which years are settled follows from the log alone: all stewards destroy alike.
"""

from collections.abc import Iterator
from typing import Final

from hanse_ledger.ids import Month, january_of
from hanse_ledger.state import LedgerState
from hanse_ledger.windows import first_kept

_YEAR: Final = 12


def closed_years(state: LedgerState) -> Iterator[Month]:
    """Yield the first month of every year of the ledger that is closed, in order."""
    for first in range(january_of(state.consortium.first_month), january_of(state.log_month), _YEAR):
        yield Month(first)


def reports_of(state: LedgerState, first: Month) -> range:
    """Return the places on the log at which a closed year's reports stand; `first` is its first month."""
    before, closed_at = state.closed_at(Month(first - 1)), state.closed_at(_december(first))
    if closed_at is None:
        raise AssertionError("the year is closed")
    return range(0 if before is None else before + 1, closed_at)


def is_settled(state: LedgerState, first: Month) -> bool:
    """Say whether nothing needs the row shares of a year any more; `first` is its first month.

    The year is closed and so are `dispute_months` after it, by the document of its close; no dispute that was
    filed by then and may contest a row of the year waits for its resolution. At the latest they go with the
    last of the year's sums: a desk that has left resolves nothing.
    """
    december = _december(first)
    document = state.consortium_at_close(december)
    if document is None:
        return False
    until = state.closed_at(Month(december + document.policy.dispute_months))
    if until is None or any(_may_open(state, one, first, until) for one in state.disputes.unresolved()):
        return _has_left_retention(state, december)
    return True


def _may_open(state: LedgerState, dispute: int, first: Month, until: int) -> bool:
    """Say whether a dispute was filed in time and may contest a row of the year."""
    if dispute > until:
        return False
    entry, before = state.bulletins.entries[dispute], state.closed_at(Month(first - 1))
    if state.periods.position(entry.period) is None:
        return True
    # It contests rows that counted before.
    took_effect = state.bulletins.took_effect(entry)
    return took_effect is not None and (before is None or took_effect > before)


def _has_left_retention(state: LedgerState, december: Month) -> bool:
    """Say whether the windows that the year's close froze have been destroyed at a later close."""
    for closing in map(Month, range(december + 1, state.log_month)):
        document = state.consortium_at_close(closing)
        if document is not None and december < first_kept(closing, document.policy.retention_months):
            return True
    return False


def _december(first: Month) -> Month:
    return Month(first + _YEAR - 1)
