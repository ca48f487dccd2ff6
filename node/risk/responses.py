"""Responses to customers' risks: proposed by rules, decided by people, done, and what came of it.

A customer gets a new proposal when its rule, response or measures change, and not before: what was decided
stays decided while nothing changes. A proposal that nobody has decided on gives way to the new one. Every
change is in the audit chain, in the same transaction.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import Connection, bindparam, func, select

from hanse_ledger.errors import NotPermittedError, RejectedError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.ports import Clock, Entropy
from node.risk.assessment import Assessment
from node.risk.audit import AuditChain
from node.risk.policy.rules import ApprovingRole
from node.risk.roles import SYSTEM, Actor, require
from node.risk.typed import typed
from node.storage.bulk import bulk_insert
from node.storage.database import Database
from node.storage.facts import aliases_about, ids_about
from node.storage.risk_schema import response as table

State: TypeAlias = Literal["proposed", "approved", "done", "rejected"]
STATES: Final[tuple[State, ...]] = get_args(State)
OUTCOME_CHARS_MOST: Final = 1_000
SUPERSEDED: Final = "superseded"
"""The outcome of a proposal that gave way to a new one before anybody decided."""
_ID_BYTES: Final = 16
_AUDITED_AT_ONCE: Final = 1_000
_REASONS_KEPT: Final = 5


class ResponseStateError(RejectedError):
    """A response that is in no state for this."""

    code = "response_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response to one customer's risk. `content` is what the rule said, and what it rests on."""

    number: int
    id: str
    subject: SubjectId = field(repr=False)
    policy: int
    proposed_at: datetime
    proposed_by: str
    content: Mapping[str, Any] = field(repr=False)
    at_stake_minor: int | None = field(repr=False)
    due_on: date
    state: State
    decided_at: datetime | None = None
    decided_by: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    outcome: str | None = None

    @property
    def roles(self) -> Sequence[ApprovingRole]:
        """Who may decide on it."""
        return tuple(self.content["roles"])

    def describe(self) -> dict[str, Any]:
        """Return the response as it is shown."""
        return {
            "id": self.id,
            "subject": self.subject,
            "policy": self.policy,
            "proposed_at": self.proposed_at.isoformat(),
            "proposed_by": self.proposed_by,
            **self.content,
            "at_stake_minor": self.at_stake_minor,
            "due_on": self.due_on.isoformat(),
            "state": self.state,
            "decided_at": None if self.decided_at is None else self.decided_at.isoformat(),
            "decided_by": self.decided_by,
            "done_at": None if self.done_at is None else self.done_at.isoformat(),
            "done_by": self.done_by,
            "outcome": self.outcome,
        }


class Responses:
    """The responses of one node."""

    def __init__(self, database: Database, *, clock: Clock, entropy: Entropy, audit: AuditChain) -> None:
        self._database, self._clock, self._entropy, self._audit = database, clock, entropy, audit

    def propose(self, actor: Actor, assessments: Sequence[Assessment], *, policy: int) -> list[str]:
        """Store a response for each customer whose last one was another; return the ids of what is new.

        Where the policy needs nobody's approval it is approved at once, by the node itself.
        """
        require(actor, "assessment.run")
        now = self._clock.now()
        with self._database.write() as connection:
            last = _last(connection, [one.subject for one in assessments])
            changed = [one for one in assessments if _is_another(one, last[one.subject])]
            rows = [self._row(one, policy, now) for one in changed]
            standing = {one.subject for one in assessments} - {one.subject for one in changed}
            _supersede(connection, _outdated(last, standing), now)
            bulk_insert(connection, table, rows)
            self._note_all(connection, actor, rows, now)
        return [row["id"] for row in rows]

    def one(self, actor: Actor, response_id: str) -> Response:
        """Return a response; raises NotFoundError."""
        require(actor, "response.view")
        with self._database.read() as connection:
            return _needed(connection, response_id)

    def find(self, actor: Actor, beginning: str) -> Response:
        """Return the one response whose id begins so; raises NotFoundError unless it is the only one."""
        require(actor, "response.view")
        query = select(table).where(table.c.id.startswith(beginning, autoescape=True)).limit(2)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        if len(rows) != 1:
            raise NotFoundError("not exactly one response has an id that begins so")
        return _response(rows[0])

    def newest_of(self, actor: Actor, subject: SubjectId) -> Response | None:
        """Return a customer's newest response."""
        require(actor, "response.view")
        query = select(table).order_by(table.c.number.desc()).limit(1)
        with self._database.read() as connection:
            query = query.where(table.c.subject.in_(ids_about(connection, [subject])))
            row = connection.execute(query).one_or_none()
        return None if row is None else _response(row)

    def listed(
        self,
        actor: Actor,
        *,
        state: State | None = None,
        subject: SubjectId | None = None,
        due_by: date | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[Response]:
        """Return responses, the newest first, from below a number down."""
        require(actor, "response.view")
        query = select(table).order_by(table.c.number.desc()).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state)
        if due_by is not None:
            query = query.where(table.c.due_on <= due_by.isoformat())
        if before is not None:
            query = query.where(table.c.number < before)
        with self._database.read() as connection:
            if subject is not None:
                query = query.where(table.c.subject.in_(ids_about(connection, [subject])))
            return [_response(row) for row in connection.execute(query)]

    def approve(self, actor: Actor, response_id: str) -> Response:
        """Approve a proposal; raises NotPermittedError where the policy leaves it to other roles."""
        return self._decide(actor, response_id, "approved", outcome=None)

    def reject(self, actor: Actor, response_id: str, *, reason: str) -> Response:
        """Reject a proposal, and say why; whoever may approve it may."""
        return self._decide(actor, response_id, "rejected", outcome=typed(reason, OUTCOME_CHARS_MOST))

    def finish(self, actor: Actor, response_id: str, *, outcome: str) -> Response:
        """Say that an approved response is done, and what came of it."""
        require(actor, "response.finish")
        now = self._clock.now()
        values = {
            "state": "done",
            "done_at": now.isoformat(),
            "done_by": actor.name,
            "outcome": typed(outcome, OUTCOME_CHARS_MOST),
        }
        with self._database.write() as connection:
            self._change(connection, actor, _in_state(connection, response_id, "approved"), values, now)
            return _needed(connection, response_id)

    def _decide(self, actor: Actor, response_id: str, state: State, *, outcome: str | None) -> Response:
        require(actor, "response.decide")
        now = self._clock.now()
        values = {
            "state": state,
            "decided_at": now.isoformat(),
            "decided_by": actor.name,
            "outcome": outcome,
        }
        with self._database.write() as connection:
            found = _in_state(connection, response_id, "proposed")
            if actor.role not in found.roles:
                raise NotPermittedError(f"the policy leaves this response to: {', '.join(found.roles)}")
            self._change(connection, actor, found, values, now)
            return _needed(connection, response_id)

    def _change(
        self, connection: Connection, actor: Actor, found: Response, values: Mapping[str, Any], now: datetime
    ) -> None:
        connection.execute(table.update().where(table.c.id == found.id), dict(values))
        content = {"response": found.id, "rule": found.content["rule"], "outcome": values["outcome"] or ""}
        action = f"response.{values['state']}"
        self._audit.append(
            connection, actor=actor, action=action, subject=found.subject, content=content, at=now
        )

    def _row(self, assessment: Assessment, policy: int, now: datetime) -> dict[str, Any]:
        advice = assessment.advice
        return {
            "id": self._entropy(_ID_BYTES).hex(),
            "subject": assessment.subject,
            "policy": policy,
            "proposed_at": now.isoformat(),
            "proposed_by": SYSTEM.name,
            "content": json.dumps(_content(assessment)),
            "fingerprint": print_of(assessment),
            "at_stake_minor": advice.at_stake_minor,
            "due_on": (now.date() + timedelta(days=advice.due_days)).isoformat(),
            "state": "approved" if advice.automatic else "proposed",
            "decided_at": now.isoformat() if advice.automatic else None,
            "decided_by": SYSTEM.name if advice.automatic else None,
        }

    def _note_all(
        self, connection: Connection, actor: Actor, rows: Sequence[Mapping[str, Any]], now: datetime
    ) -> None:
        """Write what was proposed, and approved by rule, into the audit chain, many responses a row."""
        for start in range(0, len(rows), _AUDITED_AT_ONCE):
            some = rows[start : start + _AUDITED_AT_ONCE]
            listed = [[row["id"], row["subject"], row["fingerprint"], row["state"]] for row in some]
            self._audit.append(
                connection,
                actor=actor,
                action="response.proposed",
                subject=SubjectId(some[0]["subject"]) if len(rows) == 1 else None,
                content={"policy": some[0]["policy"], "responses": listed},
                at=now,
            )


def print_of(assessment: Assessment) -> str:
    """Return what makes a response another one: its rule, what it does, and by which measures."""
    advice = assessment.advice
    return ":".join((advice.rule, advice.response, ",".join(advice.measures)))


@dataclass(frozen=True, slots=True)
class _Last:
    id: str
    print: str
    is_open: bool


def _last(connection: Connection, subjects: Sequence[SubjectId]) -> Mapping[SubjectId, Sequence[_Last]]:
    """Return the last response under each id of some customers, the newest first; by whichever id."""
    about = subjects if len(subjects) == 1 else None
    aliases = aliases_about(connection, about)
    last = select(func.max(table.c.number)).group_by(table.c.subject)
    if about is not None:
        last = last.where(table.c.subject.in_(ids_about(connection, about)))
    query = select(table.c.subject, table.c.id, table.c.fingerprint, table.c.state)
    query = query.where(table.c.number.in_(last)).order_by(table.c.number.desc())
    found = defaultdict[SubjectId, list[_Last]](list)
    for subject, id_, print_, state in connection.execute(query):
        found[aliases.get(subject, subject)].append(_Last(id_, print_, state == "proposed"))
    return {subject: found[aliases.get(subject, subject)] for subject in subjects}


def _is_another(assessment: Assessment, last: Sequence[_Last]) -> bool:
    return not last or last[0].print != print_of(assessment)


def _outdated(last: Mapping[SubjectId, Sequence[_Last]], standing: Collection[SubjectId]) -> list[str]:
    """Return the proposals that wait, without the newest one of each customer whose response stands."""
    behind = (each[1:] if subject in standing else each for subject, each in last.items())
    return [one.id for some in behind for one in some if one.is_open]


def _supersede(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    values = {"decided_at": now.isoformat(), "decided_by": SYSTEM.name, "outcome": SUPERSEDED}
    if ids:
        update = table.update().where(table.c.id == bindparam("of")).values(state="rejected", **values)
        connection.execute(update, [{"of": response_id} for response_id in ids])


def _content(assessment: Assessment) -> dict[str, Any]:
    advice = assessment.advice
    against = [reason for reason in assessment.score.reasons if reason.direction == "against"]
    worst = sorted(against, key=lambda reason: reason.points - reason.most)[:_REASONS_KEPT]
    return {
        "rule": advice.rule,
        "response": advice.response,
        "measures": list(advice.measures),
        "limit_minor": advice.limit_minor,
        "terms_days": advice.terms_days,
        "roles": list(advice.roles),
        "personal": assessment.personal,
        "grade": assessment.grade,
        "in_force": assessment.in_force,
        "score": assessment.score.score,
        "level": assessment.place.level,
        "reasons": [reason.code for reason in worst],
    }


def _in_state(connection: Connection, response_id: str, state: State) -> Response:
    found = _needed(connection, response_id)
    if found.state != state:
        raise ResponseStateError(f"the response is {found.state}, not {state}")
    return found


def _needed(connection: Connection, response_id: str) -> Response:
    row = connection.execute(select(table).where(table.c.id == response_id)).one_or_none()
    if row is None:
        raise NotFoundError("no response has this id")
    return _response(row)


def _response(row: Any) -> Response:
    return Response(
        number=row.number,
        id=row.id,
        subject=SubjectId(row.subject),
        policy=row.policy,
        proposed_at=datetime.fromisoformat(row.proposed_at),
        proposed_by=row.proposed_by,
        content=json.loads(row.content),
        at_stake_minor=row.at_stake_minor,
        due_on=date.fromisoformat(row.due_on),
        state=row.state,
        decided_at=None if row.decided_at is None else datetime.fromisoformat(row.decided_at),
        decided_by=row.decided_by,
        done_at=None if row.done_at is None else datetime.fromisoformat(row.done_at),
        done_by=row.done_by,
        outcome=row.outcome,
    )
