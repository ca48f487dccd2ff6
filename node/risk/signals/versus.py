"""You and the others: windows without one's own rows, and how far both are apart (protocol section 9).

A member may subtract its own part. What remains may be fewer groups than the consortium's minimum, and no
signal is made of that: a window counts here only where the band shows that enough groups remain.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple

from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import CONDITIONS, DELAYS
from node.risk.signals.bands import is_enough_without_own
from node.risk.signals.inputs import Inputs, OwnRow
from node.risk.signals.names import SignalName
from node.risk.signals.sums import LATE, Basis, Sums, added, basis_of, usable
from node.risk.signals.value import Signal, unknowns

_OTHERS: Final[tuple[SignalName, ...]] = ("versus.others_days", "versus.others_late_share")
_APART: Final[tuple[SignalName, ...]] = ("versus.delay_days", "versus.late_share")


class _Part(NamedTuple):
    """A window and the own rows in it."""

    window: WindowFigures
    rows: list[OwnRow]


def versus_signals(inputs: Inputs) -> list[Signal]:
    """Return what the others alone are like, and how far one's own rows are from them."""
    answered = inputs.answered
    if answered is None:
        return unknowns((*_OTHERS, *_APART), inputs.why_not)
    windows, why_not = usable(answered.windows, answered.last_closed, inputs.minimum)
    if why_not is not None:
        return unknowns((*_OTHERS, *_APART), why_not)
    unsettled = [row for row in inputs.rows if not row.is_settled]
    windows = [one for one in windows if not any(_may_hold(one, row) for row in unsettled)]
    if not windows:
        return unknowns((*_OTHERS, *_APART), "own_row_unsettled")
    parts = [_Part(window, rows_in(window, inputs.rows)) for window in windows]
    enough = [part for part in parts if _is_enough(part, inputs.minimum)]
    if not enough:
        return unknowns((*_OTHERS, *_APART), "too_few_firms")
    basis = basis_of([part.window for part in enough], inputs.as_of)
    return [*_others(_without_own(enough), basis), *_apart(parts, enough, inputs)]


def rows_in(window: WindowFigures, rows: Iterable[OwnRow]) -> list[OwnRow]:
    """Return the own rows that a window holds: those that counted before the close which froze it."""
    return [row for row in rows if row.is_settled and _may_hold(window, row)]


def _may_hold(window: WindowFigures, row: OwnRow) -> bool:
    return row.month in window.months and row.counted_in <= window.frozen_at


def _is_enough(part: _Part, minimum: int) -> bool:
    return not part.rows or is_enough_without_own(part.window.band, minimum)


def _others(others: Sums, basis: Basis) -> list[Signal]:
    days = others.days()
    if days is None or not others.due:
        return unknowns(_OTHERS, "nothing_due")
    return [
        basis.known("versus.others_days", days.value, (days.low, days.high)),
        basis.known("versus.others_late_share", others.share(LATE)),
    ]


def _apart(parts: Sequence[_Part], enough: Sequence[_Part], inputs: Inputs) -> list[Signal]:
    if not any(part.rows for part in parts):
        return unknowns(_APART, "own_row_missing")
    both = [part for part in enough if part.rows]
    if not both:
        return unknowns(_APART, "too_few_firms")
    own = [row for part in both for row in part.rows if row.condition]
    others = _without_own(both)
    days = others.days()
    if not own or days is None or not others.due:
        return unknowns(_APART, "nothing_due")
    basis = basis_of([part.window for part in both], inputs.as_of)
    mine = sum(max(0, row.delay_days) for row in own) / len(own)
    late = sum(row.condition >= LATE for row in own) / len(own)
    return [
        basis.known("versus.delay_days", mine - days.value, (mine - days.high, mine - days.low)),
        basis.known("versus.late_share", late - others.share(LATE)),
    ]


def _without_own(parts: Sequence[_Part]) -> Sums:
    condition, delay = [0] * CONDITIONS, [0] * DELAYS
    for row in chain.from_iterable(part.rows for part in parts):
        condition[row.condition] += 1
        delay[row.delay] += 1
    return added([part.window for part in parts]) - Sums(condition=tuple(condition), delay=tuple(delay))
