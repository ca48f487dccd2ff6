"""Whose grade or level has changed since a kept run, whoever came, whoever is gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from hanse_ledger.ids import SubjectId
from node.risk.grades import GRADES, UNKNOWN, Grade
from node.risk.policy.matrix import LEVELS, Level
from node.risk.portfolio.position import Position

Direction: TypeAlias = Literal["worse", "unrated", "better", "rated", "new", "gone"]
"""`unrated` came to have no grade (U), `rated` came to have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a kept run holds of a customer."""

    grade: Grade
    score: int | None
    level: Level | None
    exposure_minor: int | None = field(repr=False)

    def to_list(self) -> list[Any]:
        """Return it as JSON."""
        return [self.grade, self.score, self.level, self.exposure_minor]

    @classmethod
    def of_list(cls, stored: Sequence[Any]) -> "Standing":
        """Read what `to_list` has written."""
        grade, score, level, exposure_minor = stored
        return cls(grade=grade, score=score, level=level, exposure_minor=exposure_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One customer whose standing has changed."""

    subject: SubjectId = field(repr=False)
    direction: Direction
    before: Standing | None
    after: Standing | None


def standing_of(position: Position) -> Standing:
    """Return what of a position is kept."""
    level = None if position.cell is None else position.cell.level
    return Standing(
        grade=position.grade, score=position.score, level=level, exposure_minor=position.exposure_minor
    )


def movers(before: Mapping[SubjectId, Standing], positions: Iterable[Position]) -> list[Mover]:
    """Return who moved, the worse first, then by exposure; a score that moves within its grade is none."""
    after = {position.subject: standing_of(position) for position in positions}
    moved = [
        Mover(subject=subject, direction=direction, before=before.get(subject), after=after.get(subject))
        for subject in after.keys() | before.keys()
        if (direction := _direction(before.get(subject), after.get(subject))) is not None
    ]
    return sorted(moved, key=_rank)


def _direction(before: Standing | None, after: Standing | None) -> Direction | None:
    if before is None or after is None:
        return "new" if before is None else "gone"
    if (before.grade == UNKNOWN) != (after.grade == UNKNOWN):
        return "unrated" if after.grade == UNKNOWN else "rated"
    if _severity(after) == _severity(before):
        return None
    return "worse" if _severity(after) > _severity(before) else "better"


def _severity(standing: Standing) -> tuple[int, int]:
    return GRADES.index(standing.grade), -1 if standing.level is None else LEVELS.index(standing.level)


_ORDER: Final[tuple[Direction, ...]] = ("worse", "unrated", "better", "rated", "new", "gone")


def _rank(mover: Mover) -> tuple[int, int, str]:
    standing = mover.after or mover.before
    exposure = 0 if standing is None else standing.exposure_minor or 0
    return _ORDER.index(mover.direction), -exposure, mover.subject
