import random
from collections import defaultdict
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from support import vectors

from hanse_ledger.ids import Month, month_of
from hanse_ledger.windows import (
    BAND_LOWER,
    BAND_TEXT,
    CELLS_BAND,
    VALUES_BELOW_TEN,
    Frozen,
    band,
    first_counting,
    fold_cells,
    freeze,
    number_tokens,
    window_months,
)

Row: TypeAlias = tuple[int, int, int, int]
"""subject, month, group, minimum at the entry."""
Window: TypeAlias = tuple[int, int, tuple[int, ...], int, tuple[Row, ...]]
"""subject, freezing month, months, groups, its rows in order."""


def ints(values: Any) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def freeze_rows(
    rows: list[Row],
    *,
    closing: int,
    first_month: int,
    contributors_min: int,
    frozen: set[tuple[int, int]] = frozenset(),  # type: ignore[assignment]
) -> Frozen:
    columns = ints(rows).reshape(-1, 4).T
    before = ints(sorted(frozen)).reshape(-1, 2).T
    return freeze(
        subject=columns[0],
        month=columns[1],
        group=columns[2],
        minimum=columns[3],
        closing=Month(closing),
        first_month=Month(first_month),
        contributors_min=contributors_min,
        frozen_subject=before[0],
        frozen_month=before[1],
    )


def windows_of(frozen: Frozen, rows: list[Row]) -> list[Window]:
    held = defaultdict(list)
    for row, window in zip(rows, frozen.window_of_row.tolist(), strict=True):
        held[window].append(row)
    return [
        (
            int(frozen.subject[place]),
            frozen.frozen_at,
            window_months(int(frozen.months[place]), frozen_at=frozen.frozen_at),
            int(frozen.groups[place]),
            tuple(sorted(held[place])),
        )
        for place in range(len(frozen.subject))
    ]


def replay(
    filed: list[tuple[int, Row]], *, closed: list[int], contributors_min: dict[int, int]
) -> list[Window]:
    """Close month after month as a steward does; `filed` has the close before which each row counts."""
    windows: list[Window] = []
    frozen: set[tuple[int, int]] = set()
    waiting: list[Row] = []
    for closing in closed:
        waiting += [row for before, row in filed if before == closing]
        now = freeze_rows(
            waiting,
            closing=closing,
            first_month=closed[0],
            contributors_min=contributors_min[closing],
            frozen=frozen,
        )
        windows += windows_of(now, waiting)
        subjects, months = now.pairs()
        new = set(zip(subjects.tolist(), months.tolist(), strict=True))
        assert not new & frozen
        frozen |= new
        waiting = [
            row for row, window in zip(waiting, now.window_of_row.tolist(), strict=True) if window == -1
        ]
    return windows


def literal_windows(
    filed: list[tuple[int, Row]], *, closed: list[int], contributors_min: dict[int, int]
) -> list[Window]:
    """The sentences of section 7, one subject at a time."""
    windows: list[Window] = []
    frozen: set[tuple[int, int]] = set()
    for closing in closed:
        spans = [[closing]]
        if closing % 3 == 2:
            spans.append([closing - 2, closing - 1, closing])
        if closing % 12 == 11:
            spans.append(list(range(closing - 11, closing + 1)))
        for span in spans:
            for subject in sorted({row[0] for _, row in filed}):
                months = [m for m in span if m >= closed[0] and (subject, m) not in frozen]
                held = [
                    row
                    for before, row in filed
                    if before <= closing and row[0] == subject and row[1] in months
                ]
                groups = {row[2] for row in held}
                if held and len(groups) >= max(contributors_min[closing], *(row[3] for row in held)):
                    frozen |= {(subject, m) for m in months}
                    windows.append((subject, closing, tuple(months), len(groups), tuple(sorted(held))))
    return windows


@pytest.mark.parametrize("place", range(5))
def test_vectors(place: int) -> None:
    case = vectors("windows.json")[place]
    minimum, closed = case["minimum"], case["closed"]
    groups = sorted({row["group"] for row in case["rows"]})
    filed = [
        (row["counts_before_close_of"], (7, row["month"], groups.index(row["group"]), minimum))
        for row in case["rows"]
    ]
    windows = replay(filed, closed=closed, contributors_min=dict.fromkeys(closed, minimum))
    assert [
        {"frozen_at": frozen_at, "months": list(months), "groups": count}
        for _, frozen_at, months, count, _ in windows
    ] == case["windows"]
    assert len(vectors("windows.json")) == 5


@pytest.mark.parametrize("seed", range(60))
def test_many_subjects_against_the_protocols_sentences(seed: int) -> None:
    draw = random.Random(seed)
    closed = list(range(24300 + draw.randrange(12), 24326))
    minimum = {}
    for month in range(24290, 24340):
        minimum[month] = draw.choice([3, 3, 4, 5])
    filed = []
    for _ in range(draw.choice([0, 30, 150, 400])):
        month = draw.randrange(closed[0] - 2, closed[-1] + 2)
        before = max(month, closed[0]) + draw.choice([0, 0, 0, 0, 1, 2, 7])
        filed.append((before, (draw.choice([0, 1, 2, 5]), month, draw.randrange(7), minimum[before])))
    arguments: Any = {"closed": closed, "contributors_min": minimum}
    assert replay(filed, **arguments) == literal_windows(filed, **arguments)


JAN = month_of(2026, 1)
THREE: list[Row] = [(0, JAN, group, 3) for group in range(3)]


def test_a_group_counts_once_and_each_of_its_rows_is_in_the_sum() -> None:
    twins: list[Row] = [*THREE, (0, JAN, 2, 3)]
    frozen = freeze_rows(twins, closing=JAN, first_month=JAN, contributors_min=3)
    assert frozen.groups.tolist() == [3]
    assert frozen.window_of_row.tolist() == [0, 0, 0, 0]
    thin: list[Row] = [(0, JAN, 0, 3), (0, JAN, 1, 3), (0, JAN, 1, 3)]
    assert (
        freeze_rows(thin, closing=JAN, first_month=JAN, contributors_min=3).window_of_row.tolist() == [-1] * 3
    )


def test_the_minimum_is_the_highest_of_its_entries_and_of_the_close() -> None:
    def size(rows: list[Row], contributors_min: int) -> int:
        return len(freeze_rows(rows, closing=JAN, first_month=JAN, contributors_min=contributors_min).subject)

    assert size(THREE, 3) == 1
    assert size(THREE, 4) == 0
    assert size([*THREE[:2], (0, JAN, 2, 4)], 3) == 0
    assert size([*THREE, (0, JAN, 3, 4)], 3) == 1
    assert size([*THREE, (1, JAN, 3, 9)], 3) == 1  # another subject's entry raises nothing


def test_a_row_of_a_frozen_month_stays_out() -> None:
    late: list[Row] = [(0, JAN, group, 3) for group in range(5)]
    march = freeze_rows(
        late, closing=JAN + 2, first_month=JAN, contributors_min=3, frozen={(0, JAN), (9, JAN)}
    )
    assert march.window_of_row.tolist() == [-1] * 5
    assert len(march.subject) == 0


def test_quarter_and_year_take_only_what_is_left_in_the_same_close() -> None:
    december = JAN + 11
    rows: list[Row] = [
        *((0, december, group, 3) for group in range(3)),
        *((0, december - 1, group, 3) for group in range(3)),
        *((0, JAN + 4, group, 3) for group in range(3)),
        (0, JAN - 1, 0, 3),
        (0, december + 1, 0, 3),
    ]
    frozen = freeze_rows(
        rows, closing=december, first_month=JAN + 1, contributors_min=3, frozen={(0, JAN + 2)}
    )
    assert [months for _, _, months, _, _ in windows_of(frozen, rows)] == [
        (december,),
        (december - 2, december - 1),
        tuple(month for month in range(JAN + 1, december - 2) if month != JAN + 2),
    ]
    assert frozen.window_of_row.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [-1, -1]
    assert frozen.months.dtype == np.uint16


def test_no_rows_make_no_windows() -> None:
    frozen = freeze_rows([], closing=JAN + 11, first_month=JAN, contributors_min=3, frozen={(3, JAN)})
    assert len(frozen.subject) == len(frozen.months) == len(frozen.groups) == len(frozen.window_of_row) == 0
    assert [column.tolist() for column in frozen.pairs()] == [[], []]


@pytest.mark.parametrize("seed", range(20))
def test_the_first_row_for_member_subject_and_month_counts(seed: int) -> None:
    draw = random.Random(seed)
    rows = [(draw.randrange(3), draw.randrange(4), draw.randrange(2)) for _ in range(draw.randrange(60))]
    member, subject, month = ints(rows).reshape(-1, 3).T
    counts = first_counting(member=member, subject=subject, month=month)
    assert counts.tolist() == [row not in rows[:place] for place, row in enumerate(rows)]


@pytest.mark.parametrize("seed", range(20))
def test_tokens_that_differ_in_any_byte_are_different(seed: int) -> None:
    draw = random.Random(seed)
    base = draw.randbytes(32)
    tokens = [base, bytes(32), b"\xff" * 32]
    tokens += [base[:place] + draw.randbytes(1) + base[place + 1 :] for place in range(32)]
    tokens = draw.choices(tokens, k=draw.randrange(80))
    unique, number = number_tokens(b"".join(tokens))
    assert unique == b"".join(sorted(set(tokens)))
    assert [unique[32 * each : 32 * each + 32] for each in number.tolist()] == tokens


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        (3, "3"),
        (4, "4-5"),
        (5, "4-5"),
        (6, "6-9"),
        (9, "6-9"),
        (10, "10-19"),
        (19, "10-19"),
        (20, "20+"),
        (999, "20+"),
    ],
)
def test_bands(groups: int, text: str) -> None:
    assert BAND_TEXT[band(groups)] == text
    assert BAND_LOWER[band(groups)] <= groups
    assert (band(groups) >= CELLS_BAND) == (groups >= 10)


def test_there_is_no_band_below_three() -> None:
    with pytest.raises(ValueError, match="so few"):
        band(2)


def test_twenty_two_values_of_fifty_six_cells() -> None:
    cells = np.zeros((2, 56), dtype=np.uint64)
    cells[0, 3 * 6 + 2] = 5
    cells[0, 3 * 6 + 4] = 7
    cells[0, 7 * 6 + 4] = 11
    cells[0, 48] = 13
    cells[0, 55] = 10
    cells[1] = 2**31 - 2  # shares are large: nothing wraps
    folded = fold_cells(cells)
    assert folded.shape == (2, VALUES_BELOW_TEN) == (2, 22)
    assert folded[0].tolist() == [0, 0, 0, 12, 0, 0, 0, 11, 0, 0, 5, 0, 18, 0, 13, 0, 0, 0, 0, 0, 0, 10]
    p = 2**31 - 1
    assert folded[1].tolist() == [6 * (p - 1)] * 8 + [8 * (p - 1)] * 6 + [p - 1] * 8


def test_cells_folded_from_small_integers_do_not_wrap() -> None:
    large = np.full((1, 56), 2**32 - 1, dtype=np.uint32)
    assert fold_cells(large).max() == 8 * (2**32 - 1)  # type: ignore[arg-type]


def test_other_shapes_are_refused() -> None:
    for shape in ((56,), (2, 55), (1, 1, 56)):
        with pytest.raises(ValueError, match="56 cells"):
            fold_cells(np.zeros(shape, dtype=np.uint64))
