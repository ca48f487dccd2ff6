"""What a consortium's windows must say, computed in the clear from the invoices, subject by subject.

A second, small implementation of protocol sections 3 and 7 for the tests: no numpy, nothing of the project's
rows and windows, days counted one by one. Members report everything that is due in every log month.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Final, NamedTuple

BOUNDS_MINOR: Final = (100_000, 1_000_000, 5_000_000, 25_000_000, 100_000_000)
HEADER: Final = "invoice no,customer no,invoice date,due date,payment date,amount,currency,status,status date"


class Bill(NamedTuple):
    """An invoice as it ends; `known` is the day from which the member's books have it."""

    customer: str
    reference: str
    invoiced: date
    due: date
    paid: date | None
    minor: int
    lost: date | None
    known: date

    def at(self, day: date) -> "Bill | None":
        """Return what the books of a day say of it."""
        if max(self.known, self.invoiced) > day:
            return None
        paid = self.paid if self.paid is not None and self.paid <= day else None
        lost = self.lost if self.lost is not None and self.lost <= day else None
        return self._replace(paid=paid, lost=lost)


class Window(NamedTuple):
    """A frozen window: its months and the month whose close froze it, groups, and 22 sums."""

    months: tuple[int, ...]
    frozen_at: int
    groups: int
    condition: tuple[int, ...]
    exposure: tuple[int, ...]
    delay: tuple[int, ...]


@dataclass(frozen=True)
class Expected:
    """Everything that a run must have brought about: rows by (member, customer, month), and the windows."""

    rows: Mapping[tuple[str, str, int], tuple[int, int, int]]
    windows: Mapping[str, list[Window]]


def days_of(month: int) -> list[date]:
    """Return the days of a month, numbered year * 12 + month - 1."""
    day, days = date(month // 12, month % 12 + 1, 1), []
    while day.month == month % 12 + 1:
        days.append(day)
        day += timedelta(days=1)
    return days


def csv_of(bills: Iterable[Bill], day: date) -> bytes:
    """Write the export that a member makes on a day."""
    lines = [HEADER]
    for bill in filter(None, (each.at(day) for each in bills)):
        status = ("collection", bill.lost.isoformat()) if bill.lost else ("", "")
        amount = f"{bill.minor // 100}.{bill.minor % 100:02d}"
        cells = (
            bill.reference,
            bill.customer,
            bill.invoiced,
            bill.due,
            bill.paid or "",
            amount,
            "EUR",
            *status,
        )
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines).encode()


def row_of(bills: Sequence[Bill], month: int) -> tuple[int, int, int] | None:
    """Return condition, exposure and delay of one subject's bills in a month, None where none was open."""
    days = days_of(month)
    last = days[-1]
    open_on = {
        day: [b for b in bills if b.invoiced <= day and (b.paid is None or day <= b.paid)] for day in days
    }
    lines = [bill for bill in bills if any(bill in open_on[day] for day in days)]
    if not lines:
        return None
    peak = max(sum(bill.minor for bill in open_on[day]) for day in days)
    late, weight = Fraction(0), 0
    for bill in lines:
        if bill.paid is not None and bill.paid <= last:
            late, weight = late + (bill.paid - bill.due).days * bill.minor, weight + bill.minor
        elif bill.due < last:
            late, weight = late + (last - bill.due).days * bill.minor, weight + bill.minor
    mean = floor(late / weight + Fraction(1, 2)) if weight else 0
    exposure = sum(peak >= bound for bound in BOUNDS_MINOR)
    delay = sum(mean > most for most in (0, 5, 10, 20, 30, 60, 90))
    return max(_condition(bill, last) for bill in lines), exposure, delay


def expected(
    books: Mapping[str, Sequence[Bill]],
    *,
    groups: Mapping[str, str],
    first: int,
    last: int,
    contributors_min: int,
) -> Expected:
    """Report every month from `first` to `last` from the books of its last day, and close it."""
    rows: dict[tuple[str, str, int], tuple[int, int, int]] = {}
    windows: dict[str, list[Window]] = defaultdict(list)
    frozen: set[tuple[str, int]] = set()
    for closing in range(first, last + 1):
        for member, bills in books.items():
            rows |= _due(rows, member, bills, first=max(first, closing - closing % 12), last=closing)
        for start in _starts(closing):
            for customer in sorted({customer for _, customer, _ in rows}):
                months = [m for m in range(max(start, first), closing + 1) if (customer, m) not in frozen]
                held = {key: row for key, row in rows.items() if key[1] == customer and key[2] in months}
                if len({groups.get(member) or member for member, _, _ in held}) >= contributors_min:
                    windows[customer].append(_window(months, closing, held, groups))
                    frozen |= {(customer, month) for month in months}
    return Expected(rows=rows, windows={c: sorted(w) for c, w in windows.items()})


def make_books(rng: random.Random, *, first: int, months: int) -> dict[str, list[Bill]]:
    """Make up six members' books: customers of many, of four, of three and of one, some known late."""
    members = ["alder", "birch", "cedar", "elm", "fir", "gorse"]
    sold_by = {f"C{i:02d}": members for i in range(4)}
    sold_by |= {f"C{i:02d}": rng.sample(members, 4) for i in range(4, 9)}
    sold_by |= {f"C{i:02d}": rng.sample(members, 3) for i in range(9, 11)}
    sold_by |= {f"C{i:02d}": rng.sample(members, 1) for i in range(11, 13)}
    books: dict[str, list[Bill]] = {member: [] for member in members}
    for customer, sellers in sold_by.items():
        for member in sellers:
            books[member] += _bills(rng, customer, first=first, months=months, number=len(books[member]))
    for month, sellers in ((first, members[2:4]), (first + 1, members[4:6])):
        # Two groups in one month and two in the next: enough for a quarter alone.
        for member in sellers:
            days = days_of(month)
            books[member].append(
                Bill("C13", f"Q{month}", days[1], days[9], days[20], 1_500_000, None, days[1])
            )
    return books


def even_books(
    members: Sequence[str], *, customers: Sequence[str], first: int, months: int
) -> dict[str, list[Bill]]:
    """Let each member have one bill a month with each customer, each member's in a condition of its own."""
    books: dict[str, list[Bill]] = {}
    for place, member in enumerate(members):
        books[member] = [
            Bill(
                customer=customer,
                reference=f"{customer}-{month}",
                invoiced=days_of(month)[0],
                due=days_of(month)[9] + timedelta(days=3 * place),
                paid=days_of(month)[9 + place] if place % 2 else None,
                minor=10 ** (place + 4) + 2_347,
                lost=None,
                known=days_of(month)[0],
            )
            for month in range(first, first + months)
            for customer in customers
        ]
    return books


def _bills(rng: random.Random, customer: str, *, first: int, months: int, number: int) -> Iterator[Bill]:
    start = days_of(first)[0] - timedelta(days=70)
    span = (days_of(first + months - 1)[-1] - start).days
    for i in range(rng.randint(1, 3)):
        invoiced = start + timedelta(days=rng.randrange(span))
        due = invoiced + timedelta(days=rng.choice((10, 30, 45)))
        paid = due + timedelta(days=rng.randint(-9, 95)) if rng.random() < 0.7 else None
        lost = due + timedelta(days=rng.randint(30, 60)) if rng.random() < 0.15 else None
        known = invoiced + timedelta(days=rng.choice((0, 0, 0, 45)))
        yield Bill(
            customer=customer,
            reference=f"R{number + i:04d}",
            invoiced=invoiced,
            due=due,
            paid=paid,
            minor=rng.choice((1, 99_999, 100_000, 2_345_678, 5_000_000, 24_999_999, 180_000_000)),
            # One that is paid is not also lost: an export has one status.
            lost=lost if paid is None else None,
            known=known,
        )


def _condition(bill: Bill, last: date) -> int:
    if bill.lost is not None and bill.lost <= last:
        return 7
    if bill.paid is not None and bill.paid <= last:
        return 1 if bill.paid <= bill.due else 2
    past = (last - bill.due).days
    for condition, most in ((0, 0), (3, 30), (4, 60), (5, 90)):
        if past <= most:
            return condition
    return 6


def _due(
    made: Mapping[tuple[str, str, int], object], member: str, bills: Sequence[Bill], *, first: int, last: int
) -> dict[tuple[str, str, int], tuple[int, int, int]]:
    """Return the rows that a member reports in log month `last`: those that it has not made before."""
    known = [bill for bill in (each.at(days_of(last)[-1]) for each in bills) if bill is not None]
    due = {}
    for customer in {bill.customer for bill in known}:
        for month in range(first, last + 1):
            row = row_of([bill for bill in known if bill.customer == customer], month)
            if row is not None and (member, customer, month) not in made:
                due[member, customer, month] = row
    return due


def _starts(closing: int) -> list[int]:
    """Return where the windows begin that may freeze at a close: the month, its quarter, its year."""
    starts = [closing]
    starts += [closing - 2] if closing % 3 == 2 else []
    return starts + ([closing - 11] if closing % 12 == 11 else [])


def _window(
    months: Sequence[int],
    closing: int,
    held: Mapping[tuple[str, str, int], tuple[int, int, int]],
    groups: Mapping[str, str],
) -> Window:
    sums = [[0] * size for size in (8, 6, 8)]
    for classes in held.values():
        for part, found in zip(sums, classes, strict=True):
            part[found] += 1
    condition, exposure, delay = (tuple(part) for part in sums)
    count = len({groups.get(member) or member for member, _, _ in held})
    return Window(tuple(months), closing, count, condition, exposure, delay)
