"""Reading receivables: whatever a file says, every line is accounted for and nothing is guessed."""

import csv
import io
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.receivables import amounts, dates
from node.receivables.dates import DateTexts
from node.receivables.errors import DateOrderError, DecimalSignError, ReceivablesError
from node.receivables.mapping import (
    DATE_FIELDS,
    DELIMITERS,
    FIELDS,
    ORDERS,
    SIGNS,
    STATUS_NAMES,
    Mapping,
    Order,
    parse_mapping,
)
from node.receivables.read import read_receivables
from node.receivables.subjectmap import demo_subject, read_subject_map

AS_OF = date(2025, 12, 31)
DAYS = st.dates(date(1990, 1, 1), AS_OF)
HEADER = ["invoice", "customer", "invoice_date", "due_date", "paid_date", "amount", "currency", "status"]
FORMATS = {
    "ymd": "{0:%y}{1}{0.month}{1}{0.day}",
    "dmy": "{0.day}{1}{0.month}{1}{0.year}",
    "mdy": "{0.month}{1}{0.day}{1}{0.year}",
}
CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            "R1",
            "R2",
            "C1",
            "2025-03-05",
            "2025-13-05",
            "100.00",
            "-3.00",
            "0",
            "CNY",
            "EUR",
            "paid",
            "open",
        ]
    ),
    st.text(max_size=8),
)
LINES = st.lists(
    st.one_of(
        st.lists(CELLS, max_size=9),
        st.tuples(
            st.sampled_from(["R1", "R2", "R3", ""]),
            st.sampled_from(["C1", "C2", "客", ""]),
            st.sampled_from(["2025-03-05", "2026-03-05", "soon"]),
            st.just("2025-04-05"),
            st.sampled_from(["", "2025-04-01"]),
            st.sampled_from(["100.00", "7.5", "1.005", "-1", "0"]),
            st.sampled_from(["CNY", "EUR", ""]),
            st.sampled_from(["", "paid", "open", "催收", "?"]),
        ).map(list),
    ),
    max_size=12,
)


def csv_of(lines: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *lines])
    return out.getvalue().encode("utf-8", "surrogatepass")


@given(LINES)
def test_every_line_is_a_record_or_has_one_reason(lines: list[list[str]]) -> None:
    try:
        reading = read_receivables(csv_of(lines), subject_of=demo_subject, currency="CNY", as_of=AS_OF)
    except ReceivablesError:
        return
    numbers = [record.line for record in reading.records]
    numbers += [remark.line or 0 for remark in (*reading.refused, *reading.left_out)]
    assert len(numbers) == len(set(numbers)) == reading.lines
    assert sum(reading.currencies.values()) == len(reading.records)
    keys = {(record.customer, record.invoice.reference) for record in reading.records}
    assert len(keys) == len(reading.records)
    for record in reading.records:
        assert record.invoice.invoice_date <= AS_OF
        assert record.invoice.amount_minor > 0
        assert record.invoice.currency == "CNY"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_file_or_read(raw: bytes) -> None:
    for start in (b"", b"invoice,customer,invoice_date,due_date,paid_date,amount\n", b"PK\x03\x04"):
        with suppress(ReceivablesError):
            read_receivables(start + raw, subject_of=demo_subject, currency="CNY", as_of=AS_OF)
        with suppress(ReceivablesError):
            read_subject_map(start + raw)


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(ORDERS), st.sampled_from("-/."))
def test_a_column_of_dates_is_read_as_written_or_refused(
    days: list[date], order: Order, separator: str
) -> None:
    written = {FORMATS[order].format(day, separator): day for day in days}
    column = DateTexts(header="Due", first_lines=dict.fromkeys(written, 2), has_days=False)
    try:
        settled = dates.settle({"due_date": column}, given={})["due_date"]
    except DateOrderError:
        # Refused only where another order reads all of it too, or two digits of a year hide the order.
        others = [o for o in ORDERS if o != order and all(o in dates.readings(text) for text in written)]
        assert others
        settled = dates.settle({"due_date": column}, given={"due_date": order})["due_date"]
    else:
        assert settled.order in (order, None)
    assert {text: settled.read(text) for text in written} == written


@given(DAYS)
def test_a_date_with_its_year_first_has_one_meaning(day: date) -> None:
    for text in (
        f"{day:%Y-%m-%d}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y/%m/%d} 00:00",
    ):
        assert set(dates.readings(text).values()) == {day}
        assert len(dates.readings(text)) == len(ORDERS)


@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (".", ""), (",", "")]),
)
def test_a_column_of_amounts_with_cents_is_read_as_written(cents: list[int], signs: tuple[str, str]) -> None:
    point, group = signs
    written = {
        f"{'-' if each < 0 else ''}{abs(each) // 100:,}".replace(",", group)
        + f"{point}{abs(each) % 100:02d}": each
        for each in cents
    }
    column = amounts.settle(dict.fromkeys(written, 2), header="Sum", given=None)
    assert column.sign == point
    assert {text: amounts.to_minor(column.read(text).value, digits=2) for text in written} == written


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=10), st.sampled_from([",", "."]))
def test_whole_amounts_in_groups_are_never_guessed(values: list[int], group: str) -> None:
    written = {f"{each:,}".replace(",", group): each for each in values}
    sign = SIGNS[1 - SIGNS.index(group)] if group in SIGNS else None
    if all(each < 1000 for each in values) or any(each >= 10**6 for each in values):
        column = amounts.settle(dict.fromkeys(written, 2), header="Sum", given=None)
    else:
        with pytest.raises(DecimalSignError):
            amounts.settle(dict.fromkeys(written, 2), header="Sum", given=None)
        column = amounts.settle(dict.fromkeys(written, 2), header="Sum", given=sign)
    assert {text: column.read(text).value for text in written} == written


@given(st.decimals(-(10**9), 10**9, places=2))
def test_a_number_in_a_sheet_is_exact(value: Decimal) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["invoice", "customer", "invoice date", "due date", "paid date", "amount"])
    sheet.append(["R1", "C1", AS_OF, AS_OF + timedelta(days=30), None, float(value)])
    out = io.BytesIO()
    book.save(out)
    reading = read_receivables(out.getvalue(), subject_of=demo_subject, currency="CNY", as_of=AS_OF)
    assert [record.invoice.amount_minor for record in reading.records] == (
        [int(value * 100)] if value > 0 else []
    )


@given(
    st.builds(
        Mapping,
        columns=st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=10)),
        date_order=st.dictionaries(st.sampled_from(DATE_FIELDS), st.sampled_from(ORDERS)),
        decimal=st.none() | st.sampled_from(SIGNS),
        statuses=st.dictionaries(st.text(max_size=10), st.sampled_from(STATUS_NAMES)),
        delimiter=st.none() | st.sampled_from(DELIMITERS),
        encoding=st.sampled_from([None, "utf-8", "gb18030", "cp1252"]),
        sheet=st.none() | st.text(max_size=10),
    )
)
def test_a_mapping_is_read_as_it_was_written(mapping: Mapping) -> None:
    assert parse_mapping(mapping.to_json().encode()) == mapping
