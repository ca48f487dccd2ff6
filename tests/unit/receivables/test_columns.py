import tomllib
from importlib import resources

import pytest

from node.receivables.columns import ColumnFinder, Header
from node.receivables.errors import ColumnAmbiguousError, ColumnMissingError, HeaderError
from node.receivables.mapping import FIELDS, STATUS_NAMES
from node.receivables.tables import Line
from node.receivables.words import COLUMNS, STATUSES, fold

NEEDED = ("invoice", "customer", "amount", "paid_date")


def find(*headers: str, named: dict[str, str] | None = None, titles: list[list[str]] | None = None) -> Header:
    finder = ColumnFinder(tiers=COLUMNS, named=named or {}, needed=NEEDED)
    rows = [*(titles or []), list(headers)]
    return finder.find([Line(number, list(cells)) for number, cells in enumerate(rows, 1)])


@pytest.mark.parametrize(
    "headers",
    [
        ("invoice", "customer", "amount", "paid_date"),
        ("Invoice No.", "CUSTOMER ID", "Invoice Amount", "Paid  on"),
        ("发票号", "客户编号", "金额（元）", "收款日期"),
        ("发 票 号 码", "客户代码", "价税合计", "付款日期"),
        ("ＩＮＶＯＩＣＥ＿ＮＯ", "cust_number", "total amount", "clear_date"),
    ],
)
def test_headers_in_both_languages_and_any_spelling(headers: tuple[str, ...]) -> None:
    header = find(*headers)
    assert header.places == {"invoice": 0, "customer": 1, "amount": 2, "paid_date": 3}
    assert header.unused == ()


def test_a_sure_name_goes_before_a_bare_one() -> None:
    header = find("invoice", "customer", "customer id", "amount", "invoice amount", "paid")
    assert header.names == {
        "invoice": "invoice",
        "customer": "customer id",
        "amount": "invoice amount",
        "paid_date": "paid",
    }
    assert header.unused == ("customer", "amount")


def test_two_names_of_one_tier_are_refused() -> None:
    with pytest.raises(
        ColumnAmbiguousError, match=r"Paid date, Clearing date; say which .* columns\.paid_date"
    ):
        find("invoice", "customer", "amount", "Paid date", "Clearing date")
    header = find(
        "invoice", "customer", "amount", "Paid date", "Clearing date", named={"paid_date": "clearing DATE"}
    )
    assert header.places["paid_date"] == 4


def test_the_mapping_names_what_the_words_do_not() -> None:
    named = {"invoice": "beleg", "customer": "KUNDE", "amount": "Betrag", "paid_date": "Bezahlt"}
    header = find("Beleg", "Kunde", "Betrag", "Bezahlt", named=named)
    assert header.places == {"invoice": 0, "customer": 1, "amount": 2, "paid_date": 3}


def test_a_header_named_for_one_field_is_not_taken_for_another() -> None:
    header = find("invoice", "customer", "amount", "paid date", "total", named={"paid_date": "total"})
    assert (header.places["paid_date"], header.places["amount"]) == (4, 2)
    assert header.unused == ("paid date",)


def test_a_missing_column_says_what_to_do() -> None:
    with pytest.raises(
        ColumnMissingError, match=r"`amount`; give its header in the mapping: columns\.amount$"
    ):
        find("invoice", "customer", "paid date")
    with pytest.raises(ColumnMissingError, match=r"columns\.amount") as caught:
        find("invoice", "customer", "amount", "paid date", named={"amount": "Betrag"})
    assert caught.value.column == "Betrag"


def test_the_payment_date_may_be_absent_only_if_that_is_said() -> None:
    with pytest.raises(ColumnMissingError, match=r'columns\.paid_date, or "" if nothing'):
        find("invoice", "customer", "amount")
    assert "paid_date" not in find("invoice", "customer", "amount", named={"paid_date": ""}).places
    with pytest.raises(ColumnMissingError, match="amount"):
        find("invoice", "customer", "paid date", named={"amount": ""})


def test_titles_may_stand_above_the_header() -> None:
    header = find(
        "invoice", "customer", "amount", "paid date", titles=[["Receivables of the year"], ["Date", "today"]]
    )
    assert header.line == 3


def test_no_header() -> None:
    with pytest.raises(HeaderError, match="columns"):
        find("1", "2", "3")
    with pytest.raises(HeaderError, match="columns"):
        ColumnFinder(tiers=COLUMNS, named={}, needed=NEEDED).find([])


def test_a_long_header_is_shown_short_and_still_found() -> None:
    long = "Betrag " * 40
    header = find("invoice", "customer", long, "paid date", named={"amount": long})
    assert len(header.names["amount"]) <= 64
    again = find("invoice", "customer", long, "paid date", named={"amount": header.names["amount"]})
    assert again.places["amount"] == 2


def test_no_word_has_two_meanings() -> None:
    words = tomllib.loads((resources.files("node.receivables") / "words.toml").read_text(encoding="utf-8"))
    assert set(words["columns"]) == set(FIELDS)
    assert set(words["statuses"]) == set(STATUS_NAMES) == set(STATUSES.values())
    columns = [
        (fold(w), field) for field, tiers in words["columns"].items() for t in tiers.values() for w in t
    ]
    statuses = [(fold(w), status) for status, names in words["statuses"].items() for w in names]
    for pairs in (columns, statuses):
        assert len({word for word, _ in pairs}) == len(set(pairs))
