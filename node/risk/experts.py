"""Expert assessments of one node: made, confirmed by a second person, withdrawn; all in the audit chain.

There is no table beside the chain that could say something else, and a row that somebody has changed in the
database is refused when it is read.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.ids import SubjectId
from node.errors import ExpertStateError, NotFoundError
from node.ports import Clock
from node.risk.audit import AuditChain, AuditRow
from node.risk.expert import (
    ASSESSED,
    CONFIRMED,
    DECISIONS,
    IDS,
    WITHDRAWN,
    Expert,
    State,
    history_of,
    is_better,
    standing,
)
from node.risk.grades import UNKNOWN, Grade
from node.risk.kinds import KINDS, Rating, RiskKind
from node.risk.roles import Actor, require
from node.risk.typed import typed
from node.storage.database import Database
from node.storage.facts import aliases_about, ids_about

DAYS_MOST: Final = 366
TEXT_CHARS_MOST: Final = 2_000
EVIDENCE_MOST: Final = 20
"""How long, and how many, what a person writes may be."""

ModelGrade: TypeAlias = Callable[[SubjectId], Grade]
"""Gives the model's grade of a subject now, whatever experts say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What an expert says: a grade, ratings by kind of risk, why, on what evidence, until when."""

    grade: Grade
    ratings: Mapping[RiskKind, Rating] = field(repr=False)
    reason: str = field(repr=False)
    evidence: tuple[str, ...] = field(repr=False)
    expires_on: date

    def __post_init__(self) -> None:
        if self.grade == UNKNOWN:
            raise MalformedError("an expert gives one of the grades A to E")
        if not self.ratings or not set(self.ratings) <= set(KINDS):
            raise MalformedError("an expert rates at least one kind of risk")
        if not self.evidence or len(self.evidence) > EVIDENCE_MOST:
            raise MalformedError(f"an assessment names 1 to {EVIDENCE_MOST} pieces of evidence")
        for text in (self.reason, *self.evidence):
            typed(text, TEXT_CHARS_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """A subject's assessments in their order, and how each stands beside the model now."""

    model: Grade
    on: date
    history: tuple[Expert, ...] = field(repr=False)

    @property
    def in_force(self) -> Expert | None:
        """The one that is in force."""
        found = standing(self.history, on=self.on)
        stands = found is not None and found.grade_beside(self.model, on=self.on) is not None
        return found if stands else None

    @property
    def grade(self) -> Grade:
        """The grade in force, whoever's it is."""
        return self.model if self.in_force is None else self.in_force.grade

    def describe(self) -> dict[str, Any]:
        """Return the model's grade, which of both is in force, and the history with the newest first."""
        return {
            "model_grade": self.model,
            "in_force": "model" if self.in_force is None else "expert",
            "grade": self.grade,
            "assessments": [{**one.describe(), "state": self._state(one)} for one in reversed(self.history)],
        }

    def _state(self, one: Expert) -> State:
        """Return how one stands beside the others: under another id there may be a newer one in force."""
        state = one.state(model=self.model, on=self.on)
        return "replaced" if state == "in_force" and one != standing(self.history, on=self.on) else state


class Experts:
    """What one node's experts say."""

    def __init__(
        self, database: Database, clock: Clock, audit: AuditChain, *, model_grade: ModelGrade
    ) -> None:
        self._database, self._clock, self._audit = database, clock, audit
        self._note = audit.noting(clock)
        self._model_grade = model_grade

    def assess(self, actor: Actor, subject: SubjectId, opinion: Opinion, *, assessment_id: str) -> Opinions:
        """Put an assessment in force, or let it wait for a second person; the same id again changes nothing.

        Raises MalformedError for an expiry that has passed or lies too far ahead.
        """
        require(actor, "expert.assess")
        model, today = self._model_grade(subject), self._clock.now().date()
        if not today <= opinion.expires_on <= today + timedelta(days=DAYS_MOST):
            raise MalformedError(f"an assessment expires in at most {DAYS_MOST} days, and not before today")
        with self._database.write() as connection:
            history = self._history(connection, subject)
            if not any(one.id == assessment_id for one in history):
                before = Opinions(model=model, on=today, history=tuple(history)).grade
                needs_second = is_better(opinion.grade, model if is_better(before, model) else before)
                content = {"id": assessment_id, **_said(opinion), "model_grade": model}
                content |= {"needs_second": needs_second, **_ids(connection, subject)}
                self._note(connection, actor, ASSESSED, subject, content)
            return self._opinions(connection, subject, model)

    def confirm(self, actor: Actor, subject: SubjectId, assessment_id: str) -> Opinions:
        """Confirm what waits, as a second person; raises ExpertStateError where it does not wait any more."""
        require(actor, "expert.confirm")
        model = self._model_grade(subject)
        with self._database.write() as connection:
            found = self._one(connection, subject, assessment_id)
            if found.by == actor.name:
                raise NotPermittedError("a second person confirms, not who made the assessment")
            if found.state(model=model, on=self._clock.now().date()) != "pending":
                raise ExpertStateError("this assessment waits for nobody")
            content = {"id": assessment_id, "grade": found.grade, "model_grade": model}
            content |= _ids(connection, subject)
            self._note(connection, actor, CONFIRMED, found.subject, content)
            return self._opinions(connection, subject, model)

    def withdraw(self, actor: Actor, subject: SubjectId, assessment_id: str, reason: str) -> Opinions:
        """Take an assessment back; one that lowers the grade takes a second person, who may confirm.

        It lowers what the model says now, or what it said at the assessment: that stands in the chain, while
        the model may have changed since it was asked a moment ago, and may come back to it.
        """
        require(actor, "expert.withdraw")
        typed(reason, TEXT_CHARS_MOST)
        model = self._model_grade(subject)
        with self._database.write() as connection:
            found = self._one(connection, subject, assessment_id)
            if found.is_over:
                raise ExpertStateError("this assessment was withdrawn or replaced")
            lowers = is_better(model, found.grade) or is_better(found.beside, found.grade)
            if not found.is_pending and lowers:
                require(actor, "expert.confirm")
                if found.by == actor.name:
                    raise NotPermittedError("a second person takes back what lowers a grade")
            self._note(connection, actor, WITHDRAWN, found.subject, {"id": assessment_id, "reason": reason})
            return self._opinions(connection, subject, model)

    def view(self, actor: Actor, subject: SubjectId) -> Opinions:
        """Return all that experts have said of a subject, and write down that somebody has looked."""
        require(actor, "expert.view")
        model = self._model_grade(subject)
        with self._database.write() as connection:
            self._note(connection, actor, "expert.viewed", subject, {})
            return self._opinions(connection, subject, model)

    def of(self, subject: SubjectId) -> Expert | None:
        """Return the assessment that stands, for the node's own use: `grade_beside` says if it counts."""
        with self._database.read() as connection:
            return standing(self._history(connection, subject), on=self._clock.now().date())

    def of_all(self) -> dict[SubjectId, Expert]:
        """Return what stands of every subject that somebody has assessed, by each of its ids."""
        by_primary = defaultdict[SubjectId, list[AuditRow]](list)
        with self._database.read() as connection:
            aliases = aliases_about(connection, None)
            for row in self._audit.decisions(connection, DECISIONS):
                if row.subject is not None:
                    by_primary[aliases.get(row.subject, row.subject)].append(row)
        today = self._clock.now().date()
        found = {subject: standing(history_of(rows), on=today) for subject, rows in by_primary.items()}
        found |= {other: found[primary] for other, primary in aliases.items() if primary in found}
        return {subject: one for subject, one in found.items() if one is not None}

    def _history(self, connection: Connection, subject: SubjectId) -> list[Expert]:
        return history_of(self._audit.decisions(connection, DECISIONS, ids_about(connection, [subject])))

    def _one(self, connection: Connection, subject: SubjectId, assessment_id: str) -> Expert:
        found = [one for one in self._history(connection, subject) if one.id == assessment_id]
        if not found:
            raise NotFoundError("no assessment of the subject has this id")
        # Two ids may each have had one of this id before they were made one.
        return next((one for one in found if one.subject == subject), found[0])

    def _opinions(self, connection: Connection, subject: SubjectId, model: Grade) -> Opinions:
        history = tuple(self._history(connection, subject))
        return Opinions(model=model, on=self._clock.now().date(), history=history)


def _ids(connection: Connection, subject: SubjectId) -> dict[str, Any]:
    ids = ids_about(connection, [subject])
    return {IDS: sorted(ids)} if len(ids) > 1 else {}


def _said(opinion: Opinion) -> dict[str, Any]:
    return {
        "grade": opinion.grade,
        "ratings": {kind: rating.describe() for kind, rating in opinion.ratings.items()},
        "reason": opinion.reason,
        "evidence": list(opinion.evidence),
        "expires_on": opinion.expires_on.isoformat(),
    }
