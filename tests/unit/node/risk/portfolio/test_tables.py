import csv
import io
from decimal import Decimal

import openpyxl

from hanse_ledger.ids import SubjectId
from node.risk.portfolio.position import Cell, Position
from node.risk.portfolio.sheet import to_xlsx
from node.risk.portfolio.tables import COLUMNS, rows_of, to_csv

EVIL = ('=HYPERLINK("x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1")


def one(customer: str = "4711") -> Position:
    return Position(
        subject=SubjectId("ref:T:1"),
        grade="B",
        score=71,
        cell=Cell(likelihood=2, impact=3, level="medium-low"),
        exposure_minor=123_456,
        probability=None,
        coverage="checked",
        customers=(customer,),
    )


def test_amounts_are_exact_and_what_is_unknown_is_empty() -> None:
    (row,) = rows_of([one()], currency="CNY", exponent=2)
    named = dict(zip(COLUMNS, row, strict=True))
    assert named["exposure"] == Decimal("1234.56")
    assert (named["limit"], named["probability_late_30"]) == (None, None)
    line = to_csv([row]).decode("utf-8-sig").splitlines()[1]
    assert line == "ref:T:1,4711,B,71,2,3,medium-low,,1234.56,,CNY,,checked"


def test_no_text_of_a_csv_file_begins_as_a_formula() -> None:
    rows = rows_of([one(text) for text in EVIL], currency="CNY", exponent=2)
    read = list(csv.reader(io.StringIO(to_csv(rows).decode("utf-8-sig"), newline="")))
    assert [row[1] for row in read[1:]] == [f"'{text}" for text in EVIL]


def test_no_text_of_a_workbook_is_a_formula() -> None:
    rows = rows_of([one(text) for text in EVIL], currency="CNY", exponent=2)
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(rows))).active
    assert sheet is not None
    cells = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(EVIL)
    assert cells[0].value == EVIL[0]


def test_a_workbook_takes_names_that_no_cell_may_hold() -> None:
    sheet = openpyxl.load_workbook(
        io.BytesIO(to_xlsx(rows_of([one("a\x00b\x1b")], currency="CNY", exponent=2)))
    ).active
    assert sheet is not None
    assert sheet["B2"].value == "ab"
