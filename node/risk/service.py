"""Assessing a member's customers by the policy in force: one, or all of them in one run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import is_personal
from node.ports import Clock
from node.risk.assessment import Assessment, Known, assess
from node.risk.audit import AuditChain
from node.risk.expert import Expert
from node.risk.grades import Grade
from node.risk.models import Scorer
from node.risk.policy.reading import parse_policy
from node.risk.policy.versions import Policies, Version
from node.risk.policy.whole import RiskPolicy
from node.risk.preview import Preview, preview_of
from node.risk.register.risk import Risk
from node.risk.responses import Responses
from node.risk.roles import Actor, require
from node.risk.signals.compute import signals_of
from node.risk.signals.reading import InputsReader
from node.risk.signals.stored import Subjects
from node.uncollected import uncollected

Probabilities: TypeAlias = Callable[[], Scorer]
"""Gives what makes calibrated probabilities of paying more than 30 days late out of signals."""
ExpertOpinions: TypeAlias = Callable[[Subjects], Mapping[SubjectId, Expert]]
"""Experts' assessments that stand, of those who have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run over customers by one version of the policy."""

    version: Version
    policy: RiskPolicy
    assessments: tuple[Assessment, ...]
    known: tuple[Known, ...] = ()
    """What the assessments rest on, in their order, where it was to be kept."""
    proposed: tuple[str, ...] = ()
    """The ids of responses that are new with it."""

    def describe(self) -> dict[str, Any]:
        """Return the run as it is shown."""
        return {
            "policy": self.version.describe(),
            "assessments": [one.describe() for one in self.assessments],
            "proposed": list(self.proposed),
        }

    def describe_one(self) -> dict[str, Any]:
        """Return a run over a single customer as it is shown."""
        return {
            "policy": self.version.describe(),
            "assessment": self.assessments[0].describe(),
            "proposed": list(self.proposed),
        }

    def describe_matrix(self, risks: Mapping[SubjectId, Sequence[Risk]]) -> dict[str, Any]:
        """Return the policy's matrix, and where customers and risks of their registers stand in it."""
        matrix = self.policy.matrix
        return {
            "policy": self.version.describe(),
            "cells": [list(row) for row in matrix.cells],
            "customers": [
                {"subject": one.subject, "grade": one.grade, **one.place.describe()}
                for one in self.assessments
            ],
            "risks": [
                {
                    **risk.describe(),
                    "level": matrix.level(risk.rating.probability, risk.rating.impact),
                }
                for one in self.assessments
                for risk in risks.get(one.subject, ())
            ],
        }


class RiskService:
    """What a member's own people ask about its customers' risk. Any thread may ask."""

    def __init__(
        self,
        *,
        inputs: InputsReader,
        policies: Policies,
        responses: Responses,
        audit: AuditChain,
        clock: Clock,
        probabilities: Probabilities = lambda: lambda _: None,
        experts: ExpertOpinions = lambda _: {},
    ) -> None:
        self._inputs, self._policies, self._responses = inputs, policies, responses
        self._audit, self._clock = audit, clock
        self._probabilities, self._experts = probabilities, experts

    def assess(self, actor: Actor, subject: SubjectId, *, respond: bool = False) -> Run:
        """Assess one customer, and put the look into the audit chain; with `respond`, propose what to do."""
        require(actor, "assessment.run" if respond else "assessment.view")
        run = self.run([subject])
        self._note(actor, "assessment.viewed", run)
        return self._respond(actor, run) if respond else run

    def assess_all(self, actor: Actor, *, respond: bool = True) -> Run:
        """Assess everybody on the firm's books or list, and propose what to do where that has changed."""
        require(actor, "assessment.run" if respond else "assessment.view")
        with uncollected():
            run = self._run(None, keep_known=False)
            self._note(actor, "portfolio.assessed", run)
            return self._respond(actor, run) if respond else run

    def seen(self, subjects: Subjects) -> list[tuple[Known, Assessment]]:
        """Return what the node itself goes by when it watches: no person has looked, so nothing is noted."""
        _, policy = self._policies.in_force()
        known, firm_open_minor = self._known(subjects)
        today = self._clock.now().date()
        return [(one, assess(one, policy, firm_open_minor=firm_open_minor, on=today)) for one in known]

    def model_grade(self, subject: SubjectId) -> Grade:
        """Return the score's grade of a customer, whatever experts say; for the node's own use."""
        return self.run([subject]).assessments[0].score.grade

    def preview(self, actor: Actor, raw: bytes) -> Preview:
        """Compare what a policy file would make of all customers with what is in force; change nothing.

        Raises PolicyError.
        """
        require(actor, "policy.preview")
        proposed = parse_policy(raw)
        version, policy = self._policies.in_force()
        with uncollected():
            return self._preview(version, policy, proposed)

    def _preview(self, version: Version, policy: RiskPolicy, proposed: RiskPolicy) -> Preview:
        found, firm_open_minor = self._known(None)
        known, today = list(found), self._clock.now().date()
        before = [assess(one, policy, firm_open_minor=firm_open_minor, on=today) for one in known]
        after = [assess(one, proposed, firm_open_minor=firm_open_minor, on=today) for one in known]
        return preview_of(version.number, before, after)

    def _respond(self, actor: Actor, run: Run) -> Run:
        proposed = self._responses.propose(actor, run.assessments, policy=run.version.number)
        return replace(run, proposed=tuple(proposed))

    def run(self, subjects: Subjects) -> Run:
        """Assess some or all customers, for the node's own use: who shows it to a person writes that down."""
        return self._run(subjects, keep_known=True)

    def _run(self, subjects: Subjects, *, keep_known: bool) -> Run:
        version, policy = self._policies.in_force()
        found, firm_open_minor = self._known(subjects)
        known = tuple(found) if keep_known else ()
        today = self._clock.now().date()
        assessments = tuple(
            assess(one, policy, firm_open_minor=firm_open_minor, on=today) for one in known or found
        )
        return Run(version=version, policy=policy, known=known, assessments=assessments)

    def _known(self, subjects: Subjects) -> tuple[Iterator[Known], int | None]:
        """Return what is known of each customer, made when its turn comes, and what is open in all."""
        inputs = self._inputs.all() if subjects is None else self._inputs.some(subjects)
        probability_of, experts = self._probabilities(), self._experts(subjects)
        known = (
            Known(
                subject=subject,
                personal=is_personal(subject),
                signals=signals,
                probability=probability_of(signals),
                expert=experts.get(subject),
            )
            for subject in sorted(inputs)
            for signals in (signals_of(inputs[subject]),)
        )
        return known, self._inputs.firm_open_minor()

    def _note(self, actor: Actor, action: str, run: Run) -> None:
        subject = run.assessments[0].subject if action == "assessment.viewed" else None
        content: dict[str, Any] = {"policy": run.version.number, "customers": len(run.assessments)}
        self._audit.record(actor=actor, action=action, subject=subject, content=content, at=self._clock.now())
