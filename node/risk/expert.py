"""What an expert says of a customer beside the model, told from the audit chain's rows alone.

Pure: the rows in, the history out. A grade that is better than the model's, or than what is in force, needs
two people: whoever assesses, and another one who confirms. It stands as long as the model is no worse than
when it was confirmed. Any other grade stands by one person's word. What has come into force replaces for good
what was before.

Where the log has made two ids one customer, each may have a history: a row replaces only what was said under
the ids that were known for the customer's when it was written. Of two that stand so the newer one that has
not expired counts; when that is taken back, the older one does again.
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
IDS: Final = "ids"
"""All ids of a row's customer, where it had several."""

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
    def since(self) -> datetime:
        """When it came into force, if it has."""
        return self.confirmed_at or self.at

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
    """Return a customer's assessments in their order, as the decisions in these rows have left them."""
    found = list[Expert]()
    for row in rows:
        if row.action == ASSESSED:
            made = _assessed(row)
            found = [*_after(found, made, row), made]
        else:
            found = _decided(found, row)
    return found


def standing(history: Sequence[Expert], *, on: date) -> Expert | None:
    """Return the newest that has come into force and was neither replaced nor withdrawn.

    It has expired only where all such have; there are several only if there were several ids.
    """
    stands = [one for one in history if not one.is_over and not one.is_pending]
    return max(stands, key=lambda one: (on <= one.expires_on, one.since, one.number), default=None)


def _after(found: Sequence[Expert], made: Expert, row: AuditRow) -> list[Expert]:
    """Replace what a new one takes the place of: all, or what waits, if it has to wait itself."""
    return [_replaced(one, row) if one.is_pending or not made.is_pending else one for one in found]


def _replaced(one: Expert, row: AuditRow) -> Expert:
    ids = row.content.get(IDS, (row.subject,))
    return one if one.is_over or one.subject not in ids else replace(one, is_replaced=True)


def _decided(found: Sequence[Expert], row: AuditRow) -> list[Expert]:
    named = (row.content["id"], row.subject)
    place = next(place for place, one in enumerate(found) if (one.id, one.subject) == named)
    if row.action == WITHDRAWN:
        decided = replace(found[place], withdrawn_by=row.actor.name, withdrawn_at=row.at)
        return [*found[:place], decided, *found[place + 1 :]]
    decided = replace(
        found[place], confirmed_by=row.actor.name, confirmed_at=row.at, beside=row.content["model_grade"]
    )
    before, after = ([_replaced(one, row) for one in part] for part in (found[:place], found[place + 1 :]))
    return [*before, decided, *after]


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
