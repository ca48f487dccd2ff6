"""What a report is laid out in: sections of a few kinds of blocks, which every way of showing it can draw.

All texts are in the reader's language and formatted; whoever draws them adds none of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Tone: TypeAlias = Literal["plain", "strong", "notice", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A sentence or more."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Names with their values."""

    kind: ClassVar[str] = "fields"
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column; figures stand to the right."""

    name: str
    is_figure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table; a strong one sums up those before it."""

    cells: tuple[str, ...]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table; `caption` says what it shows."""

    kind: ClassVar[str] = "grid"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """A cell of the risk matrix. `severity` is 0 to 3, its colour; `mark` what stands in it."""

    text: str
    severity: int
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The risk matrix: the lines from the highest probability down, impact from low to high."""

    kind: ClassVar[str] = "matrix"
    caption: str
    corner: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, tuple[MatrixCell, ...]], ...]


Block: TypeAlias = Paragraph | Fields | Grid | Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report under its title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole report, ready to be drawn."""

    language: str
    title: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]


def grid(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Grid:
    """Return a table of plain lines."""
    return Grid(caption=caption, columns=tuple(columns), rows=tuple(Row(cells=tuple(row)) for row in rows))


def texts(*names: str) -> list[Column]:
    """Return columns of texts."""
    return [Column(name=name) for name in names]


def figures(*names: str) -> list[Column]:
    """Return columns of figures."""
    return [Column(name=name, is_figure=True) for name in names]
