import csv
import io
from collections.abc import Mapping as Words
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.rows import Invoice
from hanse_ledger.subjects import Subject, parse_subject
from node.receivables.errors import DateOrderError, DecimalSignError, ReceivablesError
from node.receivables.export import open_export
from node.receivables.mapping import Mapping, parse_mapping
from node.receivables.outcome import Reading
from node.receivables.read import read_receivables
from node.receivables.subjectmap import demo_subject

AS_OF = date(2019, 12, 31)
PRIVATE = {"customer", "amount", "invoice_date"}
SHARED = Path(__file__).parents[4] / "shared" / "data"
GOOD: Words[str, str] = {
    "invoice": "R1",
    "customer": "C1",
    "invoice_date": "2019-03-05",
    "due_date": "2019-04-05",
    "paid_date": "",
    "amount": "100.50",
    "currency": "CNY",
    "status": "",
    "status_date": "",
    "disputed": "",
}


def file_of(*lines: Words[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(GOOD))
    writer.writeheader()
    for number, line in enumerate(lines, 1):
        writer.writerow({**GOOD, "invoice": f"R{number}", **line})
    return out.getvalue().encode()


def read(raw: bytes, mapping: Mapping | None = None) -> Reading:
    return read_receivables(
        raw,
        mapping=mapping,
        subject_of=demo_subject,
        currency="CNY",
        rated_currencies={"USD", "JPY"},
        as_of=AS_OF,
    )


def refusals(reading: Reading) -> list[tuple[str, int | None, str | None]]:
    return [(remark.reason, remark.line, remark.column) for remark in reading.refused]


def test_a_whole_line() -> None:
    line = {"paid_date": "2019-05-01", "currency": "usd", "status": "核销", "status_date": "2019-04-20"}
    (record,) = read(file_of(line | {"disputed": "Yes"})).records
    assert (record.line, record.customer, record.subject) == (2, "C1", "ref:DEMO:C1")
    assert (record.personal, record.disputed) == (False, True)
    assert record.invoice == Invoice(
        reference="R1",
        invoice_date=date(2019, 3, 5),
        due_date=date(2019, 4, 5),
        paid_date=date(2019, 5, 1),
        amount_minor=10050,
        currency="USD",
        lost_on=date(2019, 4, 20),
    )


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ({"invoice": ""}, "cell_empty", "invoice"),
        ({"customer": ""}, "cell_empty", "customer"),
        ({"invoice_date": ""}, "cell_empty", "invoice_date"),
        ({"due_date": " "}, "cell_empty", "due_date"),
        ({"amount": ""}, "cell_empty", "amount"),
        ({"currency": ""}, "cell_empty", "currency"),
        ({"invoice": "", "customer": ""}, "total_line", None),
        ({"invoice": "合计", "customer": "", "invoice_date": "", "due_date": ""}, "total_line", None),
        ({"invoice": "x" * 129}, "text_unfit", "invoice"),
        ({"invoice": "1.23457E+19"}, "digits_lost", "invoice"),
        ({"customer": "客户"}, "subject_invalid", "customer"),
        ({"invoice_date": "2019-02-30"}, "date_unreadable", "invoice_date"),
        ({"invoice_date": "1989-12-31"}, "date_implausible", "invoice_date"),
        ({"invoice_date": "2020-01-01"}, "date_future", "invoice_date"),
        ({"due_date": "2109-04-05"}, "date_implausible", "due_date"),
        ({"paid_date": "2020-01-01"}, "date_future", "paid_date"),
        ({"paid_date": "0000-00-00"}, "date_unreadable", "paid_date"),
        ({"amount": "ten"}, "amount_unreadable", "amount"),
        ({"amount": "1.005"}, "amount_decimals", "amount"),
        ({"amount": "10.50", "currency": "JPY"}, "amount_decimals", "amount"),
        ({"amount": "99999999999999.99"}, "amount_too_large", "amount"),
        ({"amount": "$10.50"}, "currency_conflict", "amount"),
        ({"currency": "yen or so"}, "currency_unknown", "currency"),
        ({"currency": "EUR"}, "currency_no_rate", "currency"),
        ({"status": "who knows"}, "status_unknown", "status"),
        ({"status": "paid"}, "paid_without_date", "status"),
        ({"status": "open", "paid_date": "2019-04-01"}, "status_conflict", "status"),
        ({"status": "催收", "status_date": "2020-01-01"}, "date_future", "status_date"),
        ({"status": "催收", "status_date": "soon"}, "date_unreadable", "status_date"),
        ({"disputed": "perhaps"}, "disputed_unknown", "disputed"),
    ],
)
def test_what_a_line_is_refused_for(line: Words[str, str], reason: str, column: str | None) -> None:
    reading = read(file_of({}, line, {}))
    assert refusals(reading) == [(reason, 3, column)]
    assert ([record.line for record in reading.records], reading.lines) == ([2, 4], 3)
    for language in ("en", "zh"):
        text = reading.refused[0].text(language)
        assert "3" in text
        assert column is None or column in text
        assert not any(cell in text for name, cell in line.items() if name in PRIVATE and cell)


def test_credit_notes_and_zeros_are_left_out_whatever_else_they_lack() -> None:
    reading = read(file_of({"amount": "-5.00", "due_date": ""}, {"amount": "0.00", "customer": "客户"}, {}))
    assert [(remark.reason, remark.line) for remark in reading.left_out] == [
        ("credit_note", 2),
        ("zero_amount", 3),
    ]
    assert (len(reading.records), reading.refused) == (1, ())


def test_repeated_lines_count_once_and_differing_ones_not_at_all() -> None:
    same, other = {"invoice": "S"}, {"invoice": "D"}
    reading = read(file_of(same, other, same, other | {"amount": "7.00"}, same | {"customer": "C2"}, same))
    assert [(remark.reason, remark.line) for remark in reading.left_out] == [
        ("duplicate", 4),
        ("duplicate", 7),
    ]
    assert refusals(reading) == [("duplicate_differs", 3, None), ("duplicate_differs", 5, None)]
    assert [record.line for record in reading.records] == [2, 6]


def test_a_mark_of_dispute_makes_two_lines_differ() -> None:
    reading = read(file_of({"invoice": "S"}, {"invoice": "S", "disputed": "是"}))
    assert [reason for reason, _, _ in refusals(reading)] == ["duplicate_differs"] * 2


@pytest.mark.parametrize(
    ("word", "lost", "disputed"),
    [
        ("Open", False, False),
        ("逾期", False, False),
        ("In Collection", True, False),
        ("催收中", True, False),
        ("charged-off", True, False),
        ("written_off", True, False),
        ("已核销", True, False),
        ("Insolvent", True, False),
        ("破产", True, False),
        ("DISPUTED", False, True),
        ("争议", False, True),
    ],
)
def test_statuses_in_both_languages(word: str, *, lost: bool, disputed: bool) -> None:
    (record,) = read(file_of({"status": word, "status_date": "2019-06-01"})).records
    assert record.invoice.lost_on == (date(2019, 6, 1) if lost else None)
    assert record.disputed is disputed


def test_a_loss_without_its_day_takes_that_of_the_export_and_says_so() -> None:
    reading = read(file_of({"status": "collection"}))
    assert reading.records[0].invoice.lost_on == AS_OF
    assert [(note.reason, note.line, note.column) for note in reading.notes] == [
        ("status_date_assumed", 2, "status")
    ]


def test_a_mapping_teaches_a_status() -> None:
    mapping = parse_mapping(b'statuses = {"ERLEDIGT" = "paid"}')
    assert read(file_of({"status": "erledigt", "paid_date": "2019-04-01"}), mapping).records
    assert refusals(read(file_of({"status": "erledigt"}), mapping))[0][0] == "paid_without_date"


def test_odd_but_possible_dates_are_taken_with_a_note() -> None:
    reading = read(file_of({"paid_date": "2019-03-01"}, {"due_date": "2019-03-01"}))
    assert len(reading.records) == 2
    assert [(note.reason, note.line) for note in reading.notes] == [
        ("paid_before_invoice", 2),
        ("due_before_invoice", 3),
    ]


def test_a_line_with_too_many_or_few_cells_is_refused() -> None:
    raw = file_of({}) + b"R8,C1,2019-03-05\r\n\r\n,,,,,,,,,\r\n" + b"R9" + b"," * 12 + b"\r\n"
    assert refusals(read(raw)) == [("cell_count", 3, None), ("cell_count", 6, None)]


def test_customers_without_a_subject() -> None:
    def subject_of(customer: str) -> Subject | None:
        asked.append(customer)
        if customer == "bad":
            raise SubjectIdError("no")
        return parse_subject("ref:X:1") if customer == "C1" else None

    asked: list[str] = []
    raw = file_of({}, {"customer": "C2"}, {"customer": "bad"}, {"customer": "bad"}, {})
    reading = read_receivables(raw, subject_of=subject_of, currency="CNY", as_of=AS_OF)
    assert [(reason, line) for reason, line, _ in refusals(reading)] == [
        ("no_subject", 3),
        ("subject_invalid", 4),
        ("subject_invalid", 5),
    ]
    assert asked == ["C1", "C2", "bad"]


def test_without_a_currency_column_all_is_in_the_reporting_currency() -> None:
    reading = read(
        b"invoice,customer,invoice_date,due_date,paid_date,amount\nR1,C1,2019-03-05,2019-04-05,,5\n"
    )
    assert reading.currencies == {"CNY": 1}
    assert [note.reason for note in reading.notes] == ["no_currency_column"]
    assert reading.notes[0].text("zh")


def test_a_file_that_needs_the_mapping_says_so_and_the_mapping_helps() -> None:
    raw = "Beleg;Kunde;Datum;Fällig;Bezahlt;Betrag\nR1;C1;05.03.2019;05.04.2019;;1.234\n".encode()
    with pytest.raises(ReceivablesError):
        read(raw)
    names = {"invoice": "Beleg", "customer": "Kunde", "invoice_date": "Datum", "due_date": "Fällig"}
    columns = names | {"paid_date": "Bezahlt", "amount": "Betrag"}
    with pytest.raises(DateOrderError, match="Datum"):
        read(raw, Mapping(columns=columns))
    orders = parse_mapping(b'date_order = "dmy"').date_order
    with pytest.raises(DecimalSignError, match="Betrag"):
        read(raw, Mapping(columns=columns, date_order=orders))
    assert refusals(read(raw, Mapping(columns=columns, date_order=orders, decimal="."))) == [
        ("amount_decimals", 2, "Betrag")
    ]
    (record,) = read(raw, Mapping(columns=columns, date_order=orders, decimal=",")).records
    assert (record.invoice.invoice_date, record.invoice.amount_minor) == (date(2019, 3, 5), 123400)


def test_what_was_found_out_can_be_saved_and_given_again() -> None:
    header = "发票号;客户编号;开票日期;到期日;收款日期;金额;币种\n"
    raw = f"{header}R1;C1;25/3/2019;25/4/2019;1/5/2019;1.234,50;人民币\n".encode("gb18030")
    first = read(raw)
    assert [note.reason for note in first.notes] == ["encoding_assumed", "date_order_shared"]
    saved = parse_mapping(first.mapping.to_json().encode())
    assert (saved.decimal, set(saved.date_order.values())) == (",", {"dmy"})
    ambiguous = raw.replace(b"25/", b"5/").replace(b"1.234,50", b"1.234")
    again = read(ambiguous.replace(b"1.234", b"1,5"), saved)
    assert again.records[0].invoice.invoice_date == date(2019, 3, 5)
    assert again.records[0].invoice.amount_minor == 150
    assert [note.reason for note in again.notes] == ["encoding_assumed"]


def test_a_workbook_says_the_same_as_its_csv() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Receivables 2019"])
    sheet.append(
        ["Invoice No", "Customer", "Invoice date", "Due date", "Paid date", "Amount", "Status", "Disputed"]
    )
    sheet.append([7, 200387798, date(2019, 3, 5), date(2019, 4, 5), None, 0.1 + 0.2, "open", True])
    sheet.append([8, "C1", "2019-03-05", 20190405, date(2019, 4, 1), Decimal("1234.5"), None, None])
    sheet.append([None] * 9)
    sheet.append([9, "C1", date(2019, 3, 5), 43560, None, 5, None, None])
    sheet.append([10, "C1", date(2019, 3, 5), date(2019, 4, 5), None, 5, None, None, "beside"])
    sheet.append(["Total", None, None, None, None, 99])
    out = io.BytesIO()
    book.save(out)
    reading = read(out.getvalue())
    assert [
        (r.line, r.customer, r.invoice.reference, r.invoice.amount_minor, r.disputed) for r in reading.records
    ] == [
        (3, "200387798", "7", 30, True),
        (4, "C1", "8", 123450, False),
    ]
    assert reading.records[1].invoice.due_date == date(2019, 4, 5)
    assert refusals(reading) == [
        ("date_unreadable", 6, "Due date"),
        ("cell_count", 7, None),
        ("total_line", 8, None),
    ]


def test_nothing_of_a_line_shows_in_a_repr() -> None:
    reading = read(
        file_of({"customer": "SECRET", "amount": "7654.32"}, {"customer": "SECRET", "amount": "-7654.32"})
    )
    assert "SECRET" not in repr(reading)
    assert "7654" not in repr(reading)


def test_an_export_tells_its_currencies_and_last_day_before_it_is_judged() -> None:
    export = open_export(
        file_of({"paid_date": "2019-11-30"}, {"currency": "usd"}, {"currency": "?"}, {"invoice_date": "x"})
    )
    assert export.currencies() == {"CNY": 2, "USD": 1}
    assert export.last_day() == date(2019, 11, 30)
    assert open_export(file_of()).last_day() is None


@pytest.mark.skipif(not (SHARED / "receivables_2019").is_dir(), reason="../shared/data is not here")
def test_all_lines_of_the_anonymised_export_are_taken() -> None:
    count = 0
    for path in sorted((SHARED / "receivables_2019").glob("*.csv")):
        reading = read_receivables(path.read_bytes(), subject_of=demo_subject, currency="USD", as_of=AS_OF)
        assert (reading.refused, reading.left_out, reading.notes) == ((), (), ())
        count += len(reading.records)
    assert count == 24_741


@pytest.mark.skipif(not (SHARED / "ibm_late_payments.csv").is_file(), reason="../shared/data is not here")
def test_the_loader_fixture_is_read_without_a_mapping() -> None:
    raw = (SHARED / "ibm_late_payments.csv").read_bytes()
    reading = read_receivables(raw, subject_of=demo_subject, currency="USD", as_of=AS_OF)
    assert (len(reading.records), reading.refused, reading.left_out) == (2466, (), ())
    assert set(reading.mapping.date_order.values()) == {"mdy"}
    first = reading.records[0].invoice
    assert (first.invoice_date, first.paid_date, first.amount_minor) == (
        date(2013, 1, 2),
        date(2013, 1, 15),
        5594,
    )
    assert [record.disputed for record in reading.records[:2]] == [False, True]
