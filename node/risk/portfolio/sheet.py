"""A portfolio as a workbook. Whoever writes none imports none of this: openpyxl takes long to load."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from node.risk.portfolio.tables import COLUMNS, Value


def to_xlsx(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as a workbook; texts are stored as texts, whatever they begin with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("portfolio")
    sheet.freeze_panes = "B2"
    sheet.append([_cell(sheet, name, bold=True) for name in COLUMNS])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: Value, *, bold: bool = False) -> Any:
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
    # The types of openpyxl leave out Decimal, which it writes.
    cell: Any = WriteOnlyCell(sheet, value)  # type: ignore[arg-type]
    if isinstance(value, str):
        cell.data_type = "s"  # openpyxl makes a formula of a text that begins with "="
    if bold:
        cell.font = Font(bold=True)
    return cell
