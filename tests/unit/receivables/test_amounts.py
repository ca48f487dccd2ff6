from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision

from node.receivables import amounts
from node.receivables.amounts import Amount, readings, settle
from node.receivables.errors import DecimalSignError


def lines(*values: str) -> dict[str, int]:
    return {value: number for number, value in enumerate(values, 2)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1\u202f234\u202f567,8", "1234567.8"),
        ("1'234'567.89", "1234567.89"),
        ("1’234.5", "1234.5"),
        ("12,34,567.89", "1234567.89"),
        ("１，２３４．５６", "1234.56"),
        ("1234.5678", "1234.5678"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0.125", "0.125"),
        ("-1,234.56", "-1234.56"),
        ("\N{MINUS SIGN}1.5", "-1.5"),
        ("1,234.56-", "-1234.56"),
        ("(1,234.56)", "-1234.56"),
        ("（12.5）", "-12.5"),
        ("+12.5", "12.5"),
    ],
)
def test_forms_of_which_only_one_sign_makes_sense(text: str, value: str) -> None:
    assert {amount.value for amount in readings(text).values()} == {Decimal(value)}


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("¥1,234.56", "¥"),
        ("￥-1,234.56", "¥"),
        ("1.234,56 €", "€"),
        ("CNY 12.50", "CNY"),
        ("RMB12.50", "CNY"),
        ("12.50元", "CNY"),
        ("12.50 usd", "USD"),
        ("US$12.50", "USD"),
        ("-$12.50", "$"),
        ("($12.50)", "$"),
    ],
)
def test_a_mark_beside_the_amount_is_kept(text: str, mark: str) -> None:
    assert {amount.mark for amount in readings(text).values()} == {mark}


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ",", ".", "1,23,4.5", "1.234.56", "1,234,56.7.8", "1 23", "0,123.5", "1,2345.6", "1" * 41),
        *("--1", "(1", "1)", "-(1)", "-1-", "(1-)"),
        *("1e5", "#N/A", "12 x 3", "$1€", "USD 1 EUR", "१२"),
    ],
)
def test_what_is_no_amount(text: str) -> None:
    assert readings(text) == {}


def test_what_may_be_either() -> None:
    assert {sign: amount.value for sign, amount in readings("1,234").items()} == {
        ".": Decimal(1234),
        ",": Decimal("1.234"),
    }


def test_one_amount_settles_its_column() -> None:
    column = settle(lines("1,234", "7", "0,5"), header="Betrag", given=None)
    assert column.sign == ","
    assert column.read("1,234") == Amount(Decimal("1.234"), "")
    assert column.read(Decimal("2.5")) == Amount(Decimal("2.5"), "")
    with pytest.raises(ValueError, match="decimal sign of its column"):
        column.read("never seen")


def test_an_ambiguous_column_is_refused_with_what_to_say() -> None:
    with pytest.raises(DecimalSignError, match=r'say in the mapping decimal = "\."') as caught:
        settle(lines("1,234", "7", "n/a"), header="Betrag", given=None)
    assert (caught.value.column, caught.value.code) == ("Betrag", "receivables_decimal")
    assert "1,234" not in str(caught.value)
    assert settle(lines("1,234"), header="Betrag", given=".").read("1,234").value == 1234


def test_two_signs_in_a_column_name_their_lines() -> None:
    with pytest.raises(DecimalSignError, match="lines 3, 4"):
        settle(lines("7", "0,5", "0.5"), header="Betrag", given=None)


def test_whole_numbers_need_no_sign() -> None:
    column = settle(lines("7", "1234567"), header="Betrag", given=None)
    assert (column.sign, column.read("7")) == (None, Amount(Decimal(7), ""))


def test_minor_units_are_exact() -> None:
    assert amounts.to_minor(Decimal("0.29"), digits=2) == 29
    assert amounts.to_minor(Decimal("12.3400"), digits=2) == 1234
    assert amounts.to_minor(Decimal("1E+3"), digits=0) == 1000
    with pytest.raises(ValueError, match="more decimals"):
        amounts.to_minor(Decimal("0.295"), digits=2)
    with pytest.raises(ValueError, match="more decimals"):
        amounts.to_minor(Decimal("0.5"), digits=0)


@pytest.mark.parametrize(
    "code", ["CNY", "USD", "EUR", "GBP", "JPY", "KRW", "VND", "CLP", "KWD", "BHD", "TND", "CLF"]
)
def test_decimals_of_a_currency_as_babel_has_them(code: str) -> None:
    assert amounts.minor_digits(code) == get_currency_precision(code)


def test_decimals_are_those_of_iso_4217_where_babel_has_habits_of_display() -> None:
    assert (amounts.minor_digits("RSD"), amounts.minor_digits("IQD")) == (2, 3)


def test_currency_codes() -> None:
    assert [amounts.currency_code(text) for text in ("cny", " ＵＳＤ ", "人民币", "RMB", "元", "欧元")] == [
        "CNY", "USD", "CNY", "CNY", "CNY", "EUR",
    ]  # fmt: skip
    assert [amounts.currency_code(text) for text in ("", "dollars", "1", "US")] == [None] * 4


def test_which_mark_may_stand_for_which_currency() -> None:
    assert amounts.may_be("", "CNY")
    assert amounts.may_be("¥", "JPY")
    assert amounts.may_be("CNY", "CNY")
    assert not amounts.may_be("¥", "USD")
    assert not amounts.may_be("USD", "CNY")
    assert not amounts.may_be("%", "CNY")
