"""What an expert says of a customer beside the model, told from the audit chain's rows alone.

Pure: the rows in, the history out. A grade that is better than the model's, or than what is in force, needs
two people: whoever assesses, and another one who confirms. It stands as long as the model is no worse than
when it was confirmed. Any other grade stands by one person's word. What has come into force replaces for good
what was before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from hanse_ledger.ids import SubjectId
from node.risk.audit import AuditRow
from node.risk.grades import GRADES, UNKNOWN, Grade
from node.risk.kinds import KINDS, Rating, RiskKind

ASSESSED: Final = "expert.assessed"
CONFIRMED: Final = "expert.confirmed"
WITHDRAWN: Final = "expert.withdrawn"
DECISIONS: Final = (ASSESSED, CONFIRMED, WITHDRAWN)
"""The rows that make the history; looks at it are others."""

State: TypeAlias = Literal["pending", "in_force", "lapsed", "replaced", "expired", "withdrawn"]
"""`lapsed`: the model has got worse than this grade may stand beside."""


def is_better(one: Grade, other: Grade) -> bool:
    """Say whether a grade is better than another; where nothing is known (U), any but E is better."""
    return _rank(one) < _rank(other)


def _rank(grade: Grade) -> int:
    return GRADES.index("E" if grade == UNKNOWN else grade)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """One assessment by a named person, until and with the day `expires_on`.

    `beside` is the worst grade of the model that it may stand beside.
    """

    id: str
    subject: SubjectId = field(repr=False)
    number: int
    """Of its row in the audit chain."""
    by: str
    role: str
    at: datetime
    grade: Grade
    ratings: Mapping[RiskKind, Rating] = field(repr=False)
    reason: str = field(repr=False)
    evidence: tuple[str, ...] = field(repr=False)
    expires_on: date
    model: Grade
    """The model's grade when it was made."""
    beside: Grade
    needs_second: bool
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    is_replaced: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether it waits for a second person."""
        return self.needs_second and self.confirmed_by is None and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether it was withdrawn or replaced, for good."""
        return self.is_replaced or self.withdrawn_by is not None

    def state(self, *, model: Grade, on: date) -> State:
        """Return how it stands on a day beside the model's grade of that day."""
        if self.withdrawn_by is not None:
            return "withdrawn"
        if self.is_replaced:
            return "replaced"
        if on > self.expires_on:
            return "expired"
        if self.is_pending:
            return "pending"
        is_covered = not is_better(self.beside, model) or not is_better(self.grade, model)
        return "in_force" if is_covered else "lapsed"

    def grade_beside(self, model: Grade, *, on: date) -> Grade | None:
        """Return the grade if it is in force on a day beside the model's; None if it is not."""
        return self.grade if self.state(model=model, on=on) == "in_force" else None

    def describe(self) -> dict[str, Any]:
        """Return the assessment as it is shown."""
        return {
            "id": self.id,
            "by": self.by,
            "role": self.role,
            "at": self.at.isoformat(),
            "grade": self.grade,
            "ratings": {kind: self.ratings[kind].describe() for kind in KINDS if kind in self.ratings},
            "reason": self.reason,
            "evidence": list(self.evidence),
            "expires_on": self.expires_on.isoformat(),
            "model_grade": self.model,
            "needs_second": self.needs_second,
            "confirmed_by": self.confirmed_by,
            "confirmed_at": _text(self.confirmed_at),
            "withdrawn_by": self.withdrawn_by,
            "withdrawn_at": _text(self.withdrawn_at),
        }


def history_of(rows: Iterable[AuditRow]) -> list[Expert]:
    """Return a subject's assessments in their order, as the decisions in these rows have left them."""
    found = list[Expert]()
    for row in rows:
        if row.action == ASSESSED:
            made = _assessed(row)
            found = [*_after(found, made), made]
        else:
            found = _decided(found, row)
    return found


def standing(history: Sequence[Expert]) -> Expert | None:
    """Return the one that has come into force and was neither replaced nor withdrawn; it may have expired."""
    stands = (one for one in reversed(history) if not one.is_over and not one.is_pending)
    return next(stands, None)


def _after(found: Sequence[Expert], made: Expert) -> list[Expert]:
    """Replace what a new one takes the place of: all, or what waits, if it has to wait itself."""
    return [
        replace(one, is_replaced=True) if not one.is_over and (one.is_pending or not made.is_pending) else one
        for one in found
    ]


def _decided(found: Sequence[Expert], row: AuditRow) -> list[Expert]:
    place = next(place for place, one in enumerate(found) if one.id == row.content["id"])
    if row.action == WITHDRAWN:
        decided = replace(found[place], withdrawn_by=row.actor.name, withdrawn_at=row.at)
        return [*found[:place], decided, *found[place + 1 :]]
    decided = replace(
        found[place], confirmed_by=row.actor.name, confirmed_at=row.at, beside=row.content["model_grade"]
    )
    before = [one if one.is_over else replace(one, is_replaced=True) for one in found[:place]]
    return [*before, decided, *found[place + 1 :]]


def _assessed(row: AuditRow) -> Expert:
    said = row.content
    if row.subject is None:
        raise AssertionError("an expert assesses a subject")
    return Expert(
        id=said["id"],
        subject=row.subject,
        number=row.number,
        by=row.actor.name,
        role=row.actor.role,
        at=row.at,
        grade=said["grade"],
        ratings=MappingProxyType({kind: Rating(**rating) for kind, rating in said["ratings"].items()}),
        reason=said["reason"],
        evidence=tuple(said["evidence"]),
        expires_on=date.fromisoformat(said["expires_on"]),
        model=said["model_grade"],
        beside=said["model_grade"],
        needs_second=said["needs_second"],
    )


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
