"""The own people's side of a node, as the HTTP interface sees it.

What concerns the log or other parties is left at the door of the node's thread, and a future comes back; what
only reads and writes the node's database is done at once, in the caller's thread.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import Month, PartyId, SubjectId
from hanse_ledger.subjects import parse_subject
from node.bootstrap import Surroundings
from node.own import disputes, facts, inquiries, verbs
from node.own.api_keys import ApiKeys, NewKey
from node.own.calls import Calls
from node.own.changes import Changes
from node.own.customers import Customer, Customers
from node.own.facts import Facts
from node.own.figures import Figures, figures_of
from node.own.history import History
from node.own.imports import Export, Imports, Reader
from node.own.matching import CANDIDATES_MOST, candidates
from node.own.portfolios import Asked, Portfolios
from node.own.scopes import Scope
from node.ports import Clock
from node.risk.alerts import Alerts
from node.risk.audit import AuditChain
from node.risk.delivery.courier import Courier
from node.risk.delivery.log import Deliveries
from node.risk.delivery.outcomes import Channel
from node.risk.expert import Expert
from node.risk.experts import Experts
from node.risk.limits import Limits
from node.risk.local import LocalInputs, given_by_people
from node.risk.models import Models
from node.risk.monitoring.monitor import Monitor
from node.risk.monitoring.watchlist import WatchList
from node.risk.people import People
from node.risk.plans import Plans
from node.risk.policy.versions import Policies
from node.risk.portfolio.service import PortfolioRisk
from node.risk.register.service import Register
from node.risk.report.service import Reports, Sources
from node.risk.responses import Responses
from node.risk.reviews.service import Reviews
from node.risk.roles import Actor, require
from node.risk.service import RiskService
from node.risk.signals.reading import InputsReader
from node.risk.signals.shown import ShownSignals
from node.risk.signals.stored import Subjects
from node.risk.warnings import Warnings
from node.roles.desk import Filing
from node.storage.database import Database
from node.storage.facts import primary_id
from node.wire import Door

_EXPERTS_ONE_BY_ONE: Final = 10
"""More subjects than this are looked up in one reading of what experts have decided."""


class OwnService:
    """What a party's own people and systems ask of its node."""

    def __init__(
        self,
        *,
        database: Database,
        party: PartyId,
        consortium: Callable[[], Consortium],
        door: Door,
        around: Surroundings,
        configured: Sequence[str] = (),
    ) -> None:
        """Use `database` from any thread; `configured` are the hashes of API keys that the settings name."""
        self._party, self._consortium, self._door = party, consortium, door
        self._database = database
        self.clock, self.entropy = around.clock, around.entropy
        self.keys = ApiKeys(database, clock=around.clock, entropy=around.entropy, configured=configured)
        self.calls = Calls(database, clock=around.clock, entropy=around.entropy)
        self.imports = Imports(database, around.clock)
        self.customers = Customers(database, around.clock)
        self.history = History(database)
        self.portfolios = Portfolios(database, around.clock)
        self.audit = AuditChain(database)
        self.people = People(database, around.clock, self.audit)
        self.policy = Policies(database, around.clock, self.audit)
        self.local = LocalInputs(database, around.clock, self.audit)
        self.responses = Responses(database, clock=around.clock, entropy=around.entropy, audit=self.audit)
        self.inputs = InputsReader(
            database, consortium=consortium, clock=around.clock, given_by=(given_by_people,)
        )
        self.signals = ShownSignals(self.inputs, audit=self.audit, clock=around.clock)
        self.limits = Limits(database, around.clock, self.audit, consortium=consortium)
        self.models = Models(database, inputs=self.inputs, clock=around.clock, audit=self.audit)
        self.risk = RiskService(
            inputs=self.inputs,
            policies=self.policy,
            responses=self.responses,
            audit=self.audit,
            clock=around.clock,
            probabilities=self.models.scorer,
            experts=self._experts_on,
        )
        self.experts = Experts(database, around.clock, self.audit, model_grade=self.risk.model_grade)
        self.register = Register(
            database,
            clock=around.clock,
            entropy=around.entropy,
            audit=self.audit,
            inputs=self.inputs,
            policy=lambda: self.policy.in_force()[1],
        )
        self.reviews = Reviews(database, around.clock, self.audit, runs=self.risk.run)
        self.facts = Facts(database)
        self.changes = Changes(self._ask)
        self.warnings = Warnings(database, around.clock, self.audit)
        self._add_monitoring(database, around)
        self._add_reports(database, around)
        self._steps: Callable[[], None] = lambda: None

    def _add_monitoring(self, database: Database, around: Surroundings) -> None:
        self.watch = WatchList(database, around.clock, self.audit)
        self.alerts = Alerts(database, around.clock, self.audit, self.people.actor)
        self.plans = Plans(database, around.clock, self.audit, lambda: self.policy.in_force()[1].plans)
        self.deliveries = Deliveries(database, around.clock, self.audit)
        self.monitor = Monitor(
            database,
            clock=around.clock,
            consortium=self._consortium,
            audit=self.audit,
            policies=self.policy,
            risk=self.risk,
            register=self.register,
            portfolios=self.portfolios,
        )

    def _add_reports(self, database: Database, around: Surroundings) -> None:
        self.portfolio_risk = PortfolioRisk(
            database,
            consortium=self._consortium,
            clock=around.clock,
            risk=self.risk,
            customers=self.customers,
            audit=self.audit,
        )
        self.reports = Reports(
            database,
            party=self._party,
            consortium=self._consortium,
            clock=around.clock,
            sources=Sources(
                customers=self.customers,
                history=self.history,
                facts=self.facts,
                risk=self.risk,
                responses=self.responses,
                register=self.register,
                reviews=self.reviews,
                models=self.models,
                audit=self.audit,
            ),
        )

    @property
    def consortium(self) -> Consortium:
        """The consortium document in force, as this node has it."""
        return self._consortium()

    def preview(self, export: Export, *, aliases: Mapping[str, str], import_id: str) -> dict[str, Any]:
        """Show what an import would take; slow for a large file, and in the caller's thread."""
        reader = Reader(
            policy=self._consortium().policy, primary_of=aliases, subject_of=self.customers.subject_of()
        )
        return self.imports.preview(export, reader, import_id=import_id)

    def subject(self, text: str) -> SubjectId:
        """Return the primary id of a subject's id, as this node's copy of the log has it.

        Raises SubjectIdError for what no register could have given out.
        """
        asked = parse_subject(text).id
        with self._database.read() as connection:
            return primary_id(connection, asked)

    def new_feed(self, actor: Actor) -> NewKey:
        """Make a key that opens the calendar of reviews and nothing else, as a person for itself."""
        require(actor, "review.feed")
        binding = self.people.bind(actor.name, actor=actor)
        name, scopes = f"calendar of {actor.name}", frozenset[Scope]({"reviews:feed"})
        return self.keys.new(name=name, scopes=scopes, expires_at=None, binding=binding)

    def calendar(self, actor: Actor) -> bytes:
        """Return every customer's next review as an iCalendar file."""
        # Of all that is asked here, this alone needs the library.
        from node.risk.reviews.feed import calendar_of  # noqa: PLC0415

        return calendar_of(self._party, self.reviews.feed(actor), made_at=self.clock.now())

    def match_id(self, text: str, aliases: Mapping[str, str]) -> tuple[SubjectId, list[Customer]]:
        """Return the primary id of an id, and the customers who are known to be that subject.

        Raises SubjectIdError for what no register could have given out.
        """
        subject = parse_subject(text).id
        primary = SubjectId(aliases.get(subject, subject))
        others = {other for other, of in aliases.items() if of == primary}
        return primary, self.customers.of_subjects({primary, *others})

    def match_name(self, name: str) -> list[tuple[Customer, float]]:
        """Return customers whom a name may mean, each with its confidence, the likeliest first."""
        found = candidates(name, self.customers.names(), limit=CANDIDATES_MOST)
        confidence = {one.number: one.confidence for one in found}
        return [(one, confidence[one.number]) for one in self.customers.some(list(confidence))]

    def aliases(self) -> Future[bytes]:
        """Ask for the log's aliases: a JSON object from other ids to primary ones."""
        return self._ask(verbs.ALIASES, b"")

    def last_closed(self) -> Future[bytes]:
        """Ask which month the log has closed last: a JSON object with `month`, null before the first."""
        return self._ask(verbs.LAST_CLOSED, b"")

    def confirm(self, import_id: str, *, skip_refused: bool) -> Future[bytes]:
        """Take a previewed import."""
        return self._ask(verbs.CONFIRM, verbs.confirm_body(import_id, skip_refused=skip_refused))

    def inquire(self, subjects: list[str], purpose: str, *, proof: bool, call: str) -> Future[bytes]:
        """Ask the network about subjects, once for a call; with `proof`, answers come as answer files."""
        body = inquiries.inquire_body(subjects, purpose, proof=proof, call=call)
        return self._ask(verbs.INQUIRE, body)

    def new_portfolio(self, asked: Asked, *, aliases: Mapping[str, str], portfolio_id: str) -> dict[str, Any]:
        """Begin a portfolio; slow for a large one, and in the caller's thread.

        Its subjects are ids, or numbers on the firm's own list. Raises MalformedError for a purpose that the
        policy does not have.
        """
        if asked.purpose not in self._consortium().policy.purposes:
            raise MalformedError("purpose: none that the consortium's policy has")
        subject_of = self.customers.subject_of()
        made = self.portfolios.new(
            asked, portfolio_id=portfolio_id, subject_of=subject_of, primary_of=aliases
        )
        self._steps()
        return made

    def resume_portfolio(self, portfolio_id: str) -> dict[str, Any]:
        """Go on with a portfolio."""
        resumed = self.portfolios.resume(portfolio_id)
        self._steps()
        return resumed

    def figures(self) -> Figures:
        """Count what there is; raises UnavailableError."""
        return figures_of(self._database)

    def when_due(self, steps: Callable[[], None]) -> None:
        """Let `steps` be called, from any thread, when there is a portfolio to be worked off."""
        self._steps = steps

    def couriers(self, channels: Sequence[Channel], clock: Clock | None = None) -> list[Courier]:
        """Return what works off some channels; a new one begins with what is told from now on.

        Receivers go by the time of day: a demo, whose clock stands still, gives another `clock`.
        """
        return [Courier(self._database, clock or self.clock, channel) for channel in channels]

    def step(self) -> Future[bytes]:
        """Let the node work off a little of its portfolios: a JSON object that says whether there is more."""
        return self._ask(verbs.STEP, b"")

    def prove(self, request_id: str) -> Future[bytes]:
        """Ask for the answer file of a stored inquiry."""
        return self._ask(verbs.PROVE, request_id.encode())

    def report(self) -> Future[bytes]:
        """Make and send the rows that are due, now; answers what `reported` does."""
        return self._ask(verbs.REPORT, b"")

    def reported(self) -> Future[bytes]:
        """Ask how far the reporting of the log month is."""
        return self._ask(verbs.REPORTED, b"")

    def close_month(self, month: Month | None) -> Future[bytes]:
        """File this steward's close of a month."""
        return self._ask(verbs.CLOSE, verbs.close_body(month))

    def file_fact(self, filing: Filing) -> Future[bytes]:
        """File a public fact, as a desk."""
        return self._ask(verbs.FILE_FACT, facts.file_body(filing))

    def withdraw_fact(self, position: int, source: str | None) -> Future[bytes]:
        """Withdraw a public fact that this desk has filed."""
        return self._ask(verbs.WITHDRAW_FACT, facts.withdraw_body(position, source))

    def _experts_on(self, subjects: Subjects) -> Mapping[SubjectId, Expert]:
        if subjects is None or len(subjects) > _EXPERTS_ONE_BY_ONE:
            return self.experts.of_all()
        found = {subject: self.experts.of(subject) for subject in subjects}
        return {subject: one for subject, one in found.items() if one is not None}

    def open_dispute(self, subject: str, reference: str) -> Future[bytes]:
        """Open a dispute for a subject, as a desk; raises SubjectIdError."""
        return self._ask(disputes.OPEN, disputes.open_body(subject, reference))

    def resolve_dispute(self, index: int, outcome: str) -> Future[bytes]:
        """Resolve a dispute of this desk's; raises MalformedError."""
        return self._ask(disputes.RESOLVE, disputes.resolve_body(index, outcome))

    def cases(self) -> Future[bytes]:
        """Ask for this desk's disputes."""
        return self._ask(disputes.CASES, b"")

    def learn(self, subject: str, call: str) -> Future[bytes]:
        """Ask for a subject, as its desk, how often it was inquired on; raises SubjectIdError."""
        return self._ask(disputes.LEARN, disputes.learn_body(subject, call))

    def contested(self, actor: Actor) -> Future[bytes]:
        """Ask for own rows that are contested, as somebody who may see them."""
        require(actor, "row.view")
        return self._ask(disputes.CONTESTED, disputes.look_body(actor))

    def answer_dispute(self, actor: Actor, dispute: int, said: str, months: Sequence[str]) -> Future[bytes]:
        """Say of own rows in a dispute what is true; raises MalformedError."""
        require(actor, "row.answer")
        return self._ask(disputes.ANSWER, disputes.answer_body(actor, dispute, said, months))

    def withdraw_row(self, actor: Actor, subject: str, month: str, reason: str) -> Future[bytes]:
        """Withdraw a row that was reported wrongly; raises SubjectIdError or MalformedError."""
        require(actor, "row.withdraw")
        return self._ask(disputes.WITHDRAW, disputes.withdraw_body(actor, subject, month, reason))

    def withdrawals(self, actor: Actor) -> Future[bytes]:
        """Ask for the rows that were withdrawn, as somebody who may see them."""
        require(actor, "row.view")
        return self._ask(disputes.WITHDRAWALS, disputes.look_body(actor))

    def _ask(self, verb: str, body: bytes) -> Future[bytes]:
        return self._door.post(self._party, verb, body)
