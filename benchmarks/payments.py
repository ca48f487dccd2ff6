"""What several firms' books knew on a day, through the consortium's rules: rows, bands, the minimum, windows.

Everything is in the clear here, as sums of shares are the sums of rows; a test compares the windows with what
stewards of an embedded consortium answer. Nothing that happened after the day is in what `known_on` returns.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortium_config.sample import demo_policy
from hanse_ledger.consortium import Policy
from hanse_ledger.ids import Month, PartyId, SubjectId, month_at, month_end
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import CONDITIONS, EXPOSURES, Invoice, Row, encode_cells, make_row, open_months
from hanse_ledger.windows import Frozen, band, fold_cells, freeze, window_months
from node.receivables.amounts import minor_digits
from node.receivables.export import open_export
from node.receivables.read import take
from node.receivables.subjectmap import demo_subject
from node.risk.signals.inputs import Answered, Inputs, OwnInvoice, OwnRow

Pair: TypeAlias = tuple[PartyId, SubjectId]
Books: TypeAlias = Mapping[Pair, Sequence[Invoice]]
Windows: TypeAlias = Mapping[SubjectId, Sequence[WindowFigures]]
Ints: TypeAlias = NDArray[np.int64]

_DELAYS_FROM: Final = CONDITIONS + EXPOSURES


class RowAt(NamedTuple):
    """One member's row of a subject's month."""

    member: PartyId
    subject: SubjectId
    month: Month
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was known on a day.

    `members` are the inputs that each member has for each of its customers and for whom it is asked about;
    `pooled` those of a firm to which all invoices were its own, and which has no network.
    """

    members: Mapping[Pair, Inputs] = field(repr=False)
    pooled: Mapping[SubjectId, Inputs] = field(repr=False)


def read_books(folder: Path) -> tuple[Books, Policy]:
    """Return the invoices in `<member>.csv` files, and the policy that `hanse demo` has for them."""
    exports = {PartyId(path.stem): open_export(path.read_bytes()) for path in sorted(folder.glob("*.csv"))}
    counts: Counter[str] = Counter()
    for export in exports.values():
        counts.update(export.currencies())
    currency = min(counts, key=lambda code: (-counts[code], code))
    as_of = max(day for export in exports.values() if (day := export.last_day()) is not None)
    books: dict[Pair, list[Invoice]] = defaultdict(list)
    for member, export in exports.items():
        reading = take(export, subject_of=demo_subject, currency=currency, rated_currencies=(), as_of=as_of)
        for record in reading.records:
            books[member, record.subject].append(record.invoice)
    return books, demo_policy(currency=currency, exponent=minor_digits(currency))


def books_on(books: Books, day: date) -> Books:
    """Return what the books held on a day: later invoices are not there, later payments not made."""
    held = {
        pair: [_invoice_on(one, day) for one in invoices if one.invoice_date <= day]
        for pair, invoices in books.items()
    }
    return {pair: invoices for pair, invoices in held.items() if invoices}


def _invoice_on(one: Invoice, day: date) -> Invoice:
    return replace(
        one,
        paid_date=one.paid_date if one.paid_date is not None and one.paid_date <= day else None,
        lost_on=one.lost_on if one.lost_on is not None and one.lost_on <= day else None,
    )


def rows_of(books: Books, policy: Policy, *, months: Sequence[Month]) -> list[RowAt]:
    """Return the rows that members report for some months, in the order of month, member and subject."""
    rows = [
        RowAt(member, subject, month, row)
        for (member, subject), invoices in books.items()
        for month in _open_months(invoices, months)
        if (row := _row(invoices, month, policy)) is not None
    ]
    return sorted(rows, key=lambda one: one[:3])


def _open_months(invoices: Iterable[Invoice], months: Sequence[Month]) -> list[Month]:
    as_of = month_end(months[-1])
    found = {month for one in invoices for month in open_months(one, as_of=as_of)}
    return [month for month in months if month in found]


def _row(invoices: Sequence[Invoice], month: Month, policy: Policy) -> Row | None:
    return make_row(
        invoices, month=month, bounds_minor=policy.bounds_minor, currency=policy.currency, rates={}
    )


def windows_of(rows: Sequence[RowAt], policy: Policy, *, months: Sequence[Month]) -> Windows:
    """Return the windows that are frozen when these months have closed one after the other."""
    subjects, subject = _numbered([one.subject for one in rows])
    _, group = _numbered([one.member for one in rows])
    month = np.array([one.month for one in rows], np.int64)
    values = _values([one.row for one in rows])
    is_frozen = np.zeros(len(rows), np.bool_)
    past_subject, past_month = np.zeros(0, np.int64), np.zeros(0, np.int64)
    found: dict[SubjectId, list[WindowFigures]] = defaultdict(list)
    for closing in months:
        chosen = np.flatnonzero(~is_frozen & (month <= closing))
        frozen = freeze(
            subject=subject[chosen],
            month=month[chosen],
            group=group[chosen],
            minimum=np.full(len(chosen), policy.contributors_min),
            closing=closing,
            first_month=months[0],
            contributors_min=policy.contributors_min,
            frozen_subject=past_subject,
            frozen_month=past_month,
        )
        for number, one in enumerate(_figures(frozen, values[chosen])):
            found[subjects[frozen.subject[number]]].append(one)
        is_frozen[chosen[frozen.window_of_row >= 0]] = True
        more_subject, more_month = frozen.pairs()
        past_subject = np.concatenate((past_subject, more_subject))
        past_month = np.concatenate((past_month, more_month))
    return {of: sorted(windows, key=lambda one: one.months[0]) for of, windows in found.items()}


def _numbered(names: Sequence[str]) -> tuple[list[SubjectId], Ints]:
    order = sorted(set(names))
    places = {name: place for place, name in enumerate(order)}
    return [SubjectId(name) for name in order], np.array([places[name] for name in names], np.int64)


def _values(rows: Sequence[Row]) -> NDArray[np.uint64]:
    cells = encode_cells(
        *([getattr(row, name) for row in rows] for name in ("condition", "exposure", "delay"))
    )
    return fold_cells(cells.astype(np.uint64))


def _figures(frozen: Frozen, values: NDArray[np.uint64]) -> list[WindowFigures]:
    sums = np.zeros((len(frozen.subject), values.shape[1]), np.uint64)
    inside = frozen.window_of_row >= 0
    np.add.at(sums, frozen.window_of_row[inside], values[inside])
    return [
        WindowFigures(
            months=window_months(int(mask), frozen_at=frozen.frozen_at),
            frozen_at=frozen.frozen_at,
            band=band(int(groups)),
            condition=tuple(total[:CONDITIONS]),
            exposure=tuple(total[CONDITIONS:_DELAYS_FROM]),
            delay=tuple(total[_DELAYS_FROM:]),
            cells=None,
        )
        for mask, groups, total in zip(frozen.months, frozen.groups, sums.tolist(), strict=True)
    ]


def known_on(books: Books, policy: Policy, day: date, *, asked: Iterable[Pair]) -> Known:
    """Return what was known on a day, also of those whom members ask about beside their customers."""
    held = books_on(books, day)
    months = _months(held, day)
    rows = rows_of(held, policy, months=months)
    windows = windows_of(rows, policy, months=months)
    own_rows: dict[Pair, list[OwnRow]] = defaultdict(list)
    for member, subject, month, row in rows:
        own_rows[member, subject].append(OwnRow(month, row.condition, row.delay, row.delay_days, month))
    every: dict[SubjectId, list[Invoice]] = defaultdict(list)
    for (_, subject), invoices in held.items():
        every[subject] += invoices
    return Known(
        members={
            pair: replace(
                _inputs(pair[1], held.get(pair, ()), policy, day),
                answered=_answered(windows.get(pair[1], ()), months[-1]),
                rows=tuple(own_rows[pair]),
            )
            for pair in sorted({*held, *asked})
        },
        pooled={
            subject: _inputs(subject, every.get(subject, ()), policy, day)
            for subject in sorted({*every, *(subject for _, subject in asked)})
        },
    )


def _months(books: Books, day: date) -> list[Month]:
    """Return the months that are reported and closed, as in `hanse demo` (interfaces.md)."""
    first = min(month_at(one.invoice_date) for invoices in books.values() for one in invoices)
    last = month_at(day) if month_end(month_at(day)) <= day else month_at(day) - 1
    return [Month(month) for month in range(first, last + 1)]


def _answered(windows: Sequence[WindowFigures], last_closed: Month) -> Answered:
    return Answered(last_closed=last_closed, windows=tuple(windows), level=0, disputed=False)


def _inputs(subject: SubjectId, invoices: Sequence[Invoice], policy: Policy, day: date) -> Inputs:
    return Inputs(
        subject=subject,
        as_of=day,
        minimum=policy.contributors_min,
        book_day=day,
        invoices=tuple(_own_invoice(one) for one in invoices),
    )


def _own_invoice(one: Invoice) -> OwnInvoice:
    return OwnInvoice(
        invoice_date=one.invoice_date.toordinal(),
        due_date=one.due_date.toordinal(),
        paid_date=None if one.paid_date is None else one.paid_date.toordinal(),
        amount_minor=one.amount_minor,
        lost_on=None if one.lost_on is None else one.lost_on.toordinal(),
        contested=False,
    )
