"""A risk matrix as a block: five classes of likelihood by five of impact, coloured by level."""

from collections.abc import Mapping, Sequence
from typing import Final

from node.rendering.blocks import Matrix, MatrixCell
from node.texts import formats, mark, tr

LEVELS: Final[Mapping[str, str]] = {
    "low": mark("low risk"),
    "medium-low": mark("medium-low risk"),
    "medium-high": mark("medium-high risk"),
    "high": mark("high risk"),
}
"""From the least on; the words of each level."""


def matrix_block(
    cells: Sequence[Sequence[str]], *, caption: str, marks: Mapping[tuple[int, int], str]
) -> Matrix:
    """Return a matrix of levels, the lines from the highest likelihood down.

    `marks` are by (likelihood, impact), both from 1: what stands in a cell.
    """
    highest = len(cells)
    return Matrix(
        caption=caption,
        corner=tr("Likelihood / impact"),
        columns=tuple(formats.number(impact) for impact in range(1, len(cells[0]) + 1)),
        lines=tuple(
            (formats.number(highest - place), _line(row, highest - place, marks))
            for place, row in enumerate(cells)
        ),
    )


def _line(
    row: Sequence[str], likelihood: int, marks: Mapping[tuple[int, int], str]
) -> tuple[MatrixCell, ...]:
    return tuple(
        MatrixCell(
            text=tr(LEVELS[level]),
            severity=list(LEVELS).index(level),
            mark=marks.get((likelihood, impact), ""),
        )
        for impact, level in enumerate(row, 1)
    )
