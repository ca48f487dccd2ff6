"""A file's bytes as lines of cells: CSV here, workbooks in `workbook`.

A line's number is what a person sees: the line of the
text on which a CSV record begins, the row of a sheet.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from node.receivables import workbook
from node.receivables.cells import Cell
from node.receivables.errors import EncodingError, FileTooLargeError, TableError
from node.receivables.mapping import Mapping

MAX_BYTES: Final = 64 << 20
MAX_LINES: Final = 1_000_000
HEADER_WITHIN: Final = 20
"""A header stands among the first so many lines; what stands above it is a title."""

_TRIED: Final = (",", ";", "\t")
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"


class Line(NamedTuple):
    """One line that is not empty."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table being read: `first` are its first lines, `rest` yields the others once.

    `is_ragged` says that each line has the cells that were written and no filling, so that a
    wrong number of them means something. Iterating raises TableError and FileTooLargeError.
    """

    first: list[Line]
    rest: Iterator[Line]
    is_ragged: bool
    notes: tuple[str, ...]


def open_table(raw: bytes, *, mapping: Mapping, score: Callable[[list[Cell]], int]) -> Table:
    """Open a CSV file or a workbook by its bytes, whatever its name.

    `score` says how much a line looks like a header; the delimiter that scores best is taken.
    Raises FileTooLargeError, EncodingError and TableError.
    """
    if len(raw) > MAX_BYTES:
        raise FileTooLargeError(f"the file has more than {MAX_BYTES >> 20} MiB; split it")
    if raw.startswith(_OLE):
        raise TableError("an old Excel file, or one with a password: save it as .xlsx without a password")
    if raw.startswith(_ZIP):
        book = workbook.read_workbook(raw, sheet=mapping.sheet)
        lines = _limited(Line(number, cells) for number, cells in book.rows)
        about = ("sheet_first",) if book.has_other_sheets else ()
        return Table(first=list(islice(lines, HEADER_WITHIN)), rest=lines, is_ragged=False, notes=about)
    text, notes = _decode(raw, mapping.encoding)
    lines = _limited(_records(text, mapping.delimiter or _delimiter(text, score)))
    return Table(first=list(islice(lines, HEADER_WITHIN)), rest=lines, is_ragged=True, notes=notes)


def _decode(raw: bytes, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """Decode strictly: the named encoding, or what the bytes say, or UTF-8, or GB18030."""
    if encoding is None and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    notes: tuple[str, ...] = ()
    try:
        text = raw.decode(encoding or "utf-8-sig")
    except UnicodeError as error:
        if encoding is not None:
            raise EncodingError(f"the text is not {encoding}; say another encoding in the mapping") from error
        text, notes = _gb18030(raw), ("encoding_assumed",)
    if "\0" in text:
        raise TableError("neither a text nor a workbook: save it as CSV or .xlsx")
    return text.removeprefix("\ufeff"), notes


def _gb18030(raw: bytes) -> str:
    try:
        return raw.decode("gb18030")
    except UnicodeError as error:
        raise EncodingError(
            "the text is neither UTF-8 nor GB18030; save it as UTF-8 or name its `encoding` in the mapping"
        ) from error


def _delimiter(text: str, score: Callable[[list[Cell]], int]) -> str:
    """Return the delimiter under which a line among the first looks most like a header."""

    def best(delimiter: str) -> tuple[int, int]:
        try:
            lines = list(islice(_records(text, delimiter), HEADER_WITHIN))
        except TableError:
            return (-1, 0)
        return max(((score(line.cells), len(line.cells)) for line in lines), default=(-1, 0))

    return max(_TRIED, key=best)


def _records(text: str, delimiter: str) -> Iterator[Line]:
    """Yield the records that are not empty, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    began = 1
    try:
        for cells in reader:
            if any(cell and not cell.isspace() for cell in cells):
                yield Line(began, list(cells))
            began = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"the quotes do not fit from line {began} on") from error


def _limited(lines: Iterable[Line]) -> Iterator[Line]:
    for count, line in enumerate(lines):
        # One more for the header; titles above it are too few to matter.
        if count > MAX_LINES:
            raise FileTooLargeError(f"the file has more than {MAX_LINES} lines; split it")
        yield line
