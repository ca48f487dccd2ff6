"""Made-up receivables of eight members, the same bytes for the same seed on every machine.

Only whole numbers are computed, for the last bit of a float may differ between machines. Customers
pay in one of four ways: promptly, slowly, as it comes, or worse and worse until they fail. Some of
the last are still failing when the data end.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

MEMBERS: Final = ("alder", "birch", "cedar", "doum", "elm", "fir", "gum", "hazel")
FIRST_YEAR: Final = 2024
FIRST_MONTH: Final = 7
MONTHS: Final = 18
LAST_DAY: Final = date(2025, 12, 31)
"""The day on which the books were closed: what is paid later is open."""

_HEADER: Final = "invoice,customer,invoice_date,due_date,paid_date,amount,currency,status,status_date"
_CURRENCY: Final = "CNY"
_TERMS_DAYS: Final = (14, 30, 30, 45, 60)
_MEDIAN_MINOR: Final = 1_200_000
_LEAST_MINOR: Final = 5_000
_FRIDAY: Final = 4
_DISPUTED_FROM_DAYS: Final = 20
_README: Final = """Made-up data: no firm, customer, invoice or payment in this folder exists.
Written by node.receivables.sample from the seed {seed}.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Customer:
    """How one customer buys and pays: a failing one gets slower from `turns_on` and stops on `ends_on`."""

    number: str
    manner: str
    habit_days: int
    amount_minor: int
    sellers: tuple[tuple[str, int, int], ...]
    turns_on: date
    worse_days: int
    ends_on: date
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sale:
    """One line of a member's books, without its number."""

    customer: str
    invoice_date: date
    due_date: date
    paid_date: date | None
    amount_minor: int
    status: str
    status_date: date | None


def sample_files(*, seed: int, customers: int = 300) -> dict[str, bytes]:
    """Return the files of a sample by their names: `<member>.csv` and `README.txt`."""
    rng = random.Random(seed)  # noqa: S311 - made-up data, no secret
    books: dict[str, list[_Sale]] = {member: [] for member in MEMBERS}
    for number in range(1, customers + 1):
        customer = _customer(rng, number)
        for member, terms_days, chance in customer.sellers:
            books[member] += _sales(rng, customer, terms_days=terms_days, chance=chance)
    files = {f"{member}.csv": _csv(member, sales) for member, sales in books.items()}
    return files | {"README.txt": _README.format(seed=seed).encode()}


def write_sample(folder: Path, *, seed: int, customers: int = 300) -> None:
    """Write a sample into a folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in sample_files(seed=seed, customers=customers).items():
        (folder / name).write_bytes(content)


def _customer(rng: random.Random, number: int) -> _Customer:
    manner = _pick(rng, (("prompt", 52), ("slow", 26), ("erratic", 13), ("failing", 9)))
    sellers = rng.sample(MEMBERS, 3 + rng.randrange(5))
    turns_on = _month_day(5 + rng.randrange(7), 1)
    return _Customer(
        number=f"M{number:05d}",
        manner=manner,
        habit_days=8 + rng.randrange(24) if manner == "slow" else rng.randrange(-4, 4),
        amount_minor=_spread(rng, _MEDIAN_MINOR, percent=90, draws=8),
        sellers=tuple((seller, _TERMS_DAYS[rng.randrange(5)], 32 + rng.randrange(45)) for seller in sellers),
        turns_on=turns_on,
        worse_days=8 + rng.randrange(9),
        ends_on=turns_on + timedelta(days=120 + rng.randrange(240)),
        end=_pick(rng, (("insolvent", 45), ("collection", 40), ("charged_off", 15))),
    )


def _sales(rng: random.Random, customer: _Customer, *, terms_days: int, chance: int) -> Iterator[_Sale]:
    """Yield what one member sold to one customer; `chance` is that of a sale in a month, in percent."""
    # Each seller finds out, and writes off, in its own time; a court's date is one for all.
    marked_on = customer.ends_on + timedelta(
        days={"insolvent": 0, "collection": 10, "charged_off": 60}[customer.end]
    )
    if customer.end != "insolvent":
        marked_on += timedelta(days=rng.randrange(45))
    for month in range(MONTHS):
        sold_on = _workday(_month_day(month, 1 + rng.randrange(26)))
        if rng.randrange(100) >= chance or (customer.manner == "failing" and sold_on >= customer.ends_on):
            continue
        due_date = sold_on + timedelta(days=terms_days)
        late_days = _late_days(rng, customer, due_date)
        paid_on: date | None = _workday(max(sold_on, due_date + timedelta(days=late_days)))
        is_lost = customer.manner == "failing" and paid_on is not None and paid_on >= customer.ends_on
        if is_lost or (paid_on is not None and paid_on > LAST_DAY):
            paid_on = None
        status, status_date = "open" if paid_on is None else "paid", None
        if is_lost and marked_on <= LAST_DAY:
            status, status_date = customer.end, marked_on
        elif late_days > _DISPUTED_FROM_DAYS and not is_lost and rng.randrange(100) < 6:  # noqa: PLR2004 - percent
            status, status_date = "disputed", min(due_date + timedelta(days=5), LAST_DAY)
        yield _Sale(
            customer=customer.number,
            invoice_date=sold_on,
            due_date=due_date,
            paid_date=paid_on,
            amount_minor=max(_LEAST_MINOR, _spread(rng, customer.amount_minor, percent=60, draws=6)),
            status=status,
            status_date=status_date,
        )


def _late_days(rng: random.Random, customer: _Customer, due_date: date) -> int:
    """Return how many days beyond terms this invoice would be paid."""
    if customer.manner == "erratic":
        low, high = _ranges(rng)
        return rng.randrange(low, high)
    usual = customer.habit_days + rng.randrange(-4, 5)
    if customer.manner == "failing" and due_date > customer.turns_on:
        return usual + (due_date - customer.turns_on).days * customer.worse_days // 30
    return usual


def _ranges(rng: random.Random) -> tuple[int, int]:
    draw = rng.randrange(10)
    return (-4, 4) if draw < 5 else (4, 30) if draw < 8 else (30, 80)  # noqa: PLR2004 - tenths


def _csv(member: str, sales: list[_Sale]) -> bytes:
    lines = [_HEADER]
    ordered = sorted(sales, key=lambda sale: (sale.invoice_date, sale.customer))
    for number, sale in enumerate(ordered, 1):
        amount = f"{sale.amount_minor // 100}.{sale.amount_minor % 100:02d}"
        days = (sale.invoice_date, sale.due_date, sale.paid_date or "")
        after = (amount, _CURRENCY, sale.status, sale.status_date or "")
        lines.append(",".join(map(str, (f"{member[0].upper()}{number:06d}", sale.customer, *days, *after))))
    return "".join(f"{line}\n" for line in lines).encode()


def _pick(rng: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    """Draw a name by weights that add up to 100."""
    draw = rng.randrange(100)
    for name, weight in weighted:
        if draw < weight:
            return name
        draw -= weight
    raise AssertionError("the weights do not add up to 100")


def _spread(rng: random.Random, amount: int, *, percent: int, draws: int) -> int:
    """Stretch or shrink an amount several times by up to `percent`: near lognormal, without logarithms."""
    for _ in range(draws):
        step = 100 + rng.randrange(percent + 1)
        amount = amount * step // 100 if rng.randrange(2) else amount * 100 // step
    return amount


def _month_day(months: int, day: int) -> date:
    """Return a day of the month so many months after the first."""
    years, month = divmod(FIRST_MONTH - 1 + months, 12)
    return date(FIRST_YEAR + years, month + 1, day)


def _workday(day: date) -> date:
    """Return the day, or the Monday after it."""
    return day if day.weekday() <= _FRIDAY else day + timedelta(days=7 - day.weekday())
