"""A portfolio as rows and as CSV, in which no text can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from node.risk.portfolio.position import Position

Value: TypeAlias = str | int | float | Decimal | None

COLUMNS: Final = (
    "subject",
    "customers",
    "grade",
    "score",
    "matrix_likelihood",
    "matrix_impact",
    "level",
    "response",
    "exposure",
    "limit",
    "currency",
    "probability_late_30",
    "coverage",
)
"""Names that programs may rely on; the same in every language."""
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows_of(positions: Iterable[Position], *, currency: str, exponent: int) -> list[list[Value]]:
    """Return positions as rows under COLUMNS; amounts in whole units of the currency."""
    return [_row(position, currency, exponent) for position in positions]


def to_csv(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as CSV in UTF-8 with a byte order mark, which Excel needs for Chinese.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _row(position: Position, currency: str, exponent: int) -> list[Value]:
    cell = position.cell
    return [
        position.subject,
        "; ".join(position.customers),
        position.grade,
        position.score,
        None if cell is None else cell.likelihood,
        None if cell is None else cell.impact,
        None if cell is None else cell.level,
        position.response,
        _units(position.exposure_minor, exponent),
        _units(position.limit_minor, exponent),
        currency,
        position.probability,
        position.coverage,
    ]


def _units(amount_minor: int | None, exponent: int) -> Decimal | None:
    return None if amount_minor is None else Decimal(amount_minor).scaleb(-exponent)


def _plain(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_SIGNS) else value
