"""Rows that are due, cut into reports of fixed sizes (protocol section 4). A draft outlives every attempt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import Policy
from hanse_ledger.evidence import SALT_BYTES, encode_leaf, evidence_root, hash_leaf, row_leaves
from hanse_ledger.ids import HASH_BYTES, Month, SubjectId, Token, january_of, month_end
from hanse_ledger.privacy.shares import RowColumns
from hanse_ledger.rows import Invoice, Row, encode_cells, make_row, open_months
from node.ports import Entropy

ROWS_A_REPORT: Final = 1_024
ROWS_LEAST: Final = 64
_DRAFT_LIMIT: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """One real row with what proves it, before it has a place in a report."""

    subject: SubjectId
    month: Month
    row: Row
    leaves: list[bytes] = field(repr=False)
    """Encoded, as they are hashed and stored."""
    salts: list[bytes] = field(repr=False)

    def root(self) -> bytes:
        """Return the row's evidence root."""
        return evidence_root(list(map(hash_leaf, self.salts, self.leaves)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What one report says, in its order, padding rows included."""

    rows: RowColumns
    conditions: bytes = field(repr=False)
    exposures: bytes = field(repr=False)
    delays: bytes = field(repr=False)
    evidence_roots: tuple[bytes, ...] = field(repr=False)

    def cells(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
        """Return the (n, 56) one-hot matrix."""
        columns = (np.frombuffer(c, np.uint8) for c in (self.conditions, self.exposures, self.delays))
        return encode_cells(*columns)

    def encode(self) -> tuple[bytes, bytes]:
        """Return rows and evidence roots for the private store."""
        months = self.rows.months.astype("<u2").tobytes()
        rows = encode([self.rows.tokens, months, self.conditions, self.exposures, self.delays])
        return rows, b"".join(self.evidence_roots)

    @classmethod
    def parse(cls, rows: bytes, roots: bytes) -> "Draft":
        """Read what `encode` gave."""
        tokens, months, conditions, exposures, delays = decode(rows, limit=_DRAFT_LIMIT)
        return cls(
            rows=RowColumns(tokens=tokens, months=np.frombuffer(months, "<u2")),
            conditions=conditions,
            exposures=exposures,
            delays=delays,
            evidence_roots=tuple(roots[i : i + HASH_BYTES] for i in range(0, len(roots), HASH_BYTES)),
        )


def first_open_month(first_month: Month, log_month: Month) -> Month:
    """Return the earliest month whose rows can still be in a window: of the running year, or the ledger's."""
    return Month(max(first_month, january_of(log_month)))


def due_rows(
    book: Mapping[SubjectId, Sequence[Invoice]],
    *,
    first: Month,
    last: Month,
    made: set[tuple[SubjectId, Month]],
    policy: Policy,
    entropy: Entropy,
) -> Iterator[DueRow]:
    """Make a row for every subject and month from `first` to `last` that has none yet.

    Raises MissingRateError where an open invoice's currency has no rate for the month.
    """
    rates = {month: policy.rates_of(Month(month)) for month in range(first, last + 1)}
    as_of = month_end(last)
    for subject, invoices in book.items():
        open_in: dict[int, list[Invoice]] = {}
        for invoice in invoices:
            for month in open_months(invoice, as_of=as_of):
                if first <= month <= last:
                    open_in.setdefault(month, []).append(invoice)
        for number, lines in open_in.items():
            month = Month(number)
            if (subject, month) not in made:
                row = make_row(
                    lines,
                    month=month,
                    bounds_minor=policy.bounds_minor,
                    currency=policy.currency,
                    rates=rates[month],
                )
                if row is not None:
                    named = row_leaves(subject=subject, month=month, row=row, invoices=lines)
                    leaves = [encode_leaf(name, value) for name, value in named]
                    drawn = entropy(SALT_BYTES * len(leaves))
                    salts = [drawn[i : i + SALT_BYTES] for i in range(0, len(drawn), SALT_BYTES)]
                    yield DueRow(subject=subject, month=month, row=row, leaves=leaves, salts=salts)


def cut_drafts(
    rows: Sequence[DueRow],
    tokens: Mapping[SubjectId, Token],
    *,
    log_month: Month,
    entropy: Entropy,
) -> list[tuple[Draft, list[DueRow | None]]]:
    """Cut rows into reports in the order of (month, token); the last is padded to a power of two.

    Without rows there is one report of padding. Beside each draft stand its rows by number, None for padding.
    """
    ordered = sorted(rows, key=lambda due: (due.month, tokens[due.subject]))
    parts = [ordered[i : i + ROWS_A_REPORT] for i in range(0, len(ordered), ROWS_A_REPORT)] or [[]]
    return [_draft(part, tokens, log_month=log_month, entropy=entropy) for part in parts]


def _draft(
    part: Sequence[DueRow], tokens: Mapping[SubjectId, Token], *, log_month: Month, entropy: Entropy
) -> tuple[Draft, list[DueRow | None]]:
    newest = max((due.month for due in part), default=log_month)
    size = max(ROWS_LEAST, 1 << (len(part) - 1).bit_length()) if part else ROWS_LEAST
    placed: list[tuple[Month, bytes, bytes, DueRow | None]] = [
        (due.month, tokens[due.subject], due.root(), due) for due in part
    ]
    # A padding row looks like any other: a random token and root in the newest month, all classes 0.
    placed += [(newest, entropy(HASH_BYTES), entropy(HASH_BYTES), None) for _ in range(size - len(part))]
    placed.sort(key=lambda row: row[:2])
    classes = [
        (due.row.condition, due.row.exposure, due.row.delay) if due else (0, 0, 0) for *_, due in placed
    ]
    conditions, exposures, delays = (bytes(column) for column in zip(*classes, strict=True))
    draft = Draft(
        rows=RowColumns.of([token for _, token, _, _ in placed], [month for month, *_ in placed]),
        conditions=conditions,
        exposures=exposures,
        delays=delays,
        evidence_roots=tuple(root for _, _, root, _ in placed),
    )
    return draft, [due for *_, due in placed]
