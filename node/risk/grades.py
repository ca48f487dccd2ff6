"""Grades of a customer, from A, the best, to E; U where too little is known for one."""

from typing import Final, Literal, TypeAlias, get_args

Grade: TypeAlias = Literal["A", "B", "C", "D", "E", "U"]
"""U is no worse than E and no better than A: it says that nothing can be said."""

GRADES: Final[tuple[Grade, ...]] = get_args(Grade)
UNKNOWN: Final[Grade] = "U"
"""The grade of whom too little is known about."""
