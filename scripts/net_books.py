"""The members of the consortium of `make net` and their books: the sample's four, or one for each CSV given.

Customers go by `ref:DEMO:<customer>`. Months are those that the demo would report (interfaces.md).
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from node.receivables.sample import LAST_DAY, sample_files

SAMPLE_MEMBERS: Final = ("alder", "birch", "cedar", "doum")
_SAMPLE_MONTHS: Final = tuple(f"2025-{month:02d}" for month in range(7, 13))
"""The last half year of the sample: two quarters, and the year's close."""
_SEED: Final = 2024


class BooksError(Exception):
    """A folder that no consortium can be loaded from."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """What is loaded: each member's export as CSV, the months that are reported, the day they are as of."""

    exports: Mapping[str, bytes]
    months: tuple[str, ...]
    last_day: date
    currency: str

    @property
    def members(self) -> tuple[str, ...]:
        """The members' ids."""
        return tuple(self.exports)

    @cached_property
    def most_shared(self) -> str:
        """A subject that most members have had most invoices with."""
        sold, sellers = Counter[str](), Counter[str]()
        for export in self.exports.values():
            customers = [line["customer"] for line in _lines(export)]
            sold.update(customers)
            sellers.update(set(customers))
        return max(sold, key=lambda subject: (sellers[subject], sold[subject]))


def sample_books() -> Books:
    """Return the made-up books of four members."""
    files = sample_files(seed=_SEED)
    exports = {member: _with_subjects(files[f"{member}.csv"]) for member in SAMPLE_MEMBERS}
    return Books(exports=exports, months=_SAMPLE_MONTHS, last_day=LAST_DAY, currency="CNY")


def books_of(folder: Path) -> Books:
    """Return the books of one member for each CSV of a folder; raises BooksError."""
    try:
        exports = {
            path.stem: _with_subjects(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
            for path in sorted(folder.glob("*.csv"))
        }
        lines = [line for export in exports.values() for line in _lines(export)]
        days = [date.fromisoformat(line[name]) for line in lines for name in _DAYS if line[name]]
        first = min(date.fromisoformat(line["invoice_date"]) for line in lines)
        counts = Counter(line["currency"] for line in lines)
    except (OSError, ValueError, KeyError, IndexError) as error:
        message = f"{folder}: CSV files with invoice_date, paid_date, customer and currency are needed"
        raise BooksError(message) from error
    currency = min(counts, key=lambda one: (-counts[one], one))
    return Books(exports=exports, months=_months(first, max(days)), last_day=max(days), currency=currency)


_DAYS: Final = ("invoice_date", "paid_date")


def _months(first: date, last_day: date) -> tuple[str, ...]:
    """Return the months from a day's to the last that has ended."""
    months, start = [], first.replace(day=1)
    while (following := (start + timedelta(days=31)).replace(day=1)) <= last_day + timedelta(days=1):
        months.append(f"{start:%Y-%m}")
        start = following
    return tuple(months)


def _lines(export: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export.decode())))


def _with_subjects(export: bytes) -> bytes:
    lines = _lines(export)
    written = io.StringIO()
    writer = csv.DictWriter(written, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**line, "customer": f"ref:DEMO:{line['customer']}"} for line in lines)
    return written.getvalue().encode()
