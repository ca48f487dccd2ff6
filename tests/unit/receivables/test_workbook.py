import io
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import openpyxl
import pytest

from node.receivables import workbook
from node.receivables.cells import Cell
from node.receivables.errors import FileTooLargeError, TableError
from node.receivables.workbook import Book, read_workbook

Made: TypeAlias = Any  # a workbook with its active sheet, which openpyxl types as perhaps None
SHEET = "xl/worksheets/sheet1.xml"


def book_bytes(fill: Callable[[Made], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def one_cell(value: object, number_format: str = "General") -> Cell:
    def fill(book: Made) -> None:
        book.active["A1"] = value
        book.active["A1"].number_format = number_format

    ((_, cells),) = read_workbook(book_bytes(fill), sheet=None).rows
    return cells[0]


def changed(raw: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, change(content) if entry.filename == name else content)
    return out.getvalue()


def plain() -> bytes:
    return book_bytes(lambda book: book.active.append(["a", 1]))


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (0.1 + 0.2, "General", Decimal("0.3")),
        (1234.565, "#,##0.00", Decimal("1234.57")),
        (-1234.565, "#,##0.00_);[Red](#,##0.00)", Decimal("-1234.57")),
        (99.999, '"¥ 0.0"#,##0.00', Decimal("100.00")),
        (12.5, "#,##0", Decimal("12.5")),
        (12.5, "0.0000", Decimal("12.5")),
        (12.3456, "0.00,", Decimal("12.3456")),
        (0.123456, "0.00%", Decimal("0.123456")),
        (1234.5678, "0.00E+00", Decimal("1234.5678")),
        (200387798, "General", Decimal(200387798)),
        (123, "000000", "000123"),
        (True, "General", "true"),
        ("  x ", "General", "  x "),
        (43529.75, "yyyy-mm-dd hh:mm", date(2019, 3, 5)),
        (43529, "dd/mm/yyyy", date(2019, 3, 5)),
        (43529, "General", Decimal(43529)),
        (0, "General", Decimal(0)),
    ],
)  # fmt: skip
def test_cells_keep_their_kind_and_what_they_show(value: object, number_format: str, expected: Cell) -> None:
    cell = one_cell(value, number_format)
    assert (type(cell), cell) == (type(expected), expected)


def test_a_formula_is_its_stored_result() -> None:
    raw = book_bytes(lambda book: book.active.append(["=1+1", "x"]))
    stored = changed(raw, SHEET, lambda xml: xml.replace(b"</f><v />", b"</f><v>2</v>"))
    assert [cells[0] for _, cells in read_workbook(stored, sheet=None).rows] == [Decimal(2)]
    assert [cells[0] for _, cells in read_workbook(raw, sheet=None).rows] == [""]


def test_rows_keep_their_numbers_and_empty_ones_are_skipped() -> None:
    def fill(book: Made) -> None:
        book.active["A2"], book.active["B5"], book.active["A7"] = "x", 0, " "

    rows = [(number, cells[:2]) for number, cells in read_workbook(book_bytes(fill), sheet=None).rows]
    assert rows == [(2, ["x", ""]), (5, ["", Decimal(0)])]


def test_the_first_visible_sheet_or_the_named_one() -> None:
    def fill(book: Made) -> None:
        book.active.append(["hidden"])
        book.active.sheet_state = "hidden"
        book.create_sheet("two").append(["second"])
        book.create_sheet("三").append(["third"])

    def first(book: Book) -> Cell:
        return next(book.rows)[1][0]

    raw = book_bytes(fill)
    assert (first(read_workbook(raw, sheet=None)), first(read_workbook(raw, sheet="三"))) == (
        "second",
        "third",
    )
    assert read_workbook(raw, sheet=None).has_other_sheets
    assert not read_workbook(raw, sheet="三").has_other_sheets
    with pytest.raises(TableError, match="no such sheet"):
        read_workbook(raw, sheet="four")


def test_what_a_sheet_says_of_its_size_is_not_believed() -> None:
    raw = changed(plain(), SHEET, lambda xml: xml.replace(b'ref="A1:B1"', b'ref="A1:A1"'))
    assert [cells[:2] for _, cells in read_workbook(raw, sheet=None).rows] == [["a", Decimal(1)]]


def test_a_row_beyond_the_last_ends_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MAX_ROW", 100)
    far = b'</row><row r="999999999"><c r="A999999999"><v>1</v></c></row></sheetData>'
    raw = changed(plain(), SHEET, lambda xml: xml.replace(b"</row></sheetData>", far))
    assert len(list(read_workbook(raw, sheet=None).rows)) == 1


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MAX_UNPACKED", 1 << 20)
    raw = changed(plain(), SHEET, lambda xml: xml + b" " * (1 << 20))
    assert len(raw) < 1 << 15
    with pytest.raises(FileTooLargeError, match="unpacks to more than 1 MiB"):
        read_workbook(raw, sheet=None)


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    raw = bytearray(changed(plain(), SHEET, lambda xml: xml + b" " * (1 << 16)))
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        size = parts.getinfo(SHEET).file_size
    told = bytes(raw).replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    with pytest.raises(TableError):
        list(read_workbook(told, sheet=None).rows)


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "_rels/.rels"])
def test_a_document_type_is_refused_wherever_it_stands(part: str) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]>'

    def plant(xml: bytes) -> bytes:
        start = xml.index(b"?>") + 2 if xml.startswith(b"<?xml") else 0
        return xml[:start] + b"<!-- far down " + b" " * 70_000 + b"-->" + bomb + xml[start:]

    with pytest.raises(TableError, match="document type"):
        read_workbook(changed(plain(), part, plant), sheet=None)


def test_what_is_no_workbook_is_refused() -> None:
    raw = plain()
    for bad in (
        raw[:200],
        raw[: len(raw) // 2] + bytes(40) + raw[len(raw) // 2 + 40 :],
        b"PK\x03\x04" + bytes(99),
    ):
        with pytest.raises(TableError):
            list(read_workbook(bad, sheet=None).rows)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as parts:
        parts.writestr("readme.txt", "no workbook")
    with pytest.raises(TableError, match="not a workbook"):
        read_workbook(archive.getvalue(), sheet=None)


def test_a_broken_sheet_is_refused_not_cut_off() -> None:
    raw = changed(plain(), SHEET, lambda xml: xml.replace(b"</sheetData>", b""))
    with pytest.raises(TableError, match="cannot be read to its end"):
        list(read_workbook(raw, sheet=None).rows)
