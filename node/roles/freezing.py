"""Freezing: when a month closes, a steward sums its shares of every subject that enough groups reported on.

Two passes keep memory small: the first sees tokens and months alone and decides which windows there are, the
second adds up shares report by report. What is frozen never changes (protocol section 7).
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from hanse_ledger.codec import encode
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import HASH_BYTES, Month, january_of, month_text
from hanse_ledger.privacy.shares import reduced
from hanse_ledger.rows import CELLS
from hanse_ledger.state import LedgerState, ReportEntry
from hanse_ledger.windows import Frozen, first_counting, first_kept, freeze, number_tokens, window_months
from node.roles.party import Standing
from node.storage.bulk import bulk_insert
from node.storage.schema import frozen_month, opened, opened_month, window

_log = logging.getLogger(__name__)

_QUARTER: Final = 3
_YEAR: Final = 12
_INSERT_ROWS: Final = 20_000

Ints = NDArray[np.int64]


class Freezer:
    """Brings a steward's vault to the last closed month of its copy of the log."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        # The last closed month that was looked at: what is frozen stays so, what is missing stays missing.
        self._done: Month | None = None
        self._lacks_shares = False

    @property
    def is_whole(self) -> bool:
        """Whether every closed month is frozen: not in a vault that lacks shares of reports that count."""
        return not self._lacks_shares

    @property
    def has_looked(self) -> bool:
        """Whether no closed month waits to be looked at: what could be frozen is."""
        return self._done == self._standing.state.last_closed()

    def look_again(self) -> None:
        """Let the next `freeze_closed` look at the vault anew: what was missing has come from others."""
        self._done = None

    def freeze_closed(self) -> None:
        """Freeze every month that is closed and not frozen yet, each in one transaction.

        Stops at a month for which shares are missing, as in a vault restored from an older copy: sums without
        them would be false (section 10).
        """
        state = self._standing.state
        last = state.last_closed()
        if last is None or self._done == last:
            return
        with self._standing.database.read() as connection:
            done = connection.execute(select(func.max(frozen_month.c.month))).scalar()
        start = state.consortium.first_month if done is None else done + 1
        self._lacks_shares = False
        for month in range(start, last + 1):
            self._lacks_shares = self._is_lacking(Month(month), state)
            if self._lacks_shares:
                _log.warning(
                    "%s cannot be frozen: shares of counting reports are missing", month_text(Month(month))
                )
                break
            self._freeze(Month(month), state)
        self._done = last

    def _is_lacking(self, closing: Month, state: LedgerState) -> bool:
        """Say whether a report that may have rows in what freezes now counts and was not opened here."""
        january, position = january_of(closing), state.closed_at(closing)
        needed = {
            entry.index
            for entry in state.reports.values()
            if entry.log_month >= january
            and entry.counts_at is not None
            and position is not None
            and entry.counts_at < position
        }
        query = select(opened.c.entry).where(opened.c.share.is_not(None))
        with self._standing.database.read() as connection:
            return not needed <= set(
                connection.execute(query.where(opened.c.entry >= min(needed, default=0))).scalars()
            )

    def _freeze(self, closing: Month, state: LedgerState) -> None:
        consortium = _consortium_at_close(closing, state)
        with self._standing.database.read() as connection:
            rows = _Rows(connection, _entries(connection, closing, state), closing, consortium)
            frozen = rows.frozen
            sums = _add_up(connection, rows)
        shares = reduced(sums)
        kept = first_kept(closing, consortium.policy.retention_months)
        with self._standing.database.write() as connection:
            for start in range(0, len(frozen.subject), _INSERT_ROWS):
                part = slice(start, start + _INSERT_ROWS)
                bulk_insert(connection, window, _window_values(rows, frozen, shares, part))
            connection.execute(window.delete().where(window.c.frozen_at < kept))
            values = {"month": closing, "contributions": _contributions(rows, consortium)}
            connection.execute(frozen_month.insert(), values)


class _Rows:
    """The rows that a close looks at, as columns, and what it freezes of them."""

    def __init__(
        self, connection: Connection, entries: Sequence[ReportEntry], closing: Month, consortium: Consortium
    ) -> None:
        self.entries = entries
        columns = [_columns(connection, entry) for entry in entries]
        past_tokens, past_masks, past_at = _past_windows(connection, closing)
        tokens = b"".join(column[0] for column in columns)
        self.tokens, number = number_tokens(tokens + past_tokens)
        count = len(tokens) // HASH_BYTES
        self._numbers, past = number[:count], number[count:]
        months = [column[1] for column in columns]
        self.sizes = [len(month) for month in months]
        month = np.concatenate(months) if months else np.zeros(0, np.int64)
        member, group, self._members = _who(entries, self.sizes, consortium)
        self._member = member
        # Rows of a month later than their entry's log month take no place (section 7).
        log_month = _repeat([entry.log_month for entry in entries], self.sizes)
        candidate = np.flatnonzero((month <= log_month) & (month >= consortium.first_month))
        counts = first_counting(
            member=member[candidate], subject=self._numbers[candidate], month=month[candidate]
        )
        self._counting = candidate[counts]
        frozen_subject, frozen_month_numbers = _pairs(past, past_masks, past_at)
        chosen = self._counting
        self.frozen: Frozen = freeze(
            subject=self._numbers[chosen],
            month=month[chosen],
            group=group[chosen],
            minimum=_repeat([entry.contributors_min for entry in entries], self.sizes)[chosen],
            closing=closing,
            first_month=consortium.first_month,
            contributors_min=consortium.policy.contributors_min,
            frozen_subject=frozen_subject,
            frozen_month=frozen_month_numbers,
        )
        self.window_of_row = np.full(count, -1, np.int64)
        self.window_of_row[chosen] = self.frozen.window_of_row

    def token(self, window_number: int) -> bytes:
        """Return the token of a window."""
        start = HASH_BYTES * int(self.frozen.subject[window_number])
        return self.tokens[start : start + HASH_BYTES]

    def contributions(self) -> list[list[Any]]:
        """Return [member, tokens] for every member with a row in what is frozen now, tokens each once."""
        in_window = np.flatnonzero(self.window_of_row >= 0)
        result: list[list[Any]] = []
        for number, member in enumerate(self._members):
            subjects = np.unique(self._numbers[in_window][self._member[in_window] == number])
            if len(subjects):
                matrix = np.frombuffer(self.tokens, np.uint8).reshape(-1, HASH_BYTES)
                result.append([member, matrix[subjects].tobytes()])
        return result


def contributions_at(connection: Connection, closing: Month, state: LedgerState) -> bytes:
    """Return of each member the subjects in a close's windows, where budgets depend on it, as it is stored.

    Tokens and months of the reports are needed for it, and no share.
    """
    consortium = _consortium_at_close(closing, state)
    if not _meters_subjects(consortium):
        return encode([])
    return _contributions(
        _Rows(connection, _entries(connection, closing, state), closing, consortium), consortium
    )


def _contributions(rows: _Rows, consortium: Consortium) -> bytes:
    return encode(rows.contributions() if _meters_subjects(consortium) else [])


def _consortium_at_close(closing: Month, state: LedgerState) -> Consortium:
    """Return the document as it stands at the close, whatever has come since: all stewards freeze alike."""
    consortium = state.consortium_at_close(closing)
    if consortium is None:
        raise AssertionError("only a closed month is frozen")
    return consortium


def _entries(connection: Connection, closing: Month, state: LedgerState) -> list[ReportEntry]:
    """Return the entries with rows of the months that may freeze now, in the order of their places."""
    first = closing
    if (closing + 1) % _QUARTER == 0:
        first = Month(closing - _QUARTER + 1)
    if (closing + 1) % _YEAR == 0:
        first = Month(closing - _YEAR + 1)
    position = state.closed_at(closing)
    query = select(opened_month.c.entry).where(opened_month.c.month.between(first, closing)).distinct()
    found = [state.reports[index] for index in connection.execute(query).scalars()]
    counting = [
        e for e in found if e.counts_at is not None and position is not None and e.counts_at < position
    ]
    return sorted(counting, key=lambda entry: (entry.counts_at or 0, entry.index))


def _columns(connection: Connection, entry: ReportEntry) -> tuple[bytes, Ints]:
    query = select(opened.c.tokens, opened.c.months).where(opened.c.entry == entry.index)
    row = connection.execute(query).one()
    return row.tokens, np.frombuffer(row.months, "<u2").astype(np.int64)


def _past_windows(connection: Connection, closing: Month) -> tuple[bytes, Ints, Ints]:
    """Return tokens, masks and closes of the windows of this year that were frozen before."""
    january = january_of(closing)
    # At the close of a month alone nothing can have frozen it before.
    if (closing + 1) % _QUARTER:
        return b"", np.zeros(0, np.int64), np.zeros(0, np.int64)
    query = select(window.c.token, window.c.months, window.c.frozen_at).where(
        window.c.frozen_at.between(january, closing - 1)
    )
    rows = connection.execute(query).all()
    tokens = b"".join(row.token for row in rows)
    return (
        tokens,
        np.array([row.months for row in rows], np.int64),
        np.array([row.frozen_at for row in rows], np.int64),
    )


def _pairs(numbers: Ints, masks: Ints, frozen_at: Ints) -> tuple[Ints, Ints]:
    january = frozen_at - frozen_at % _YEAR
    row, place = np.nonzero((masks[:, None] >> np.arange(_YEAR)) & 1)
    return numbers[row], january[row] + place


def _who(
    entries: Sequence[ReportEntry], sizes: Sequence[int], consortium: Consortium
) -> tuple[Ints, Ints, list[str]]:
    """Return the number of each row's member and group, by the document as it stands at the close."""
    groups = consortium.groups()
    members = sorted({entry.member for entry in entries})
    group_names = sorted({groups[member] for member in members})
    member = _repeat([members.index(entry.member) for entry in entries], sizes)
    group = _repeat([group_names.index(groups[entry.member]) for entry in entries], sizes)
    return member, group, list(members)


def _repeat(values: Sequence[int], sizes: Sequence[int]) -> Ints:
    return np.repeat(np.array(values, np.int64), np.array(sizes, np.int64))


def _add_up(connection: Connection, rows: _Rows) -> NDArray[np.uint64]:
    """Sum the shares of each window's rows; residues below 2^31, so 2^33 of them fit."""
    sums = np.zeros((len(rows.frozen.subject), CELLS), np.uint64)
    start = 0
    for entry, size in zip(rows.entries, rows.sizes, strict=True):
        windows = rows.window_of_row[start : start + size]
        start += size
        used = np.flatnonzero(windows >= 0)
        if not len(used):
            continue
        raw = connection.execute(select(opened.c.share).where(opened.c.entry == entry.index)).scalar_one()
        share = np.frombuffer(raw, "<u4").reshape(size, CELLS)[used]
        _add_rows(sums, windows[used], share)
    return sums


def _add_rows(sums: NDArray[np.uint64], windows: Ints, share: NDArray[np.uint32]) -> None:
    """Add each row to its window's sum; several rows of one report may have the same window."""
    order = np.argsort(windows, kind="stable")
    ordered = windows[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sums[ordered[starts]] += np.add.reduceat(share[order].astype(np.uint64), starts, axis=0)


def _window_values(
    rows: _Rows, frozen: Frozen, shares: NDArray[np.uint32], part: slice
) -> list[dict[str, object]]:
    numbers = range(len(frozen.subject))[part]
    raw = shares[part].astype("<u4").tobytes()
    size = 4 * CELLS
    return [
        {
            "token": rows.token(number),
            "frozen_at": frozen.frozen_at,
            "months": int(frozen.months[number]),
            "groups": int(frozen.groups[number]),
            "share": raw[i * size : (i + 1) * size],
            "withheld_at": None,
        }
        for i, number in enumerate(numbers)
    ]


def _meters_subjects(consortium: Consortium) -> bool:
    return consortium.policy.inquiries_per_subject > 0


def months_of(mask: int, frozen_at: Month) -> tuple[Month, ...]:
    """Return a stored window's months."""
    return window_months(mask, frozen_at=frozen_at)
