"""A firm's export, opened and settled: every cell can be read, none has been judged yet.

What does not depend on the consortium or on the day is here, so that a caller may look at the
currencies and the last day of several exports before it decides how to read them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Words
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Final

from node.receivables import amounts, dates
from node.receivables.amounts import AmountColumn
from node.receivables.cells import Cell, cell_text
from node.receivables.columns import ColumnFinder, Header
from node.receivables.dates import DateColumn, DateTexts
from node.receivables.mapping import DATE_FIELDS, FIELDS, Mapping
from node.receivables.outcome import Remark
from node.receivables.tables import Line, Table, open_table
from node.receivables.words import COLUMNS

_NEEDED: Final = ("invoice", "customer", "invoice_date", "due_date", "paid_date", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An opened file. `lines` hold only the cells of known columns, in the order of `fields`.

    `mapping` is what was used: the firm's own, and what the file itself said.
    """

    mapping: Mapping
    header: Header
    fields: Words[str, int]
    lines: tuple[Line, ...]
    refused: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    days: Words[str, DateColumn]
    amounts: AmountColumn

    def cell(self, line: Line, field: str) -> Cell:
        """Return the cell of a field, "" where the file has no such column."""
        place = self.fields.get(field)
        return "" if place is None else line.cells[place]

    def currencies(self) -> Counter[str]:
        """Count the lines of each currency code that the currency column names."""
        codes = (amounts.currency_code(cell_text(self.cell(line, "currency"))) for line in self.lines)
        return Counter(code for code in codes if code)

    def last_day(self) -> date | None:
        """Return the latest invoice or paid date that can be read."""
        found = (self._day(line, field) for line in self.lines for field in ("invoice_date", "paid_date"))
        return max((day for day in found if day is not None), default=None)

    def _day(self, line: Line, field: str) -> date | None:
        try:
            return self.days[field].read(self.cell(line, field)) if field in self.days else None
        except ValueError:
            return None


def open_export(raw: bytes, *, mapping: Mapping | None = None) -> Export:
    """Open a CSV file or workbook, whatever its name, and settle its columns, dates and amounts.

    Raises a ReceivablesError for what is wrong with it as a whole.
    """
    mapping = mapping or Mapping()
    finder = ColumnFinder(tiers=COLUMNS, named=mapping.columns, needed=_NEEDED)
    table = open_table(raw, mapping=mapping, score=finder.score)
    header = finder.find(table.first)
    fields = {field: place for place, field in enumerate(field for field in FIELDS if field in header.places)}
    lines, refused = _picked(table, header, list(fields))
    days = _days(lines, header, fields, mapping)
    texts = _first_lines(lines, fields["amount"], amounts.amount_text)
    settled = amounts.settle(texts, header=header.names["amount"], given=mapping.decimal)
    return Export(
        mapping=_used(mapping, header, days, settled),
        header=header,
        fields=fields,
        lines=tuple(lines),
        refused=tuple(refused),
        notes=tuple(_notes(table, header, days)),
        days=days,
        amounts=settled,
    )


def _picked(table: Table, header: Header, fields: Sequence[str]) -> tuple[list[Line], list[Remark]]:
    """Return the lines below the header with only the cells of `fields`; refuse those of another width."""
    lines: list[Line] = []
    refused: list[Remark] = []
    places = [header.places[field] for field in fields]
    for line in chain(table.first, table.rest):
        if line.number <= header.line:
            continue
        if header.fits(line.cells, is_ragged=table.is_ragged):
            lines.append(Line(line.number, [line.cells[place] for place in places]))
        else:
            refused.append(Remark(reason="cell_count", line=line.number))
    return lines, refused


def _first_lines(lines: Iterable[Line], place: int, text_of: Callable[[Cell], str]) -> dict[str, int]:
    """Return the texts of a column, each with the line on which it stands first."""
    found: dict[str, int] = {}
    for line in lines:
        text = text_of(line.cells[place])
        if text:
            found.setdefault(text, line.number)
    return found


def _days(
    lines: Sequence[Line], header: Header, fields: Words[str, int], mapping: Mapping
) -> dict[str, DateColumn]:
    columns = {
        field: DateTexts(
            header=header.names[field],
            first_lines=_first_lines(lines, fields[field], dates.date_text),
            has_days=any(isinstance(line.cells[fields[field]], date) for line in lines),
        )
        for field in DATE_FIELDS
        if field in fields
    }
    return dates.settle(columns, given=mapping.date_order)


def _used(mapping: Mapping, header: Header, days: Words[str, DateColumn], settled: AmountColumn) -> Mapping:
    absent = {field: "" for field, name in mapping.columns.items() if not name}
    orders = {field: column.order for field, column in days.items() if column.order is not None}
    return replace(
        mapping,
        columns={field: header.names[field] for field in FIELDS if field in header.places} | absent,
        date_order={**mapping.date_order, **orders},
        decimal=settled.sign or mapping.decimal,
    )


def _notes(table: Table, header: Header, days: Words[str, DateColumn]) -> Iterator[Remark]:
    for reason in table.notes:
        yield Remark(reason=reason)
    for name in header.unused:
        yield Remark(reason="column_unused", column=name)
    for field, column in days.items():
        if column.is_shared:
            yield Remark(reason="date_order_shared", column=header.names[field])
    if "currency" not in header.places:
        yield Remark(reason="no_currency_column")
