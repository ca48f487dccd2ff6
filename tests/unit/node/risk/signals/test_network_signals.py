"""Figures here are worked out by hand."""

from math import inf

import pytest
from support_signals import DECEMBER, answered, inputs_of, signals, window

from hanse_ledger.ids import Month, month_of
from node.risk.signals.bands import DELAY_MIDDLE, mean_days
from node.risk.signals.compute import signals_of
from node.risk.signals.names import SignalName, Unknown

NETWORK: tuple[SignalName, ...] = (
    "network.days_beyond_terms",
    "network.late_share",
    "network.trend",
    "network.exposure_0",
)


def test_days_beyond_terms_and_the_interval_that_its_classes_imply() -> None:
    # 4 rows on time, 2 in 1-5, 1 in 6-10, 1 in 11-20: (2*3 + 8 + 15.5) / 8, ends (2+6+11)/8, (10+10+20)/8.
    found = signals(window(condition=(0, 4, 4, 0, 0, 0, 0, 0), delay=(4, 2, 1, 1, 0, 0, 0, 0)))
    signal = found["network.days_beyond_terms"]
    assert signal.value == 29.5 / 8
    assert signal.interval == (19 / 8, 40 / 8)
    assert (signal.coverage, signal.months, signal.age_months) == ("4-5", (DECEMBER, DECEMBER), 1)


def test_rows_in_which_nothing_fell_due_are_no_delay_of_zero() -> None:
    found = signals(window(condition=(6, 0, 2, 0, 0, 0, 0, 0), delay=(6, 0, 2, 0, 0, 0, 0, 0)))
    assert found["network.days_beyond_terms"].value == 8
    assert found["network.late_share"].value == 1


def test_the_open_class_counts_105_days_and_leaves_the_interval_open() -> None:
    found = signals(window(condition=(0, 3, 0, 0, 0, 0, 1, 0), delay=(3, 0, 0, 0, 0, 0, 0, 1)))
    assert found["network.days_beyond_terms"].value == 105 / 4
    assert found["network.days_beyond_terms"].interval == (91 / 4, inf)


def test_class_middles_agree_with_the_bureaus_buckets() -> None:
    # 60, 20, 10, 5, 5 of a balance current, 1-30, 31-60, 61-90, 91+ make 16.5 days; rows of the same buckets
    # in our finer classes come as near as 11-20 days (15.5) and 31-60 (45.5) lie to 15 and 45.
    days = mean_days((60, 0, 0, 20, 0, 10, 5, 5))
    assert days is not None
    assert days.value == (20 * 15.5 + 10 * 45.5 + 5 * 75.5 + 5 * 105) / 100
    assert abs(days.value - 16.5) < 0.2
    assert tuple(sorted(DELAY_MIDDLE)) == DELAY_MIDDLE


def test_shares_are_of_rows_in_which_something_fell_due_and_nest() -> None:
    found = signals(window(condition=(2, 1, 1, 1, 1, 1, 1, 2)))
    names: tuple[SignalName, ...] = (
        "network.late_share",
        "network.past_due_share",
        "network.past_due_61_share",
        "network.past_due_91_share",
        "network.lost_share",
    )
    assert [found[name].value for name in names] == [7 / 8, 6 / 8, 4 / 8, 3 / 8, 2 / 8]


def test_windows_older_than_a_year_count_nowhere() -> None:
    old = window(month=Month(DECEMBER - 12), condition=(0, 0, 4, 0, 0, 0, 0, 0))
    found = signals(old, window())
    assert found["network.late_share"].value == 0
    assert signals(old)["network.late_share"].unknown == "no_recent_window"


def test_trend_is_the_last_three_months_against_the_nine_before() -> None:
    before = window(month=Month(DECEMBER - 3), delay=(2, 2, 0, 0, 0, 0, 0, 0))  # 6/4, from 2/4 to 10/4
    now = window(month=Month(DECEMBER - 2), delay=(2, 0, 2, 0, 0, 0, 0, 0))  # 16/4, from 12/4 to 20/4
    trend = signals(before, now)["network.trend"]
    assert trend.value == 10 / 4
    assert trend.interval == (2 / 4, 18 / 4)
    assert trend.months == (DECEMBER - 3, DECEMBER - 2)


def test_trend_needs_both_ends() -> None:
    assert signals(window())["network.trend"].unknown == "no_earlier_window"
    assert signals(window(month=Month(DECEMBER - 5)))["network.trend"].unknown == "no_recent_window"


def test_exposure_is_a_distribution_with_its_middle_class() -> None:
    found = signals(window(condition=(0, 5, 0, 0, 0, 0, 0, 0), exposure=(1, 1, 0, 2, 0, 1)))
    names: tuple[SignalName, ...] = ("network.exposure_0", "network.exposure_3", "network.exposure_4")
    assert [found[name].value for name in names] == [1 / 5, 2 / 5, 0]
    assert found["network.exposure_band"].value == 3
    even = signals(window(exposure=(2, 0, 0, 2, 0, 0)))
    assert even["network.exposure_band"].value == 0


def test_breadth_is_the_newest_windows_band() -> None:
    found = signals(window(month=Month(DECEMBER - 1), band=2), window(band=1))
    assert (found["network.breadth"].value, found["network.breadth"].interval) == (4, (4, 5))
    assert found["network.late_share"].coverage == "4-5"
    assert signals(window(band=4))["network.breadth"].interval == (20.0, inf)


def test_a_window_of_several_months_spans_them() -> None:
    months = [month_of(2019, 7), month_of(2019, 9)]
    assert signals(window(months=months))["network.late_share"].months == tuple(months)


@pytest.mark.parametrize("reason", ["not_asked", "unanswered", "unchecked", "disagreement", "refused"])
def test_without_a_checked_answer_nothing_of_the_network_is_known(reason: Unknown) -> None:
    found = signals(answered=None, why_not=reason)
    about = ("network.", "versus.")
    assert {found[name].unknown for name in found if name.startswith(about)} == {reason}


def test_why_windows_give_nothing() -> None:
    assert {signals()[name].unknown for name in NETWORK} == {"no_window"}
    assert {signals(window(withheld=True))[name].unknown for name in NETWORK} == {"withheld"}
    assert signals(window(band=0))["network.late_share"].unknown == "too_few_firms"
    nothing_due = signals(window(condition=(4, 0, 0, 0, 0, 0, 0, 0)))
    assert nothing_due["network.late_share"].unknown == "nothing_due"
    assert nothing_due["network.exposure_0"].value == 1


def test_a_withheld_window_leaves_the_others() -> None:
    found = signals(window(month=Month(DECEMBER - 1)), window(withheld=True))
    assert found["network.late_share"].months == (DECEMBER - 1, DECEMBER - 1)


def test_warnings_are_known_without_any_window() -> None:
    found = signals_of(inputs_of(answered=answered(level=2)))
    assert found["network.warning_level"].value == 2
    assert found["network.disputed"].value == 0
    assert found["network.warning_level"].months == (DECEMBER, DECEMBER)
    assert found["network.late_share"].unknown == "no_window"


def test_before_any_month_is_closed_there_is_no_age() -> None:
    found = signals(answered=answered(last_closed=None))
    assert found["network.warning_level"].age_months is None
    assert found["network.late_share"].unknown == "no_window"
