"""Demos to test: a folder of made-up exports, and what any demo's windows must say, from its CSVs alone."""

import csv
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from support_clear import Bill, csv_of, make_books, row_of

from node.bootstrap import DATABASE_FILE, PARTIES_FOLDER
from node.storage.database import Database
from node.storage.schema import window

P: Final = 2**31 - 1
Rows = Mapping[tuple[str, str, int], tuple[int, int, int]]
"""(member, customer, month) -> condition, exposure, delay."""
LAST: Final = date(2025, 1, 31)


def text(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def make_folder(folder: Path, seed: int = 1) -> dict[str, list[Bill]]:
    """Write six members' exports of 2025-01-31, with lines that are no invoices; return what they say."""
    rng = random.Random(seed)
    books = make_books(rng, first=2025 * 12, months=1)
    # One is paid on the last day, which so is the day that the demo is as of.
    books["fir"].append(
        Bill("C14", "LAST", date(2024, 11, 2), date(2024, 12, 2), LAST, 5_000_000, None, date(2024, 11, 2))
    )
    folder.mkdir()
    known = {
        member: [bill for bill in (each._replace(known=each.invoiced).at(LAST) for each in bills) if bill]
        for member, bills in books.items()
    }
    for member, bills in known.items():
        raw = csv_of(bills, LAST).decode()
        if member == "alder":
            raw += "\nF1,C00,2024-11-05,2024-12-05,,900.00,USD,,\nN1,C00,2024-11-05,2024-12-05,,-900.00,EUR,,"
        (folder / f"{member}.csv").write_text(raw)
    return known


def read_folder(folder: Path) -> dict[str, list[Bill]]:
    """Read `<member>.csv` of the columns invoice, customer, invoice_date, due_date, paid_date, amount."""
    books: dict[str, list[Bill]] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open() as lines:
            books[path.stem] = [_bill(line) for line in csv.DictReader(lines)]
    return books


def rows_in(books: Mapping[str, Sequence[Bill]]) -> tuple[Rows, int, int]:
    """Return every member's rows from the first invoice's month to the last whole one, and the two months."""
    bills = [bill for book in books.values() for bill in book]
    first = min(month_of(bill.invoiced) for bill in bills)
    as_of = max(day for bill in bills for day in (bill.invoiced, bill.paid) if day is not None)
    last = month_of(as_of) if (as_of + timedelta(days=1)).day == 1 else month_of(as_of) - 1
    held: dict[tuple[str, str, int], list[Bill]] = defaultdict(list)
    for member, book in books.items():
        for bill in book:
            end = last if bill.paid is None else min(month_of(bill.paid), last)
            for month in range(month_of(bill.invoiced), end + 1):
                held[member, bill.customer, month].append(bill)
    found = {key: row_of(each, key[2]) for key, each in held.items()}
    return {key: row for key, row in found.items() if row is not None}, first, last


def windows_of(rows: Rows, *, first: int, last: int, minimum: int = 4) -> dict[str, list[dict[str, Any]]]:
    """Freeze by section 7 what was reported in time by members that are all groups of their own."""
    by_customer: dict[str, dict[tuple[str, int], tuple[int, int, int]]] = defaultdict(dict)
    for (member, customer, month), row in rows.items():
        by_customer[customer][member, month] = row
    found = {}
    for customer, held in by_customer.items():
        frozen: set[int] = set()
        windows = []
        for closing in range(first, last + 1):
            for length in (length for length in (1, 3, 12) if (closing + 1) % length == 0):
                start = max(first, closing - length + 1)
                months = [month for month in range(start, closing + 1) if month not in frozen]
                inside = {key: row for key, row in held.items() if key[1] in months}
                if len({member for member, _ in inside}) >= minimum:
                    frozen |= set(months)
                    windows.append(_window(months, closing, inside))
        found[customer] = sorted(windows, key=lambda one: one["months"])
    return found


def frozen_sums(folder: Path) -> list[tuple[int, int, int, tuple[int, ...]]]:
    """Open every window with two stewards' shares: (freezing month, mask of months, groups, 56 cells)."""
    shares: list[dict[tuple[bytes, int, int], tuple[int, Any]]] = []
    for steward in ("steward-1", "steward-2"):
        database = Database(folder / PARTIES_FOLDER / steward / DATABASE_FILE)
        with database.read() as connection:
            shares.append(
                {
                    (row.token, row.frozen_at, row.months): (
                        row.groups,
                        np.frombuffer(row.share, "<u4").astype(np.int64),
                    )
                    for row in connection.execute(select(window))
                }
            )
        database.close()
    one, two = shares
    assert one.keys() == two.keys()
    opened = []
    for key, (groups, share) in one.items():
        cells = (2 * share - two[key][1]) % P
        opened.append((key[1], key[2], groups, tuple(int(cell) for cell in cells)))
    return sorted(opened)


def _bill(line: Mapping[str, str]) -> Bill:
    invoiced = date.fromisoformat(line["invoice_date"])
    return Bill(
        customer=line["customer"],
        reference=line["invoice"],
        invoiced=invoiced,
        due=date.fromisoformat(line["due_date"]),
        paid=date.fromisoformat(line["paid_date"]) if line["paid_date"] else None,
        minor=int(Decimal(line["amount"]) * 100),
        lost=None,
        known=invoiced,
    )


def _window(
    months: Sequence[int], closing: int, inside: Mapping[tuple[str, int], tuple[int, int, int]]
) -> dict[str, Any]:
    groups = len({member for member, _ in inside})
    counts = [
        [sum(row[part] == i for row in inside.values()) for i in range(n)] for part, n in enumerate((8, 6, 8))
    ]
    band = next(
        name
        for least, name in ((20, "20+"), (10, "10-19"), (6, "6-9"), (4, "4-5"), (3, "3"))
        if groups >= least
    )
    return {
        "months": [text(month) for month in months],
        "frozen_at": text(closing),
        "contributors": band,
        "condition": counts[0],
        "exposure": counts[1],
        "delay": counts[2],
        "cells": None,
    }
