"""A firm's file of limits: what is taken, and what is refused by line."""

import pytest

from hanse_ledger.subjects import Subject, parse_subject
from node.receivables.errors import ColumnMissingError, DecimalSignError, HeaderError
from node.receivables.limits import LimitLine, Money, read_limits
from node.receivables.outcome import Remark

MONEY = Money("CNY", 2)
KNOWN = {"4711": "ref:DEMO:1", "4712": "ref:DEMO:2"}


def subject_of(number: str) -> Subject | None:
    if ":" in number:
        return parse_subject(number)
    return parse_subject(KNOWN[number]) if number in KNOWN else None


def read(text: str) -> tuple[list[LimitLine], list[Remark]]:
    return read_limits(text.encode(), subject_of=subject_of, money=MONEY)


def reasons(text: str) -> list[tuple[str, int | None, str | None]]:
    taken, refused = read(text)
    assert taken == []
    return [(one.reason, one.line, one.column) for one in refused]


def test_limits_are_taken_by_customer_number_or_by_subject() -> None:
    text = "Customer,Subject,Credit limit\n4711,,1200.50\n,ref:DEMO:9,300\nref:DEMO:8,,0\n"
    taken, refused = read(text)
    assert refused == []
    assert [(one.line, one.subject, one.limit_minor) for one in taken] == [
        (2, "ref:DEMO:1", 120_050),
        (3, "ref:DEMO:9", 30_000),
        (4, "ref:DEMO:8", 0),
    ]


def test_a_chinese_file_with_a_currency_column() -> None:
    taken, refused = read("统一社会信用代码;信用额度;币种\n91350100M000100Y43;1.000,00;人民币\n")
    assert refused == []
    assert [(one.subject, one.limit_minor) for one in taken] == [("uscc:91350100M000100Y43", 100_000)]


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ("4713,5,", "no_subject", "customer"),
        ("lei:123,5,", "subject_invalid", "customer"),
        (",5,", "cell_empty", "customer"),
        ("4711,,", "cell_empty", "limit"),
        ("4711,many,", "amount_unreadable", "limit"),
        ("4711,-1,", "limit_negative", "limit"),
        ("4711,0.001,", "amount_decimals", "limit"),
        ("4711,99999999999999999,", "amount_too_large", "limit"),
        ("4711,5,USD", "limit_currency", "currency"),
        ("4711,$5,", "limit_currency", "limit"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_column(line: str, reason: str, column: str) -> None:
    assert reasons(f"customer,limit,currency\n{line}\n") == [(reason, 2, column)]


def test_a_line_of_another_width_is_refused() -> None:
    assert reasons("customer,limit\n4711,5,6\n") == [("cell_count", 2, None)]


def test_a_subject_with_two_limits_is_refused_in_every_line() -> None:
    found = reasons("customer,limit\n4711,5\nref:DEMO:1,6\n")
    assert found == [("limit_differs", 2, None), ("limit_differs", 3, None)]


def test_the_same_limit_twice_is_one() -> None:
    taken, refused = read("customer,limit\n4711,5\n4711,5.00\n")
    assert refused == []
    assert [one.limit_minor for one in taken] == [500]


def test_a_refusal_says_nothing_of_what_the_cell_holds() -> None:
    _, refused = read("customer,limit\nSecret-4713,5\n4711,Secret\n")
    assert len(refused) == 2
    for one in refused:
        assert "Secret" not in one.text("en") + one.text("zh")


def test_a_file_without_the_columns_is_refused_as_a_whole() -> None:
    with pytest.raises(ColumnMissingError):
        read("limit,currency\n5,CNY\n")
    with pytest.raises(HeaderError):
        read("a,b\n1,2\n")
    with pytest.raises(DecimalSignError):
        read("customer,limit\n4711,1.234\n4712,2.345\n")
