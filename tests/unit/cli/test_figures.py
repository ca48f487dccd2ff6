import pytest
from support_answers import FRAME, answer, window

from hanse_ledger.ids import Month, parse_month
from hanse_ledger.rows import Row
from node.rendering.figures import (
    Own,
    is_year_open,
    mean_delay,
    missing_months,
    own_from,
    total,
    windows_of,
    without_own,
)


@pytest.mark.parametrize(
    ("delay", "interval"),
    [
        ((0,) * 8, None),
        ((4, 0, 0, 0, 0, 0, 0, 0), (0, 0)),
        ((0, 3, 0, 0, 0, 0, 0, 0), (1, 5)),
        ((1, 1, 0, 0, 0, 0, 0, 0), (0, 3)),  # 0.5 to 2.5, rounded outwards
        ((0, 0, 0, 0, 0, 0, 2, 0), (61, 90)),
        ((1, 0, 0, 0, 0, 0, 0, 1), (45, None)),  # 91 days or more of two rows
    ],
)
def test_mean_delay_lies_between_the_class_bounds(
    delay: tuple[int, ...], interval: tuple[int, int | None] | None
) -> None:
    assert mean_delay(delay) == interval


def test_the_others_are_the_sums_without_ones_own_part() -> None:
    sums = windows_of(answer(window(["2024-01"], (0, 4, 1, 0, 0, 0, 0, 0))))
    own = Own(
        condition=(0, 0, 1, 0, 0, 0, 0, 0),
        exposure=(1, 0, 0, 0, 0, 0),
        delay=(1, *[0] * 7),
        rows=((parse_month("2024-01"), 100, 0),),
    )
    (others,) = without_own(sums, [own])
    assert others.condition == (0, 4, 0, 0, 0, 0, 0, 0)
    assert others.exposure == (4, 0, 0, 0, 0, 0)
    assert others.delay == (4, *[0] * 7)
    assert without_own(sums, None) == sums


def test_a_withheld_window_stays_withheld_and_out_of_the_total() -> None:
    windows = windows_of(answer(window(["2024-01"], None), window(["2024-02"])))
    nothing = Own(condition=(0,) * 8, exposure=(0,) * 6, delay=(0,) * 8, rows=())
    assert without_own(windows, [nothing, nothing])[0].condition is None
    whole = total(windows)
    assert whole is not None
    assert whole.months == (parse_month("2024-02"),)
    assert sum(whole.condition or ()) == 4
    assert total(windows[:1]) is None


def test_missing_months_are_the_closed_ones_in_no_window() -> None:
    told = answer(window(["2024-02"]), window(["2024-04", "2024-06"]))
    assert missing_months(told, FRAME) == [parse_month(m) for m in ("2024-01", "2024-03", "2024-05")]
    assert missing_months({"windows": [], "last_closed_month": None}, FRAME) == []


def test_a_years_months_may_be_frozen_until_its_december_is_closed() -> None:
    january = parse_month("2024-01")
    assert is_year_open(january, answer(last="2024-11"))
    assert not is_year_open(january, answer(last="2024-12"))


def test_own_parts_come_from_a_node_or_from_a_file() -> None:
    month, row = parse_month("2024-01"), Row(condition=1, exposure=0, delay=0, peak_minor=100, delay_days=-3)
    lists = ((0, 1, 0, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0), (1, *[0] * 7))
    from_node = own_from(*lists, [(Month(month), row)])
    from_file = own_from(list(lists[0]), list(lists[1]), list(lists[2]), [["2024-01", 100, -3]])
    assert from_node == from_file
