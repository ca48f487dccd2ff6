"""The rows of an .xlsx workbook, read without letting it fill memory or reach outside itself.

Cells with a date format are days. Numbers are what Excel shows: at most 15 significant digits, and
no more decimals than a format with decimals has. Formulas are their stored results.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, partial
from typing import Any, Final
from xml.parsers import expat

from node.receivables.cells import Cell
from node.receivables.errors import FileTooLargeError, TableError

_MAX_UNPACKED: Final = 512 << 20
_MAX_PARTS: Final = 4096
_MAX_ROW: Final = 1_048_576
_MAX_COLUMNS: Final = 256
_PEEK: Final = 32
_ZEROS: Final = re.compile(r"0{2,}")
_NOT_DIGITS: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_DECIMALS: Final = re.compile(r"[0#?]\.([0#?]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Rows (number, cells) that hold anything, read once; whether other visible sheets were passed over."""

    rows: Iterator[tuple[int, list[Cell]]]
    has_other_sheets: bool


def read_workbook(raw: bytes, *, sheet: str | None) -> Book:
    """Open the named sheet, or the first visible one. Raises TableError and FileTooLargeError.

    So does iterating over the rows: a workbook is read as it is asked for.
    """
    import openpyxl  # noqa: PLC0415 - takes long to load, and a node reads CSV more often

    _check_parts(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl will not keep when saving is nothing to us
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        visible = [each for each in book.worksheets if each.sheet_state == "visible"]
    except Exception as error:  # openpyxl's errors vary with the bytes; all mean the same here
        raise TableError("not a workbook that can be read: save it as .xlsx or CSV") from error
    chosen = visible[:1] if sheet is None else [each for each in book.worksheets if each.title == sheet]
    if not chosen:
        raise TableError("the workbook has no such sheet; name another `sheet` in the mapping")
    return Book(rows=_rows(chosen[0]), has_other_sheets=sheet is None and len(visible) > 1)


def _check_parts(raw: bytes) -> None:
    """Refuse what would unpack to too much, and any document type (where XML keeps its bombs).

    zipfile never unpacks more of a part than its directory entry says, so the entries can be trusted.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            entries = parts.infolist()
            if len(entries) > _MAX_PARTS or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
                raise FileTooLargeError(
                    f"the workbook unpacks to more than {_MAX_UNPACKED >> 20} MiB; split it"
                )
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    with parts.open(entry) as part:
                        _check_prologue(iter(partial(part.read, 1 << 14), b""))
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        expat.ExpatError,
        EOFError,
    ) as error:
        raise TableError("a damaged or protected workbook: save it as .xlsx without a password") from error


class _RootReached(Exception):  # noqa: N818 - a way out of the parser, no error
    """The prologue is over."""


def _check_prologue(chunks: Iterable[bytes]) -> None:
    def refuse(*_: object) -> None:
        raise TableError("a workbook with a document type declaration is not read")

    def stop(*_: object) -> None:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        for chunk in chunks:
            parser.Parse(chunk)
        # Newer expat puts off a long token until more comes: what it holds back must be looked at too.
        parser.Parse(b"", True)  # noqa: FBT003 - expat takes it by position
    except _RootReached:
        return


def _rows(sheet: Any) -> Iterator[tuple[int, list[Cell]]]:
    try:
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        peek = sheet.iter_rows(max_row=_PEEK, max_col=_MAX_COLUMNS)
        width = max((n for row in peek for n, cell in enumerate(row, 1) if cell.value is not None), default=1)
        # One column more shows cells that stand beside the table.
        for number, row in enumerate(sheet.iter_rows(max_col=min(width + 1, _MAX_COLUMNS)), 1):
            if number > _MAX_ROW:
                break  # a sheet has no more; a file that says so is made to keep us busy
            cells = [_cell(cell) for cell in row]
            if any(cell != "" for cell in cells):
                yield number, cells
    except Exception as error:  # as above
        raise TableError("a sheet that cannot be read to its end: save it as CSV") from error


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return "" if value.isspace() else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _shown(value, cell.number_format)
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else str(value)


def _shown(value: float, number_format: str) -> Decimal | str:
    """Return a number as its cell shows it; as text where the format keeps leading zeros."""
    if isinstance(value, int):
        return str(value).zfill(len(number_format)) if _ZEROS.fullmatch(number_format) else Decimal(value)
    exact = Decimal(f"{value:.15g}")
    if not exact.is_finite():
        return str(exact)
    decimals = _decimals(number_format)
    if decimals and -int(exact.as_tuple().exponent) > decimals:
        return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return exact


@lru_cache(maxsize=256)
def _decimals(number_format: str) -> int:
    """Return how many decimals a plain format shows; 0 where it shows none or scales the number.

    A format without decimals hides them rather than rounding them away, so it is not applied.
    """
    first = _NOT_DIGITS.sub("", number_format.split(";", maxsplit=1)[0])
    if any(mark in first for mark in "%Ee/"):
        return 0
    found = _DECIMALS.search(first)
    return len(found[1]) if found and not first[found.end() :].startswith(",") else 0
