"""What a change of policy would change: every customer assessed by the policy in force and by the new one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hanse_ledger.ids import SubjectId
from node.risk.assessment import Assessment
from node.risk.grades import GRADES, UNKNOWN, Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One customer whom the new policy would treat otherwise."""

    subject: SubjectId = field(repr=False)
    before: Assessment = field(repr=False)
    after: Assessment = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Return the change as it is shown."""
        return {"subject": self.subject, "before": _shown(self.before), "after": _shown(self.after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would change for how many, and for whom: those who fall furthest come first.

    `migration` counts customers by their grade before and after.
    """

    version: int
    """The version in force that the new policy was compared with."""
    customers: int
    migration: dict[tuple[Grade, Grade], int]
    changed_level: int
    changed_response: int
    changed_onboarding: int
    changes: tuple[Change, ...] = field(repr=False)

    @property
    def changed_grade(self) -> int:
        """How many would have another grade."""
        return sum(count for (before, after), count in self.migration.items() if before != after)

    def describe(self, most: int | None = None) -> dict[str, Any]:
        """Return the preview as it is shown, with at most so many of the changes."""
        table = {
            before: {after: self.migration.get((before, after), 0) for after in GRADES} for before in GRADES
        }
        return {
            "version": self.version,
            "customers": self.customers,
            "changed": {
                "any": len(self.changes),
                "grade": self.changed_grade,
                "level": self.changed_level,
                "response": self.changed_response,
                "onboarding": self.changed_onboarding,
            },
            "migration": table,
            "changes": [change.describe() for change in self.changes[:most]],
        }


def preview_of(version: int, before: Sequence[Assessment], after: Sequence[Assessment]) -> Preview:
    """Compare assessments of the same customers in the same order."""
    pairs = list(zip(before, after, strict=True))
    changes = [
        Change(subject=old.subject, before=old, after=new) for old, new in pairs if _shown(old) != _shown(new)
    ]
    return Preview(
        version=version,
        customers=len(pairs),
        migration=dict(Counter((old.grade, new.grade) for old, new in pairs)),
        changed_level=_count(old.place.level != new.place.level for old, new in pairs),
        changed_response=_count(old.advice.describe() != new.advice.describe() for old, new in pairs),
        changed_onboarding=_count(old.onboarding.decision != new.onboarding.decision for old, new in pairs),
        changes=tuple(sorted(changes, key=_rise)),
    )


def _rise(change: Change) -> tuple[int, int, str]:
    """Order by how many grades a customer rises, then by points; one that comes or goes counts as none."""
    before, after = change.before, change.after
    is_graded = UNKNOWN not in (before.grade, after.grade)
    steps = GRADES.index(before.grade) - GRADES.index(after.grade) if is_graded else 0
    points = (after.score.score or 0) - (before.score.score or 0)
    return steps, points, change.subject


def _shown(assessment: Assessment) -> dict[str, Any]:
    advice = assessment.advice
    return {
        "grade": assessment.grade,
        "score": assessment.score.score,
        "level": assessment.place.level,
        "response": advice.response,
        "rule": advice.rule,
        "measures": list(advice.measures),
        "limit_minor": advice.limit_minor,
        "terms_days": advice.terms_days,
        "onboarding": assessment.onboarding.decision,
    }


def _count(flags: Iterable[bool]) -> int:
    return sum(flags)
