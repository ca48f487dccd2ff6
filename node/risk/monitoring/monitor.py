"""Working off what happened, a little at a time: fresh answers first, then rounds over all customers.

A close of a month or of a bulletin's period has the watched subjects inquired anew, as a portfolio of the
node's own, which knows what was asked whatever ends in between. Then, and at once for other events, rounds go
over everybody on the books, on the list of customers or on the watch list, each in a transaction that also
notes how far the event is. So a node that is killed goes on where it was, and nothing is told twice.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, func, select, union

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import SubjectId, parse_month
from node.own.customers import resolver
from node.own.portfolios import RUNNING, Asked, Portfolios
from node.ports import Clock
from node.risk.alerting import has_due_snoozes, wake_alerts
from node.risk.assessment import Assessment, Known
from node.risk.audit import AuditChain
from node.risk.events import Event, EventKind, note_done, note_reached, open_events, record_event
from node.risk.grades import GRADES, UNKNOWN
from node.risk.monitoring.reasons import GRADE, SCORE, Unit
from node.risk.monitoring.rounds import Figures, Round, do_round
from node.risk.monitoring.watchlist import HAND
from node.risk.planning import escalate, has_late_steps
from node.risk.policy.versions import Policies
from node.risk.register.service import Register
from node.risk.roles import SYSTEM
from node.risk.service import RiskService
from node.storage.database import Database
from node.storage.facts import primary_id
from node.storage.monitoring_schema import risk_event, watched
from node.storage.schema import customer, invoice, portfolio

PURPOSE: Final = "monitoring"
SUBJECTS_A_ROUND: Final = 100
"""Others wait for a round's transaction, in which each of them may raise several alerts."""
PATIENCE: Final = timedelta(hours=12)
"""How long fresh answers are waited for; after that the rules go by those that there are."""
_MONTH: Final[EventKind] = "month_closed"
_BULLETIN: Final[EventKind] = "bulletin_closed"
_ASKING: Final = (_MONTH, _BULLETIN)
"""The events on which watched subjects are inquired anew."""


class Monitor:
    """One member's monitoring. One thread steps it; what it does in between stands in the database."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        consortium: Callable[[], Consortium],
        audit: AuditChain,
        policies: Policies,
        risk: RiskService,
        register: Register,
        portfolios: Portfolios,
    ) -> None:
        self._database, self._clock, self._consortium = database, clock, consortium
        self._audit, self._policies, self._risk, self._portfolios = audit, policies, risk, portfolios
        self._register = register

    def step(self) -> bool:
        """Do a little; return whether there is more to do at once. Raises UnavailableError."""
        now = self._clock.now()
        self._tend(now)
        event = self._next(now)
        if event is None:
            return False
        if event.reached is None and self._ask(event):
            return True
        self._work_off(event, now)
        return True

    def _tend(self, now: datetime) -> None:
        """Do what is due by the clock: ends of snoozes, late steps of plans, and once a day a look at all."""
        today = now.date().isoformat()
        is_today = (risk_event.c.kind == "expiry") & (risk_event.c.key == today)
        with self._database.read() as connection:
            is_due = has_due_snoozes(connection, now) or has_late_steps(connection, now)
            is_new_day = connection.execute(select(risk_event.c.number).where(is_today)).scalar() is None
        if is_due or is_new_day:
            with self._database.write() as connection:
                wake_alerts(connection, now)
                escalate(connection, now)
                record_event(connection, kind="expiry", key=today, subject=None, at=now)

    def _next(self, now: datetime) -> Event | None:
        """Return the oldest event that waits for nothing, closes of months first."""
        with self._database.read() as connection:
            waiting = sorted(open_events(connection), key=lambda one: (one.kind != _MONTH, one.number))
            are_asked = {
                one.number for one in waiting if one.kind in _ASKING and _state(connection, one) is not None
            }
        stale = [one for one in waiting if _is_stale(one, waiting, are_asked)]
        if stale:
            with self._database.write() as connection:
                for event in stale:
                    note_done(connection, event, now)
        for event in waiting:
            if event not in stale and not (self._is_being_asked(event) and now < event.at + PATIENCE):
                return event
        return None

    def _is_being_asked(self, event: Event) -> bool:
        if event.kind not in _ASKING:
            return False
        with self._database.read() as connection:
            return _state(connection, event) == RUNNING

    def _ask(self, event: Event) -> bool:
        """Have watched subjects inquired anew, as far as the policy goes; return whether that was begun."""
        _, policy = self._policies.in_force()
        most = policy.watch.inquiries_most
        if event.kind == _BULLETIN:
            most = policy.watch.bulletin_inquiries_most
        if event.kind not in _ASKING or PURPOSE not in self._consortium().policy.purposes:
            return False
        with self._database.read() as connection:
            if _state(connection, event) is not None:
                return False
            subjects = _most_watched(connection, most)
        if not subjects:
            return False
        asked = Asked(name=f"{event.kind} {event.key}", purpose=PURPOSE, subjects=subjects)
        self._portfolios.new(asked, portfolio_id=portfolio_of(event), subject_of=resolver({}), primary_of={})
        return True

    def _work_off(self, event: Event, now: datetime) -> None:
        with self._database.read() as connection:
            raw = _following(connection, event)
            subjects = sorted({primary_id(connection, subject) for subject in raw})
        _, policy = self._policies.in_force()
        seen = self._risk.seen(subjects)
        figures = {known.subject: figures_of(known, made) for known, made in seen}
        signals = {known.subject: known.signals for known, _ in seen}
        rules = self._consortium().policy
        of = Round(
            policy=policy,
            figures=figures,
            occasion=f"{event.kind} {event.key}",
            close=parse_month(event.key) if event.kind == _MONTH else None,
            unit=Unit(currency=rules.currency, exponent=rules.exponent),
            at=now,
        )
        with self._database.write() as connection:
            do_round(connection, self._audit, of)
            self._register.note(connection, SYSTEM, policy, signals)
            if event.subject is not None or len(raw) < SUBJECTS_A_ROUND:
                note_done(connection, event, now)
            else:
                note_reached(connection, event, raw[-1])


def figures_of(known: Known, made: Assessment) -> Figures:
    """Return a subject's figures by name: its signals, its score, and its grade in force as a number."""
    figures: dict[str, float | None] = {name: signal.value for name, signal in known.signals.items()}
    figures[SCORE] = made.score.score
    figures[GRADE] = None if made.grade == UNKNOWN else GRADES.index(made.grade) + 1
    return figures


def portfolio_of(event: Event) -> str:
    """Return the id of the portfolio that an event's inquiries are made by."""
    return hashlib.sha256(f"{event.kind}\0{event.key}".encode()).hexdigest()[:32]


def _is_stale(event: Event, waiting: Sequence[Event], are_asked: Collection[int]) -> bool:
    """Return whether fresh answers for a later close, or for a month not asked about yet, say it all."""
    if event.kind == _MONTH:
        return any(one.kind == _MONTH and one.number > event.number for one in waiting)
    if event.kind != _BULLETIN or event.number in are_asked:
        return False
    fresh = [one for one in waiting if one.number not in are_asked and one is not event]
    return any(one.kind == _MONTH or (one.kind == _BULLETIN and one.number > event.number) for one in fresh)


def _state(connection: Connection, event: Event) -> str | None:
    """Return the state of the portfolio that an event's inquiries are made by, None where there is none."""
    query = select(portfolio.c.state).where(portfolio.c.id == portfolio_of(event))
    return connection.execute(query).scalar()


def _following(connection: Connection, event: Event) -> list[SubjectId]:
    """Return the next subjects that an event concerns, in the order of their ids."""
    if event.subject is not None:
        return [event.subject]
    known = union(
        select(invoice.c.subject),
        select(customer.c.subject).where(customer.c.subject.is_not(None)),
        select(watched.c.subject),
    ).subquery()
    query = select(known.c.subject).order_by(known.c.subject).limit(SUBJECTS_A_ROUND)
    if event.reached is not None:
        query = query.where(known.c.subject > event.reached)
    return [SubjectId(subject) for subject in connection.execute(query).scalars()]


def _most_watched(connection: Connection, most: int) -> list[SubjectId]:
    """Return watched subjects, those that a person named first."""
    by_hand = func.max(case((watched.c.source == HAND, 1), else_=0))
    query = select(watched.c.subject).group_by(watched.c.subject)
    query = query.order_by(by_hand.desc(), watched.c.subject).limit(most)
    return [SubjectId(subject) for subject in connection.execute(query).scalars()]
