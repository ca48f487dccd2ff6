"""What a cell is, and reading one as a text or an identifier."""

import re
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

Cell: TypeAlias = str | Decimal | date
"""Text, an exact number or a day. An empty cell is an empty text or one of spaces."""

_LONGEST: Final = 128
_TOO_MANY_DIGITS: Final = Decimal(10) ** 15
_POWER: Final = re.compile(r"[0-9][.,]?[0-9]*E\+[0-9]+", re.IGNORECASE)


class UnfitError(ValueError):
    """A cell that is not what its column needs; `reason` is that of a remark."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def cell_text(cell: Cell) -> str:
    """Return a cell as text without spaces around it: a number in plain digits, a day in ISO form."""
    if isinstance(cell, str):
        return cell.strip()
    return format(cell, "f") if isinstance(cell, Decimal) else cell.isoformat()


def identifier(cell: Cell) -> str:
    """Return the number or name in a cell, 1 to 128 characters that can be shown.

    Raises UnfitError, also for a long number that a spreadsheet has kept as a figure: it holds 15
    digits, so what it shows is not what was put in.
    """
    text = cell_text(cell)
    if not text:
        raise UnfitError("cell_empty")
    if len(text) > _LONGEST or not text.isprintable():
        raise UnfitError("text_unfit")
    is_figure = isinstance(cell, Decimal) and abs(cell) >= _TOO_MANY_DIGITS
    if is_figure or _POWER.fullmatch(text):
        raise UnfitError("digits_lost")
    return text
