"""The portfolio of a member: everybody assessed in one run, added up, and compared with kept runs.

Any thread may ask. A run is a look at everybody, and in the audit chain.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import Month, SubjectId
from node.own.customers import Customers
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.portfolio.document import Changes, Overview
from node.risk.portfolio.movers import movers
from node.risk.portfolio.position import Position, position_of
from node.risk.portfolio.runs import Run as KeptRun
from node.risk.portfolio.runs import Runs
from node.risk.portfolio.summary import summarize
from node.risk.roles import Actor, require
from node.risk.service import RiskService, Run
from node.storage.database import Database
from node.uncollected import uncollected


class PortfolioRisk:
    """The portfolio of one node."""

    def __init__(
        self,
        database: Database,
        *,
        consortium: Callable[[], Consortium],
        clock: Clock,
        risk: RiskService,
        customers: Customers,
        audit: AuditChain,
    ) -> None:
        self._consortium, self._clock, self._audit = consortium, clock, audit
        self._risk, self._customers, self._runs = risk, customers, Runs(database)

    def overview(self, actor: Actor, *, last_closed: Month | None) -> Overview:
        """Assess everybody, propose nothing, and return how the firm stands with all of them together."""
        require(actor, "portfolio.view")
        with uncollected():
            run = self._risk.run(None)
            positions = self._positions(run)
        now, policy = self._clock.now(), self._consortium().policy
        content = {"policy": run.version.number, "customers": len(positions)}
        self._audit.record(actor=actor, action="portfolio.viewed", subject=None, content=content, at=now)
        return Overview(
            made_at=now,
            month=last_closed,
            policy=f"{run.version.number}:{run.version.sha256}",
            currency=policy.currency,
            exponent=policy.exponent,
            matrix=run.policy.matrix.cells,
            positions=positions,
            summary=summarize(positions, loss_given_default=run.policy.limits.loss_given_default),
            since_run=_changes(self._runs.last(), positions),
            since_close=None if last_closed is None else _changes(self._runs.before(last_closed), positions),
        )

    def keep(self, actor: Actor, overview: Overview) -> None:
        """Keep a run to compare later ones with, one for each closed month; before the first none is kept."""
        require(actor, "portfolio.keep")
        if overview.month is not None:
            self._runs.keep(
                overview.positions, month=overview.month, made_at=overview.made_at, policy=overview.policy
            )

    def _positions(self, run: Run) -> list[Position]:
        numbers: dict[SubjectId, list[str]] = defaultdict(list)
        for subject, number in self._customers.numbers():
            numbers[subject].append(number)
        return [
            position_of(assessment, known.signals, tuple(numbers.get(assessment.subject, ())))
            for assessment, known in zip(run.assessments, run.known, strict=True)
        ]


def _changes(since: KeptRun | None, positions: Sequence[Position]) -> Changes | None:
    return None if since is None else Changes(since=since, movers=movers(since.standings, positions))
