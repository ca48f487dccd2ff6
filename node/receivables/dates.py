"""Dates of a column, whose order of day, month and year is settled for the whole column.

A date whose year of four digits comes first (ISO, 2019年3月5日, 20190305) and one with the month as an
English word read the same in every order. All others need the column's order: the one that reads
every readable date of it. A column where several orders do, with different days, takes the order that
all other columns of the file settled on by themselves, if it is among them: one export writes its
dates in one way, the reading notes it, and a mapping overrules it. Otherwise the file is refused.
"""

import re
import unicodedata
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from node.receivables.cells import Cell, cell_text
from node.receivables.errors import DateOrderError
from node.receivables.mapping import ORDERS, Order

Readings: TypeAlias = Table[Order, date]
"""What a text may mean, by the order it is read in; empty when it is no date."""

_TIME: Final = re.compile(
    r"(?:T|\s+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?\s*(?:[AP]M|Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
_PARTS: Final = re.compile(r"([0-9]{1,4})\s*([-/.年]|\s)\s*([0-9]{1,2})\s*([-/.月]|\s)\s*([0-9]{1,4})\s*日?")
_COMPACT: Final = re.compile(r"[0-9]{8}")
_WORDED: Final = re.compile(r"([0-9]{1,2})[-\s./]*([A-Z]{3,9})\.?[-\s,./]*([0-9]{4}|[0-9]{2})")
_WORD_FIRST: Final = re.compile(r"([A-Z]{3,9})\.?\s*([0-9]{1,2})\s*,?\s*([0-9]{4})")
_MONTHS: Final = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE",
    "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
)  # fmt: skip
_MONTH: Final = {name[:length]: n for n, name in enumerate(_MONTHS, 1) for length in (3, len(name))} | {
    "SEPT": 9
}
_YEARS: Final = range(1900, 2200)
_YEAR_DIGITS, _SHORT_YEAR_DIGITS, _LONGEST = 4, 2, 40
_PIVOT: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTexts:
    """The dates of one column that are text, with the line each first stands on.

    `header` is the column's name; `has_days` says that it also holds real date cells.
    """

    header: str
    first_lines: Table[str, int]
    has_days: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DateColumn:
    """A column whose order is settled; `order` is None where its dates need none.

    `is_shared` says that the order is that of the other columns.
    """

    order: Order | None
    is_shared: bool
    days: Table[str, date]

    def read(self, cell: Cell) -> date | None:
        """Return the day in a cell, None for an empty one; raise ValueError for anything else."""
        if isinstance(cell, date):
            return cell
        text = date_text(cell)
        if not text:
            return None
        day = self.days.get(text)
        if day is None:
            raise ValueError("no date in the order of its column")
        return day


def date_text(cell: Cell) -> str:
    """Return the text of a date cell that is no real date: 20190305 also where it is a number."""
    return "" if isinstance(cell, date) else cell_text(cell)


def readings(text: str) -> Readings:
    """Return every meaning a date text may have."""
    if len(text) > _LONGEST:
        return {}
    plain = _TIME.sub("", unicodedata.normalize("NFKC", text).strip().upper())
    if _COMPACT.fullmatch(plain):
        return _compact(plain)
    found = _PARTS.fullmatch(plain)
    if found is not None and (found[2] == found[4] or found[2] + found[4] == "年月"):
        return _in_orders(found[1], found[3], found[5])
    found = _WORDED.fullmatch(plain)
    if found is not None:
        return _whole(_day(found[3], str(_MONTH.get(found[2], 0)), found[1]))
    found = _WORD_FIRST.fullmatch(plain)
    if found is not None:
        return _whole(_day(found[3], str(_MONTH.get(found[1], 0)), found[2]))
    return {}


def settle(columns: Table[str, DateTexts], *, given: Table[str, Order]) -> dict[str, DateColumn]:
    """Settle the order of each column; `given` are the mapping's, which always hold.

    Raises DateOrderError for a column that does not say its order or contradicts itself.
    """
    meanings = {
        field: {text: readings(text) for text in column.first_lines} for field, column in columns.items()
    }
    fitting = {
        field: [given[field]] if field in given else _fitting(column, meanings[field])
        for field, column in columns.items()
    }
    settled = {orders[0] for orders in fitting.values() if len(orders) == 1}
    shared = settled.pop() if len(settled) == 1 else None
    settling = {}
    for field, column in columns.items():
        found = _column(column, meanings[field], fitting[field], shared)
        if column.has_days and found.order is not None and field not in given:
            raise _half_turned(column)
        settling[field] = found
    return settling


def _fitting(column: DateTexts, meanings: Table[str, Readings]) -> list[Order]:
    """Return the orders that read every readable date of a column."""
    orders = [order for order in ORDERS if all(order in found for found in meanings.values() if found)]
    if orders:
        return orders
    against = {
        min(column.first_lines[text] for text, found in meanings.items() if found and order not in found)
        for order in ORDERS
    }
    lines = sorted(against)
    raise DateOrderError(
        f"column {column.header}: the dates are written in different orders, as in the lines"
        f" {', '.join(map(str, lines))}; export them in one, or say in the mapping which holds: date_order",
        column=column.header,
    )


def _column(
    column: DateTexts, meanings: Table[str, Readings], orders: list[Order], shared: Order | None
) -> DateColumn:
    is_open = any(
        len({found[order] for order in orders if order in found}) > 1 for found in meanings.values()
    )
    if is_open and shared not in orders:
        raise DateOrderError(
            f"column {column.header}: the dates can be read in more than one order;"
            ' say in the mapping date_order = "dmy", "mdy" or "ymd"',
            column=column.header,
        )
    used = shared if is_open and shared is not None else orders[0]
    return DateColumn(
        order=used if is_open or len(orders) == 1 else None,
        is_shared=is_open,
        days={text: found[used] for text, found in meanings.items() if used in found},
    )


def _half_turned(column: DateTexts) -> DateOrderError:
    # A spreadsheet that opened dates in a foreign order has turned what it could into dates, day and
    # month exchanged, and left the rest as text: such a column looks settled and is not.
    return DateOrderError(
        f"column {column.header}: some cells are dates and some are text; make them all dates, or say"
        " in the mapping how the text is written: date_order",
        column=column.header,
    )


def _in_orders(first: str, second: str, third: str) -> Readings:
    if len(first) == _YEAR_DIGITS:
        return _whole(_day(first, second, third))
    days: dict[Order, date | None] = {"dmy": _day(third, second, first), "mdy": _day(third, first, second)}
    if len(third) != _YEAR_DIGITS:
        days["ymd"] = _day(first, second, third)
    return {order: day for order, day in days.items() if day is not None}


def _compact(plain: str) -> Readings:
    # No eight digits are a date both with the year first and with the year last: read the other way,
    # a year 19xx or 20xx would be a month.
    year_first = _day(plain[:4], plain[4:6], plain[6:])
    return _whole(year_first) or _in_orders(plain[:2], plain[2:4], plain[4:])


def _whole(day: date | None) -> Readings:
    return {} if day is None else dict.fromkeys(ORDERS, day)


def _day(year: str, month: str, day: str) -> date | None:
    if len(year) not in (_YEAR_DIGITS, _SHORT_YEAR_DIGITS) or len(day) > _SHORT_YEAR_DIGITS:
        return None
    number = int(year)
    if len(year) == _SHORT_YEAR_DIGITS:
        number += 2000 if number < _PIVOT else 1900
    try:
        return date(number, int(month), int(day)) if number in _YEARS else None
    except ValueError:
        return None
