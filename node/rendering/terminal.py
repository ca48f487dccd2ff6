"""Blocks drawn in a terminal with Rich."""

from collections.abc import Iterable
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from node.rendering.blocks import Block, Fields, Grid, Layout, Matrix, MatrixCell, Paragraph, Section, Tone

_STYLES: Final[dict[Tone, str]] = {"plain": "", "strong": "bold", "notice": "cyan", "warning": "yellow"}
_HEAD_WIDEST: Final = 44
"""Up to so many columns of the screen the first cell of a line stays on one line."""
_LEVEL_STYLES: Final = ("black on green", "black on yellow", "black on dark_orange", "white on red")


def print_layout(console: Console, layout: Layout) -> None:
    """Print a whole report."""
    console.print()
    console.print(layout.title, style="bold")
    print_blocks(console, layout.lead)
    print_sections(console, layout.sections)


def print_sections(console: Console, sections: Iterable[Section]) -> None:
    """Print sections under their titles."""
    for section in sections:
        console.print()
        console.print(section.title, style="bold")
        print_blocks(console, section.blocks)


def print_blocks(console: Console, blocks: Iterable[Block]) -> None:
    """Print blocks one below the other."""
    for block in blocks:
        if isinstance(block, Paragraph):
            console.print(block.text, style=_STYLES[block.tone])
        elif isinstance(block, Fields):
            console.print(_fields(block))
        else:
            console.print(block.caption)
            console.print(_grid(block) if isinstance(block, Grid) else _matrix(block))


def _fields(block: Fields) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in block.entries:
        table.add_row(name, value)
    return table


def _grid(block: Grid) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    widest = max((cell_len(row.cells[0]) for row in block.rows), default=0)
    for place, column in enumerate(block.columns):
        table.add_column(
            column.name,
            justify="right" if column.is_figure else "left",
            overflow="fold",
            no_wrap=place == 0 and widest <= _HEAD_WIDEST,
        )
    for row in block.rows:
        if row.tone == "strong":
            table.add_section()
        table.add_row(*row.cells, style=_STYLES[row.tone])
    return table


def _matrix(block: Matrix) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in (block.corner, *block.columns):
        table.add_column(name, overflow="fold")
    for name, cells in block.lines:
        table.add_row(name, *map(_cell, cells))
    return table


def _cell(cell: MatrixCell) -> Text:
    text = f"{cell.mark} {cell.text}" if cell.mark else cell.text
    return Text(text, style=_LEVEL_STYLES[cell.severity] + (" bold" if cell.mark else ""))
