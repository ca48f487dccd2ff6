import io

import openpyxl
import pytest

from hanse_ledger.errors import SubjectIdError
from node.receivables.errors import ColumnMissingError
from node.receivables.subjectmap import demo_subject, read_subject_map

USCC = "91350100M000100Y43"


def test_a_map_with_names() -> None:
    raw = f"客户编号,主体标识,客户名称\nＣ１,uscc:{USCC},甲公司\nC2,ref:demo:2,\nC3,ref:demo:2,丙\n".encode()
    found = read_subject_map(raw)
    assert {customer: subject.id for customer, subject in found.subjects.items()} == {
        "C1": f"uscc:{USCC}",
        "C2": "ref:DEMO:2",
        "C3": "ref:DEMO:2",
    }
    assert found("Ｃ1") == found("C1") == found.subjects["C1"]
    assert (found("C4"), found.refused) == (None, ())
    assert found.names == {"C1": "甲公司", "C3": "丙"}
    assert USCC not in repr(found)


def test_the_kind_may_stand_in_the_header() -> None:
    found = read_subject_map(f"customer,统一社会信用代码\nC1,{USCC}\nC2,ref:X:2\n".encode())
    assert [subject.id for subject in found.subjects.values()] == [f"uscc:{USCC}", "ref:X:2"]
    assert read_subject_map(b"customer,LEI\nC1,123\n").refused[0].reason == "subject_invalid"


def test_bad_lines_are_refused_by_number() -> None:
    lines = ["C1,ref:X:1", "C2,ref:X:", "C3", ",ref:X:3", "C4,", "C5,ref:X:5", "C5,ref:X:6", "C1,REF:x:1"]
    found = read_subject_map("\n".join(["customer,subject", *lines]).encode())
    assert [(remark.reason, remark.line) for remark in found.refused] == [
        ("subject_invalid", 3),
        ("cell_count", 4),
        ("cell_empty", 5),
        ("cell_empty", 6),
        ("subject_differs", 7),
        ("subject_differs", 8),
    ]
    assert set(found.subjects) == {"C1"}


def test_personal_subjects_are_flagged() -> None:
    found = read_subject_map(b"customer,subject\nC1,uscc:92310115MA1H8R7C67\nC2,ref:X:1\n")
    flags = [subject.personal for subject in found.subjects.values()]
    assert flags[-1] is False


def test_a_workbook() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Customer No", "Subject ID"])
    sheet.append([200387798, "ref:X:1"])
    out = io.BytesIO()
    book.save(out)
    subject = read_subject_map(out.getvalue())("200387798")
    assert subject is not None
    assert subject.id == "ref:X:1"


def test_a_map_needs_both_columns() -> None:
    with pytest.raises(ColumnMissingError, match="subject"):
        read_subject_map(b"customer,name\nC1,x\n")


def test_the_demo_names_customers_by_their_numbers() -> None:
    assert demo_subject("M00017").id == "ref:DEMO:M00017"
    with pytest.raises(SubjectIdError):
        demo_subject("客户")
