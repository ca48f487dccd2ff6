"""Risk reports of a member's customers, made from what its node has stored. Any thread may ask.

Who wants newer figures inquires first: a report asks nobody. Each one is a look, and in the audit chain.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import Month, PartyId, SubjectId, month_text
from node.own.customers import Customers
from node.own.facts import Facts
from node.own.history import WITH_FIGURES, History, describe, outcome_of
from node.own.parts import own_parts
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.expert import Expert
from node.risk.grades import Grade
from node.risk.models import Models
from node.risk.notice import REASONS_MOST
from node.risk.own_warnings import standing_warnings
from node.risk.register.service import Register
from node.risk.report.document import Beside, Contents, Versions, report_of
from node.risk.report.proofs import Proofs
from node.risk.responses import Responses
from node.risk.reviews.service import Reviews
from node.risk.roles import Actor, require
from node.risk.service import RiskService, Run
from node.risk.themes import themes_of
from node.storage.database import Database

_DISTRIBUTION: Final = "hanse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a report's parts come from."""

    customers: Customers
    history: History
    facts: Facts
    risk: RiskService
    responses: Responses
    register: Register
    reviews: Reviews
    models: Models
    audit: AuditChain


class Reports:
    """The reports of one node."""

    def __init__(
        self,
        database: Database,
        *,
        party: PartyId,
        consortium: Callable[[], Consortium],
        clock: Clock,
        sources: Sources,
    ) -> None:
        self._database, self._party, self._consortium = database, party, consortium
        self._clock, self._sources = clock, sources
        self._proofs = Proofs(database)

    def unproven(self, subject: SubjectId) -> str | None:
        """Return the request id of the answer that a report would show, where its answer file is not kept."""
        row = self._sources.history.newest(subject)
        if row is None or row.status not in WITH_FIGURES or self._proofs.kept(row.request_id) is not None:
            return None
        request_id: str = row.request_id
        return request_id

    def is_current(self, subject: SubjectId, last_closed: Month | None) -> bool:
        """Say whether there are figures, of two stewards at least, as of the last closed month."""
        row = self._sources.history.newest(subject)
        if row is None or row.status not in WITH_FIGURES:
            return False
        month: str | None = describe(row)["last_closed_month"]
        return month == (None if last_closed is None else month_text(last_closed))

    def keep_proof(self, request_id: str, content: bytes) -> None:
        """Keep an answer file for this report and later ones."""
        self._proofs.keep(request_id, content)

    def report(self, actor: Actor, subject: SubjectId, *, last_closed: Month | None) -> dict[str, Any]:
        """Return the report on a subject; `last_closed` is the last month that the log has closed."""
        require(actor, "report.view")
        run = self._sources.risk.run([subject])
        content = {"policy": run.version.number}
        self._sources.audit.record(
            actor=actor, action="report.viewed", subject=subject, content=content, at=self._clock.now()
        )
        return report_of(self._contents(actor, run, last_closed))

    def _contents(self, actor: Actor, run: Run, last_closed: Month | None) -> Contents:
        (assessment,), (known,) = run.assessments, run.known
        subject, row = assessment.subject, self._sources.history.newest(assessment.subject)
        return Contents(
            subject=subject,
            customers=self._sources.customers.of_subjects([subject]),
            purpose=None if row is None else row.purpose,
            made_at=self._clock.now(),
            made_by=actor,
            party=self._party,
            consortium=self._consortium(),
            last_closed=last_closed,
            answer=None if row is None else describe(row),
            own=[] if row is None else self._own(row),
            signals=known.signals,
            facts=self._sources.facts.facts_of(subject),
            assessment=assessment,
            beside=self._beside(actor, run),
            matrix=run.policy.matrix.cells,
            versions=_versions(run),
            proof=None if row is None else self._proof(row.request_id),
        )

    def _own(self, row: Any) -> list[dict[str, Any]]:
        if row.status not in WITH_FIGURES:
            return []
        figures = outcome_of(row).figures
        if figures is None:
            return []
        with self._database.read() as connection:
            return [part.describe() for part in own_parts(connection, row.subject, figures.windows)]

    def _beside(self, actor: Actor, run: Run) -> Beside:
        (assessment,), (known,) = run.assessments, run.known
        expert = known.expert
        subject = assessment.subject
        response = self._sources.responses.newest_of(actor, subject)
        review = self._sources.reviews.next_of(subject).describe(self._clock.now().date())
        codes = [one.code for one in assessment.score.reasons if one.direction == "against"]
        return Beside(
            risks=[risk.describe() for risk in self._sources.register.live([subject]).get(subject, [])],
            warning=self._warning(subject),
            review={name: review[name] for name in ("due_on", "reviewed_on", "state")},
            probability=self._probability(subject),
            themes=themes_of(codes, run.policy)[:REASONS_MOST],
            expert=None if expert is None else self._expert(expert, assessment.score.grade),
            response=None if response is None else response.describe(),
        )

    def _warning(self, subject: SubjectId) -> dict[str, Any] | None:
        with self._database.read() as connection:
            standing = standing_warnings(connection).get(subject, [])
        return standing[0].describe() if standing else None

    def _probability(self, subject: SubjectId) -> dict[str, Any]:
        found = self._sources.models.probability_of(subject)
        return {"model": found.version, "unknown": found.unknown}

    def _expert(self, expert: Expert, model: Grade) -> dict[str, Any]:
        today = self._clock.now().date()
        return {**expert.describe(), "state": expert.state(model=model, on=today)}

    def _proof(self, request_id: str) -> dict[str, Any] | None:
        kept = self._proofs.kept(request_id)
        return None if kept is None else dict(json.loads(kept))


def _versions(run: Run) -> Versions:
    policy = {"version": run.version.number, "name": run.policy.name, "sha256": run.version.sha256}
    return Versions(program=version(_DISTRIBUTION), policy=policy)
