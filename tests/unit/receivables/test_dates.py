from datetime import date
from decimal import Decimal

import pytest

from node.receivables.dates import DateTexts, readings, settle
from node.receivables.errors import DateOrderError

MARCH_5 = date(2019, 3, 5)


def texts(*values: str, has_days: bool = False) -> DateTexts:
    return DateTexts(header="Due", first_lines={v: n for n, v in enumerate(values, 2)}, has_days=has_days)


@pytest.mark.parametrize(
    "text",
    [
        "2019-03-05",
        "2019/3/5",
        "2019.03.05",
        "20190305",
        "2019年3月5日",
        "２０１９年３月５日",
        "2019-03-05 00:00:00",
        "2019-03-05T23:59:59Z",
        "5-Mar-2019",
        "05 March 2019",
        "05MAR19",
        "March 5, 2019",
    ],
)
def test_forms_that_read_the_same_in_every_order(text: str) -> None:
    assert readings(text) == dict.fromkeys(("ymd", "dmy", "mdy"), MARCH_5)


def test_forms_that_need_an_order() -> None:
    assert readings("5/3/2019") == {"dmy": MARCH_5, "mdy": date(2019, 5, 3)}
    assert readings("05032019") == {"dmy": MARCH_5, "mdy": date(2019, 5, 3)}
    assert readings("1/15/2013 0:00") == {"mdy": date(2013, 1, 15)}
    assert readings("05.03.19") == {"dmy": MARCH_5, "mdy": date(2019, 5, 3), "ymd": date(2005, 3, 19)}
    assert readings("05.03.99")["dmy"] == date(1999, 3, 5)


@pytest.mark.parametrize(
    "text",
    [
        *("", "43529", "2019-02-30", "2019-13-01", "31/02/2019", "0/0/0", "1/2/345", "2019-03", "1" * 50),
        *("5/3.2019", "2019年3-5", "soon", "Foo 5, 2019", "५/३/२०१९"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert readings(text) == {}


def test_one_date_settles_its_column() -> None:
    column = settle({"due_date": texts("03/05/2019", "03/25/2019")}, given={})["due_date"]
    assert (column.order, column.is_shared) == ("mdy", False)
    assert column.read(" 03/05/2019 ") == date(2019, 3, 5)
    assert column.read("") is None
    assert column.read(MARCH_5) == MARCH_5
    with pytest.raises(ValueError, match="order of its column"):
        column.read("never seen")


def test_an_unreadable_cell_settles_nothing_and_is_refused_by_itself() -> None:
    column = settle({"due_date": texts("25/03/2019", "31/02/2019", "n/a")}, given={})["due_date"]
    assert column.order == "dmy"
    with pytest.raises(ValueError, match="order of its column"):
        column.read("31/02/2019")


def test_iso_dates_settle_nothing_for_others() -> None:
    with pytest.raises(DateOrderError, match="more than one order"):
        settle({"invoice_date": texts("2019-03-25"), "due_date": texts("03/05/2019")}, given={})


def test_an_ambiguous_column_is_refused_with_what_to_say() -> None:
    with pytest.raises(DateOrderError, match='date_order = "dmy"') as caught:
        settle({"due_date": texts("03/05/2019", "04/04/2019")}, given={})
    assert (caught.value.column, caught.value.code) == ("Due", "receivables_date_order")
    assert "03/05" not in str(caught.value)


def test_dates_that_mean_the_same_either_way_need_no_order() -> None:
    column = settle({"due_date": texts("04/04/2019", "5/5/2019")}, given={})["due_date"]
    assert column.order is None
    assert column.read("5/5/2019") == date(2019, 5, 5)


def test_a_column_takes_the_order_on_which_all_others_settled() -> None:
    both = {"invoice_date": texts("25/03/2019"), "status_date": texts("03/05/2019")}
    column = settle(both, given={})["status_date"]
    assert (column.order, column.is_shared) == ("dmy", True)
    assert column.read("03/05/2019") == date(2019, 5, 3)
    both["due_date"] = texts("03/25/2019")
    with pytest.raises(DateOrderError, match="more than one order"):
        settle(both, given={})


def test_a_column_that_contradicts_itself_names_its_lines() -> None:
    with pytest.raises(DateOrderError, match="lines 2, 3"):
        settle({"due_date": texts("25/03/2019", "03/25/2019")}, given={})


def test_the_mapping_overrules() -> None:
    column = settle({"due_date": texts("25/03/2019", "03/05/2019")}, given={"due_date": "mdy"})["due_date"]
    assert column.read("03/05/2019") == MARCH_5
    with pytest.raises(ValueError, match="order of its column"):
        column.read("25/03/2019")


def test_a_column_half_turned_into_dates_is_refused() -> None:
    half = texts("25/03/2019", has_days=True)
    with pytest.raises(DateOrderError, match="some cells are dates and some are text"):
        settle({"due_date": half}, given={})
    assert settle({"due_date": half}, given={"due_date": "dmy"})["due_date"].order == "dmy"
    iso = texts("2019-03-05", has_days=True)
    assert settle({"due_date": iso}, given={})["due_date"].order is None


def test_a_compact_date_may_come_as_a_number_but_a_serial_day_may_not() -> None:
    column = settle({"due_date": texts("20190305")}, given={})["due_date"]
    assert column.read(Decimal(20190305)) == MARCH_5
    with pytest.raises(ValueError, match="order of its column"):
        column.read(Decimal(43529))
