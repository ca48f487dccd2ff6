from datetime import date
from decimal import Decimal

import pytest

from node.receivables import tables
from node.receivables.cells import Cell, UnfitError, cell_text, identifier
from node.receivables.errors import EncodingError, FileTooLargeError, TableError
from node.receivables.mapping import Mapping
from node.receivables.tables import Line, open_table


def read(raw: bytes, mapping: Mapping | None = None) -> tuple[list[Line], tuple[str, ...]]:
    def score(cells: list[Cell]) -> int:
        return sum(cell in ("a", "b", "客户", "金额") for cell in cells)

    table = open_table(raw, mapping=mapping or Mapping(), score=score)
    return [*table.first, *table.rest], table.notes


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_and_delimiters(delimiter: str, encoding: str) -> None:
    lines, notes = read(f"客户{delimiter}金额\r\n甲{delimiter}1\r\n".encode(encoding))
    assert lines == [Line(1, ["客户", "金额"]), Line(2, ["甲", "1"])]
    assert notes == (("encoding_assumed",) if encoding == "gb18030" else ())


def test_the_header_decides_on_the_delimiter() -> None:
    lines, _ = read(b"a;b\n1,5;2,5\n1,5;2,5\n")
    assert lines[1].cells == ["1,5", "2,5"]


def test_the_mapping_decides_before_all() -> None:
    lines, notes = read("a|b\nJos\xe9|1\n".encode("cp1252"), Mapping(delimiter="|", encoding="cp1252"))
    assert (lines[1].cells, notes) == (["Jos\xe9", "1"], ())
    with pytest.raises(EncodingError, match="another encoding"):
        read("a,b\n\xe9,1\n".encode("cp1252"), Mapping(encoding="utf-8"))


def test_lines_are_numbered_as_seen_and_empty_ones_skipped() -> None:
    lines, _ = read(b'\n a,b\n\n,\n"two\nlines",1\n \nlast,2')
    assert [(line.number, line.cells[0]) for line in lines] == [(2, " a"), (5, "two\nlines"), (8, "last")]


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(EncodingError, match="UTF-8"):
        read(b"a,b\n\xff\xff,1\n")
    with pytest.raises(TableError, match="neither a text nor a workbook"):
        read(b"a,b\n\0,1\n")
    with pytest.raises(TableError, match="password"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    with pytest.raises(TableError, match="quotes do not fit from line 2 on"):
        read(b'a,b\n"1"2,3\n')
    with pytest.raises(TableError, match="quotes"):
        read(b'a,b\n"1,3\n')


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LINES", 30)
    assert len(read(b"a,b\n" + b"1,2\n" * 30)[0]) == 31
    with pytest.raises(FileTooLargeError, match="30 lines"):
        read(b"a,b\n" + b"1,2\n" * 31)
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(FileTooLargeError, match="MiB"):
        read(b"a,b\n" + b"1,2\n" * 2)


def test_a_cell_as_text() -> None:
    cells: list[Cell] = [" x ", Decimal("1E+3"), date(2019, 3, 5)]
    assert [cell_text(cell) for cell in cells] == ["x", "1000", "2019-03-05"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("  ", "cell_empty"),
        ("x" * 129, "text_unfit"),
        ("a\nb", "text_unfit"),
        ("a\u202eb", "text_unfit"),
        (Decimal(10) ** 15, "digits_lost"),
        ("1.23457E+19", "digits_lost"),
        ("1,23457e+19", "digits_lost"),
    ],
)
def test_what_is_no_identifier(cell: Cell, reason: str) -> None:
    with pytest.raises(UnfitError) as caught:
        identifier(cell)
    assert caught.value.reason == reason


def test_identifiers() -> None:
    assert identifier(Decimal(10) ** 15 - 1) == "9" * 15
    assert identifier(" 发票 1E+ ") == "发票 1E+"
    assert identifier("12345678901234567890") == "12345678901234567890"
