"""Figures here are worked out by hand."""

from support_signals import DECEMBER, own_row, signals, window

from hanse_ledger.ids import Month


def test_the_others_are_the_window_without_ones_own_row() -> None:
    # 7 rows, ours paid 40 days late (31-60); of the others five on time, one 6-10.
    whole = window(condition=(0, 5, 2, 0, 0, 0, 0, 0), delay=(5, 0, 1, 0, 0, 1, 0, 0), band=2)
    found = signals(whole, rows=(own_row(condition=2, delay=5, days=40),))
    assert found["versus.others_days"].value == 8 / 6
    assert found["versus.others_days"].interval == (6 / 6, 10 / 6)
    assert found["versus.delay_days"].value == 40 - 8 / 6
    assert found["versus.delay_days"].interval == (40 - 10 / 6, 40 - 6 / 6)
    assert found["versus.others_late_share"].value == 1 / 6
    assert found["versus.late_share"].value == 1 - 1 / 6
    # The network's own signal takes nothing out.
    assert found["network.late_share"].value == 2 / 7


def test_too_few_others_make_no_signal_though_one_could_subtract() -> None:
    # In a window of 4-5 groups three others may remain, fewer than the minimum of four.
    found = signals(window(band=1), rows=(own_row(),))
    for name in ("versus.others_days", "versus.others_late_share", "versus.delay_days", "versus.late_share"):
        assert found[name].unknown == "too_few_firms"
    assert found["network.late_share"].value == 0


def test_a_minimum_of_three_is_kept_by_a_band_of_four() -> None:
    found = signals(window(band=1), rows=(own_row(),), minimum=3)
    assert found["versus.others_days"].value == 0


def test_windows_without_ones_own_row_are_the_others_as_they_are() -> None:
    found = signals(window(band=1, delay=(2, 2, 0, 0, 0, 0, 0, 0)))
    assert found["versus.others_days"].value == 6 / 4
    assert found["versus.delay_days"].unknown == "own_row_missing"


def test_only_windows_in_which_enough_others_remain_are_compared() -> None:
    before = Month(DECEMBER - 1)
    thin = window(month=before, condition=(0, 0, 4, 0, 0, 0, 0, 0), band=1)
    wide = window(condition=(0, 6, 0, 0, 0, 0, 0, 0), band=2)
    found = signals(thin, wide, rows=(own_row(month=before, condition=2), own_row()))
    assert found["versus.others_late_share"].value == 0
    assert found["versus.late_share"].months == (DECEMBER, DECEMBER)


def test_a_row_that_counted_after_the_window_froze_is_not_in_it() -> None:
    late = own_row(condition=2, delay=5, days=40, counted_in=Month(DECEMBER + 1))
    found = signals(window(band=2, condition=(0, 6, 0, 0, 0, 0, 0, 0)), rows=(late,))
    assert found["versus.delay_days"].unknown == "own_row_missing"
    assert found["versus.others_late_share"].value == 0


def test_a_window_that_may_hold_a_row_or_not_is_compared_with_nothing() -> None:
    wide = window(band=2, condition=(0, 6, 0, 0, 0, 0, 0, 0))
    unsettled = own_row()._replace(is_settled=False)
    found = signals(wide, rows=(unsettled,))
    assert found["versus.others_days"].unknown == "own_row_unsettled"
    assert found["versus.delay_days"].unknown == "own_row_unsettled"
    later = unsettled._replace(counted_in=Month(DECEMBER + 1))
    assert signals(wide, rows=(later,))["versus.others_days"].value == 0


def test_a_withdrawn_row_s_window_is_withheld_and_compared_with_nothing() -> None:
    found = signals(window(band=2, withheld=True), rows=(own_row(),))
    assert found["versus.delay_days"].unknown == "withheld"


def test_where_only_one_s_own_row_fell_due_there_is_nothing_to_compare() -> None:
    whole = window(condition=(5, 0, 1, 0, 0, 0, 0, 0), delay=(5, 1, 0, 0, 0, 0, 0, 0), band=2)
    found = signals(whole, rows=(own_row(condition=2, delay=1, days=3),))
    assert found["versus.others_days"].unknown == "nothing_due"
    assert found["versus.delay_days"].unknown == "nothing_due"
