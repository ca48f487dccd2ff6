"""What a printed answer computes from an answer object: nothing here draws or translates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import Month, parse_month
from hanse_ledger.rows import CONDITIONS, DELAY_UPPER, DELAYS, EXPOSURES, Row

_DELAY_LEAST: Final = (0, *(upper + 1 for upper in DELAY_UPPER))
_YEAR: Final = 12
FELL_DUE: Final = slice(1, None)
"""The conditions in which something fell due or stood open past due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What of a consortium an answer is read against."""

    currency: str
    exponent: int
    bounds: tuple[int, ...]
    contributors_min: int
    first_month: Month
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The reader's own rows in a window: by class, and (month, highest balance in minor units, mean days)."""

    condition: tuple[int, ...]
    exposure: tuple[int, ...]
    delay: tuple[int, ...]
    rows: tuple[tuple[Month, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window of an answer object; None for the three lists where it is withheld."""

    months: tuple[Month, ...]
    contributors: str
    condition: tuple[int, ...] | None
    exposure: tuple[int, ...] | None
    delay: tuple[int, ...] | None


def frame_of(consortium: Consortium) -> Frame:
    """Return what answers of this consortium are read against."""
    policy = consortium.policy
    return Frame(
        currency=policy.currency,
        exponent=policy.exponent,
        bounds=policy.bounds,
        contributors_min=policy.contributors_min,
        first_month=consortium.first_month,
        demo=consortium.demo,
    )


def own_from(condition: Iterable[int], exposure: Iterable[int], delay: Iterable[int], rows: Any) -> Own:
    """Return an own part: a node's, with rows as (month, Row), or a stored one, as [month, peak, days]."""
    return Own(
        condition=tuple(condition),
        exposure=tuple(exposure),
        delay=tuple(delay),
        rows=tuple(_own_row(row) for row in rows),
    )


def windows_of(answer: Mapping[str, Any]) -> list[Window]:
    """Return the windows of an answer object; none where its status has no figures."""
    return [
        Window(
            months=tuple(parse_month(month) for month in window["months"]),
            contributors=window["contributors"],
            condition=_counts(window["condition"]),
            exposure=_counts(window["exposure"]),
            delay=_counts(window["delay"]),
        )
        for window in answer.get("windows", [])
    ]


def without_own(windows: Sequence[Window], own: Sequence[Own] | None) -> list[Window]:
    """Return what others reported: each window's sums minus the reader's own part in it."""
    if own is None:
        return list(windows)
    return [_minus(window, part) for window, part in zip(windows, own, strict=True)]


def total(windows: Iterable[Window]) -> Window | None:
    """Add up the windows that have figures; None where none has."""
    shown = [window for window in windows if window.condition is not None]
    if not shown:
        return None
    return Window(
        months=tuple(sorted({month for window in shown for month in window.months})),
        contributors="",
        condition=_added([w.condition or () for w in shown], CONDITIONS),
        exposure=_added([w.exposure or () for w in shown], EXPOSURES),
        delay=_added([w.delay or () for w in shown], DELAYS),
    )


def mean_delay(delay: Sequence[int]) -> tuple[int, int | None] | None:
    """Return between which whole days the rows' mean delay lies, rounded outwards; None of no rows.

    The upper end is None where a row lies in the open class. Delays of 0 or less count as 0.
    """
    count = sum(delay)
    if not count:
        return None
    low = sum(n * least for n, least in zip(delay, _DELAY_LEAST, strict=True)) // count
    if delay[-1]:
        return low, None
    high = sum(n * most for n, most in zip(delay[:-1], DELAY_UPPER, strict=True))
    return low, -(-high // count)


def missing_months(answer: Mapping[str, Any], frame: Frame) -> list[Month]:
    """Return the closed months that are in no window of an answer."""
    if answer.get("last_closed_month") is None:
        return []
    held = {month for window in windows_of(answer) for month in window.months}
    closed = range(frame.first_month, parse_month(answer["last_closed_month"]) + 1)
    return [Month(month) for month in closed if month not in held]


def is_year_open(month: Month, answer: Mapping[str, Any]) -> bool:
    """Say whether a month's calendar year was still open: then the month may yet be frozen with others."""
    december = month - month % _YEAR + _YEAR - 1
    return december > parse_month(answer["last_closed_month"])


def _own_row(row: Any) -> tuple[Month, int, int]:
    if isinstance(row[1], Row):
        return Month(row[0]), row[1].peak_minor, row[1].delay_days
    return parse_month(row[0]), row[1], row[2]


def _counts(values: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if values is None else tuple(values)


def _minus(window: Window, own: Own) -> Window:
    if window.condition is None or window.exposure is None or window.delay is None:
        return window
    return replace(
        window,
        condition=_less(window.condition, own.condition),
        exposure=_less(window.exposure, own.exposure),
        delay=_less(window.delay, own.delay),
    )


def _less(values: Sequence[int], own: Sequence[int]) -> tuple[int, ...]:
    return tuple(value - mine for value, mine in zip(values, own, strict=True))


def _added(lists: Iterable[Sequence[int]], size: int) -> tuple[int, ...]:
    sums = [0] * size
    for values in lists:
        sums = [a + b for a, b in zip(sums, values, strict=True)]
    return tuple(sums)
