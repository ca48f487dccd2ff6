"""What answers add up to (section 9, points 4 and 5)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from hanse_ledger.errors import DisagreementError
from hanse_ledger.ids import Month, NodeHash, RequestHash, StewardX
from hanse_ledger.privacy.answer import (
    Answer,
    Figures,
    WindowAnswer,
    combine_answers,
    share_values,
)
from hanse_ledger.privacy.shares import P, draw_masks

XS = tuple(StewardX(x) for x in (2, 3, 7, 255))
ONE, TWO, THREE, FOUR = XS
JANUARY = Month(24_312)
CONDITION, EXPOSURE, DELAY = [3, 0, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0, 0, 4]
VALUES = [*CONDITION, *EXPOSURE, *DELAY]
CELLS = [0] * 56
CELLS[0], CELLS[7], CELLS[47], CELLS[48], CELLS[55] = 6, 3, 1, 4, 6


def shares_of(values: list[int], xs: tuple[StewardX, ...] = XS) -> dict[StewardX, bytes]:
    """Split values that stand at 0, modulo p."""
    masks = draw_masks(bytes(32), 1)[0][: len(values)].astype(np.uint64)
    at_zero = np.array([value % P for value in values], dtype=np.uint64)
    return {x: ((at_zero + masks * np.uint64(x)) % np.uint64(P)).astype("<u4").tobytes() for x in xs}


def window(share: bytes | None, band: int = 1, months: tuple[int, ...] = (JANUARY,)) -> WindowAnswer:
    return WindowAnswer(
        months=tuple(Month(month) for month in months), frozen_at=Month(months[-1]), band=band, share=share
    )


def answer(*windows: WindowAnswer, level: int = 0, disputed: bool = False) -> Answer:
    return Answer(
        request_hash=RequestHash(bytes(32)),
        last_closed=JANUARY,
        log_size=9,
        root=NodeHash(bytes(range(32))),
        windows=windows,
        level=level,
        disputed=disputed,
    )


def answers(values: list[int] = VALUES, *, band: int = 1) -> dict[StewardX, Answer]:
    """What four honest stewards say of one window."""
    return {x: answer(window(share, band)) for x, share in shares_of(values).items()}


def some(given: Mapping[StewardX, Answer], *xs: StewardX) -> dict[StewardX, Answer]:
    return {x: given[x] for x in xs}


def disagree(given: Mapping[StewardX, Answer]) -> None:
    with pytest.raises(DisagreementError):
        combine_answers(given)


def off_line(one: Answer) -> Answer:
    share = one.windows[0].share
    assert share is not None
    first = (int.from_bytes(share[:4], "little") + 1) % P
    return replace(one, windows=(replace(one.windows[0], share=first.to_bytes(4, "little") + share[4:]),))


def other_window(**values: Any) -> Callable[[Answer], Answer]:
    return lambda one: replace(one, windows=(replace(one.windows[0], **values),))


DEVIATIONS: dict[str, Callable[[Answer], Answer]] = {
    "a share": off_line,
    "a share from p on": lambda one: replace(one, windows=(replace(one.windows[0], share=b"\xff" * 88),)),
    "request hash": lambda one: replace(one, request_hash=RequestHash(bytes([1]) * 32)),
    "last closed month": lambda one: replace(one, last_closed=Month(JANUARY - 1)),
    "no closed month": lambda one: replace(one, last_closed=None),
    "log size": lambda one: replace(one, log_size=10),
    "root": lambda one: replace(one, root=NodeHash(bytes(32))),
    "no window": lambda one: replace(one, windows=()),
    "a window more": lambda one: replace(one, windows=(*one.windows, window(None, months=(JANUARY + 1,)))),
    "months": other_window(months=(Month(JANUARY - 1),)),
    "freezing month": other_window(frozen_at=Month(JANUARY + 1)),
    "band": other_window(band=2),
    "withheld": other_window(share=None),
}


def test_four_that_agree_are_checked() -> None:
    found = combine_answers(answers())
    assert (found.checked, found.stewards, found.deviating) == (True, XS, ())
    assert (found.last_closed, found.log_size, found.root) == (JANUARY, 9, bytes(range(32)))
    (one,) = found.windows
    assert (one.months, one.frozen_at, one.band) == ((JANUARY,), JANUARY, 1)
    assert (one.condition, one.exposure, one.delay) == (tuple(CONDITION), tuple(EXPOSURE), tuple(DELAY))
    assert one.cells is None


@pytest.mark.parametrize("x", XS)
@pytest.mark.parametrize("name", DEVIATIONS)
def test_one_of_four_that_deviates_is_named(name: str, x: StewardX) -> None:
    given = answers()
    given[x] = DEVIATIONS[name](given[x])
    found = combine_answers(given)
    assert (found.checked, found.deviating) == (True, (x,))
    assert found.stewards == tuple(y for y in XS if y != x)
    assert found.windows == combine_answers(answers()).windows
    assert found.log_size == 9


@pytest.mark.parametrize("xs", list(combinations(XS, 3)), ids=str)
def test_three_that_agree_are_checked(xs: tuple[StewardX, ...]) -> None:
    found = combine_answers(some(answers(), *xs))
    assert (found.checked, found.stewards, found.deviating) == (True, xs, ())
    assert found.windows == combine_answers(answers()).windows


@pytest.mark.parametrize("x", XS[:3])
@pytest.mark.parametrize("name", DEVIATIONS)
def test_three_of_which_one_deviates_give_no_figures(name: str, x: StewardX) -> None:
    given = some(answers(), *XS[:3])
    given[x] = DEVIATIONS[name](given[x])
    disagree(given)


@pytest.mark.parametrize("xs", list(combinations(XS, 2)), ids=str)
def test_two_that_agree_are_unchecked(xs: tuple[StewardX, ...]) -> None:
    found = combine_answers(some(answers(), *xs))
    assert (found.checked, found.stewards, found.deviating) == (False, xs, ())
    assert found.windows == combine_answers(answers()).windows


@pytest.mark.parametrize("name", [name for name in DEVIATIONS if name != "a share"])
def test_two_that_do_not_agree_give_no_figures(name: str) -> None:
    given = some(answers(), ONE, TWO)
    given[TWO] = DEVIATIONS[name](given[TWO])
    disagree(given)


def test_of_two_shares_only_the_sums_can_show_a_lie() -> None:
    # Two points are always on a line: section 9 calls it unchecked for that reason.
    given = some(answers(), ONE, TWO)
    given[TWO] = off_line(given[TWO])
    disagree(given)


def test_one_answer_or_none_gives_no_figures() -> None:
    disagree(some(answers(), ONE))
    disagree({})


@pytest.mark.parametrize("name", DEVIATIONS)
def test_two_pairs_that_differ_give_no_figures(name: str) -> None:
    given = answers()
    for x in (ONE, THREE):
        given[x] = DEVIATIONS[name](given[x])
    disagree(given)


def test_two_liars_who_agree_with_each_other_are_no_majority() -> None:
    # Shares of other values at two stewards: no three of the four lie on a line.
    lies = {x: answer(window(share)) for x, share in shares_of([*VALUES[:-1], 5]).items()}
    disagree({**answers(), **some(lies, ONE, TWO)})


def test_three_answers_without_windows_agree() -> None:
    found = combine_answers({x: answer() for x in XS[:3]})
    assert (found.checked, found.windows) == (True, ())


def test_a_withheld_window_has_no_figures_and_hides_no_other() -> None:
    shares = shares_of(VALUES)
    given = {
        x: answer(
            window(None, 2, (JANUARY - 3, JANUARY - 2)), window(shares[x]), window(None, 4, (JANUARY + 1,))
        )
        for x in XS
    }
    first, second, third = combine_answers(given).windows
    for one in (first, third):
        assert (one.condition, one.exposure, one.delay, one.cells) == (None, None, None, None)
    assert (first.months, first.band, third.band) == ((JANUARY - 3, JANUARY - 2), 2, 4)
    assert second.condition == tuple(CONDITION)


def test_56_cells_are_given_and_folded() -> None:
    (one,) = combine_answers(answers(CELLS, band=3)).windows
    assert one.cells == tuple(CELLS)
    assert one.condition == (6, 3, 0, 0, 0, 0, 0, 1)  # cells 0, 7 and 47 are conditions 0, 1 and 7
    assert one.exposure == (6, 3, 0, 0, 0, 1)
    assert one.delay == (4, 0, 0, 0, 0, 0, 0, 6)


def changed(values: list[int], **changes: int) -> list[int]:
    """Return values with some added to: `v3=1` adds 1 to the fourth."""
    new = list(values)
    for name, more in changes.items():
        new[int(name[1:])] += more
    return new


IMPOSSIBLE: dict[str, tuple[list[int], int]] = {
    "one more condition": (changed(VALUES, v0=1), 1),
    "one more exposure": (changed(VALUES, v8=1), 1),
    "one more delay": (changed(VALUES, v14=1), 1),
    "one less delay": (changed(VALUES, v21=-1), 1),
    "a value below zero": (changed(VALUES, v0=1, v1=-1), 1),
    "fewer rows than groups": (VALUES, 2),
    "far fewer": (changed(CELLS, v0=-5, v48=-4, v55=-1), 3),
    "nothing at all": ([0] * 22, 0),
    "a delay more in 56 cells": (changed(CELLS, v49=1), 3),
    "a condition more in 56 cells": (changed(CELLS, v20=1), 3),
    "a cell below zero": (changed(CELLS, v0=1, v1=-1), 3),
    "a delay below zero": (changed(CELLS, v48=1, v49=-1), 3),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_sums_that_no_rows_could_give_are_no_figures(name: str) -> None:
    values, band = IMPOSSIBLE[name]
    given = answers(values, band=band)
    disagree(given)
    disagree(some(given, ONE, FOUR))


@pytest.mark.parametrize(("band", "lower"), [(0, 3), (1, 4), (2, 6), (3, 10), (4, 20)])
def test_a_total_is_no_less_than_its_band(band: int, lower: int) -> None:
    size = share_values(band)

    def of(total: int) -> list[int]:
        values = [0] * size
        for at in (0, 48) if size == 56 else (0, 8, 14):
            values[at] = total
        return values

    assert combine_answers(answers(of(lower), band=band)).windows[0].condition == (lower, *[0] * 7)
    disagree(answers(of(lower - 1), band=band))


@pytest.mark.parametrize(("band", "count"), [(0, 22), (1, 22), (2, 22), (3, 56), (4, 56)])
def test_below_ten_groups_22_values_are_answered(band: int, count: int) -> None:
    assert share_values(band) == count


@pytest.mark.parametrize(
    ("levels", "median"),
    [
        ((0, 0, 0, 2), 0),
        ((0, 0, 1, 2), 0),
        ((2, 0, 1, 1), 1),
        ((2, 2, 0, 1), 1),
        ((2, 2, 2, 0), 2),
        ((0, 2, 2), 2),
        ((2, 0, 1), 1),
        ((0, 0, 2), 0),
        ((2, 1), 1),
        ((0, 2), 0),
    ],
)
def test_the_level_is_the_median_and_of_two_middle_ones_the_lower(
    levels: tuple[int, ...], median: int
) -> None:
    given = {x: answer(level=level) for x, level in zip(XS, levels, strict=False)}
    assert combine_answers(given).level == median


@pytest.mark.parametrize(
    ("marks", "disputed"),
    [
        ((False,) * 4, False),
        ((True, False, False, False), False),
        ((False, True, False, True), True),
        ((True,) * 4, True),
        ((True, False, False), False),
        ((True, True, False), True),
        ((True, False), False),
        ((True, True), True),
    ],
)
def test_disputed_takes_two(marks: tuple[bool, ...], disputed: bool) -> None:  # noqa: FBT001 - a table
    given = {x: answer(disputed=mark) for x, mark in zip(XS, marks, strict=False)}
    assert combine_answers(given).disputed is disputed


def test_level_and_mark_are_those_of_the_agreeing() -> None:
    given = {x: answer(window(share), level=0) for x, share in shares_of(VALUES).items()}
    given[FOUR] = off_line(replace(given[FOUR], level=2, disputed=True))
    given[ONE] = replace(given[ONE], level=2, disputed=True)
    found: Figures = combine_answers(given)
    assert (found.level, found.disputed) == (0, False)
