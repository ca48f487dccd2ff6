"""Which rows count, and which months freeze together (protocol section 7).

Pure and vectorised: rows are columns of whole numbers that the caller has numbered densely from 0 (members,
subjects, groups), so that a million rows take about a second. Nothing here knows a token's value or a
row's content; `fold_cells` works on shares as on values, as sums of shares are shares of sums.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from hanse_ledger.ids import HASH_BYTES, Month, january_of
from hanse_ledger.rows import CELLS, CONDITIONS, DELAYS, EXPOSURES

Ints: TypeAlias = npt.NDArray[np.int64]

BAND_LOWER: Final = (3, 4, 6, 10, 20)
BAND_TEXT: Final = ("3", "4-5", "6-9", "10-19", "20+")
CELLS_BAND: Final = 3
"""The lowest band whose windows are answered with all 56 cells; below it they are folded to 22."""
VALUES_BELOW_TEN: Final = CONDITIONS + EXPOSURES + DELAYS

_QUARTER: Final = 3
_YEAR: Final = 12
_LATE_ANSWERS: Final = 2
"""Months that an answer may be as of a position back: windows are kept so much longer than retention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The W windows that one close freezes, from N counting rows that were in none before.

    `subject` (W), `months` (W) as masks with bit i for the i-th month of the year of `frozen_at` from 0,
    `groups` (W) distinct groups, and `window_of_row` (N): the number of each row's window, or -1.
    Windows of the month come first, then the quarter's, then the year's; each by subject.
    """

    frozen_at: Month
    subject: Ints
    months: npt.NDArray[np.uint16]
    groups: Ints
    window_of_row: Ints

    def pairs(self) -> tuple[Ints, Ints]:
        """Return subject and month of every month that this close froze, months without rows included."""
        bits = (self.months[:, None] >> np.arange(_YEAR, dtype=np.uint16)) & 1
        window, place = np.nonzero(bits)
        return self.subject[window], place + january_of(self.frozen_at)


def number_tokens(tokens: bytes) -> tuple[bytes, Ints]:
    """Return the distinct ones of N tokens (32 N bytes) in ascending order, and the number of each (N)."""
    words = np.frombuffer(tokens, dtype=">u8").reshape(-1, HASH_BYTES // 8).astype(np.uint64)
    # Tokens are a member's word: nothing but comparing all 32 bytes keeps two of them apart.
    order = np.lexsort(words.T[::-1])
    words = words[order]
    is_new = np.ones(len(words), dtype=np.bool_)
    is_new[1:] = np.any(words[1:] != words[:-1], axis=1)
    number = np.empty(len(words), dtype=np.int64)
    number[order] = np.cumsum(is_new) - 1
    return words[is_new].astype(">u8").tobytes(), number


def first_counting(*, member: Ints, subject: Ints, month: Ints) -> npt.NDArray[np.bool_]:
    """Say which rows count: the first for each (member, subject, month); all others are void.

    Rows come in the order of their places: (position at which the entry counts, entry index, row number).
    """
    order = np.lexsort((month, subject, member))  # stable, so the earliest place leads each run
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = False
    for column in (member, subject, month):
        in_order = column[order]
        is_first[1:] |= in_order[1:] != in_order[:-1]
    counts = np.empty(len(order), dtype=np.bool_)
    counts[order] = is_first
    return counts


def freeze(  # noqa: PLR0913 - six columns of rows and pairs, and the three facts of a close
    *,
    subject: Ints,
    month: Ints,
    group: Ints,
    minimum: Ints,
    closing: Month,
    first_month: Month,
    contributors_min: int,
    frozen_subject: Ints,
    frozen_month: Ints,
) -> Frozen:
    """Freeze what the close of `closing` freezes: the month, then its quarter and year if they end with it.

    Rows are the N counting rows of entries that count before this close and are in no window yet;
    `minimum` is the `contributors_min` that was in force at each one's entry, `contributors_min` the one
    at the close. (`frozen_subject`, `frozen_month`) are the months frozen by earlier closes; a
    row of one of them came too late and stays out. Groups are numbered from 0.
    """
    january = january_of(closing)
    known, place = np.unique(subject, return_inverse=True)
    taken = _taken(known, frozen_subject, frozen_month, january)
    row_bit = _month_bits(month, january)
    window_of_row = np.full(len(subject), -1, dtype=np.int64)
    windows = [(known[:0], taken[:0], known[:0])]
    count = 0
    for start in _starts(closing):
        span = _span(max(start, first_month), closing, january)
        rows = np.flatnonzero(row_bit & span & ~taken[place])
        groups, needed = _contributors(place[rows], group[rows], minimum[rows], subjects=len(known))
        accepted = np.flatnonzero(groups >= np.maximum(needed, contributors_min))
        windows.append((known[accepted], span & ~taken[accepted], groups[accepted]))
        number = np.full(len(known), -1, dtype=np.int64)
        number[accepted] = np.arange(count, count + len(accepted))
        window_of_row[rows] = number[place[rows]]
        taken[accepted] |= span
        count += len(accepted)
    subjects, masks, sizes = (np.concatenate(column) for column in zip(*windows, strict=True))
    return Frozen(
        frozen_at=closing, subject=subjects, months=masks, groups=sizes, window_of_row=window_of_row
    )


def window_months(mask: int, *, frozen_at: Month) -> tuple[Month, ...]:
    """Return the months of a window's mask in their order."""
    january = january_of(frozen_at)
    return tuple(Month(january + bit) for bit in range(_YEAR) if mask >> bit & 1)


def first_kept(closing: Month, retention_months: int) -> Month:
    """Return the first month whose windows are kept at a close; those of earlier ones are destroyed."""
    return Month(closing - retention_months - _LATE_ANSWERS)


def band(groups: int) -> int:
    """Return the contributor band 0 to 4 of a number of groups; no window has fewer than three."""
    if groups < BAND_LOWER[0]:
        raise ValueError("no window has so few groups")
    return bisect_right(BAND_LOWER, groups) - 1


def fold_cells(cells: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Fold (w, 56) cells to (w, 22) values: 8 conditions, 6 exposures, 8 delays.

    Nothing is reduced: values below 2^32 give sums below 2^35, the caller takes shares modulo p.
    """
    if cells.ndim != 2 or cells.shape[1] != CELLS:  # noqa: PLR2004 - a matrix
        raise ValueError(f"expected rows of {CELLS} cells")
    both = cells[:, : CONDITIONS * EXPOSURES].astype(np.uint64).reshape(-1, CONDITIONS, EXPOSURES)
    delays = cells[:, CONDITIONS * EXPOSURES :].astype(np.uint64)
    return np.concatenate((both.sum(axis=2), both.sum(axis=1), delays), axis=1)


def _starts(closing: Month) -> list[int]:
    """Return the first month of each span that ends with `closing`: month, quarter, year."""
    return [closing - length + 1 for length in (1, _QUARTER, _YEAR) if (closing + 1) % length == 0]


def _span(first: int, last: int, january: int) -> np.uint16:
    """Return the mask of the months from `first` to `last` of the year; none where `first` is later."""
    return np.uint16(sum(1 << (month - january) for month in range(first, last + 1)))


def _month_bits(month: Ints, january: int) -> npt.NDArray[np.uint16]:
    """Return each month's bit, 0 for one outside the year."""
    place = month - january
    inside = (place >= 0) & (place < _YEAR)
    return np.where(inside, 1 << np.where(inside, place, 0), 0).astype(np.uint16)


def _taken(known: Ints, frozen_subject: Ints, frozen_month: Ints, january: int) -> npt.NDArray[np.uint16]:
    """Return the mask of the year's months that are frozen already, for each known subject."""
    bits = _month_bits(frozen_month, january)
    subject, bits = frozen_subject[bits != 0], bits[bits != 0]
    taken = np.zeros(len(known), dtype=np.uint16)
    if len(known):
        place = np.minimum(np.searchsorted(known, subject), len(known) - 1)
        same = known[place] == subject
        np.bitwise_or.at(taken, place[same], bits[same])
    return taken


def _contributors(place: Ints, group: Ints, minimum: Ints, *, subjects: int) -> tuple[Ints, Ints]:
    """Return for each subject the number of distinct groups and the highest minimum among its rows."""
    base = int(group.max(initial=0)) + 1
    distinct = np.unique(place * base + group) // base
    needed = np.zeros(subjects, dtype=np.int64)
    np.maximum.at(needed, place, minimum)
    return np.bincount(distinct, minlength=subjects).astype(np.int64), needed
