"""The register of one node: rules are run over it, people enter risks and say what becomes of them.

Every change is in the audit chain, in the same transaction; so is every look of a person's.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError, RiskStateError
from node.ports import Clock, Entropy
from node.risk.audit import AuditChain
from node.risk.kinds import Rating, RiskKind
from node.risk.people import live_person
from node.risk.policy.whole import RiskPolicy
from node.risk.register.finding import Change, changes_of, findings_of
from node.risk.register.risk import FOLLOWING, Risk, State
from node.risk.roles import Actor, require
from node.risk.signals.compute import signals_of
from node.risk.signals.reading import InputsReader
from node.risk.signals.stored import Subjects
from node.risk.signals.value import Signals
from node.risk.typed import typed
from node.storage.database import Database
from node.storage.facts import aliases_about, ids_about
from node.storage.risk_schema import risk_entry as table
from node.uncollected import uncollected

TEXT_CHARS_MOST: Final = 500
REASON_CHARS_MOST: Final = 2_000
EVIDENCE_MOST: Final = 20
_ID_BYTES: Final = 16
_AT_ONCE: Final = 500
"""More subjects than this are looked up by reading all."""
_LANGUAGES: Final = ("en", "zh")

PolicyInForce: TypeAlias = Callable[[], RiskPolicy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A risk as a person enters it."""

    kind: RiskKind
    text: str = field(repr=False)
    rating: Rating
    evidence: tuple[str, ...] = field(repr=False)
    owner: str | None = None
    """A person of the registry; who enters it, without one."""

    def __post_init__(self) -> None:
        if len(self.evidence) > EVIDENCE_MOST:
            raise MalformedError(f"a risk names at most {EVIDENCE_MOST} pieces of evidence")
        for text in (self.text, *self.evidence):
            typed(text, TEXT_CHARS_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person changes of a risk, and why; None leaves a thing as it is."""

    reason: str = field(repr=False)
    state: State | None = None
    owner: str | None = None
    rating: Rating | None = None

    def __post_init__(self) -> None:
        typed(self.reason, REASON_CHARS_MOST)
        if self.state is None and self.owner is None and self.rating is None:
            raise MalformedError("nothing of the risk is to be changed")


class Register:
    """The risks of one node's customers."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        entropy: Entropy,
        audit: AuditChain,
        inputs: InputsReader,
        policy: PolicyInForce,
    ) -> None:
        self._database, self._clock, self._entropy = database, clock, entropy
        self._note = audit.noting(clock)
        self._inputs, self._policy = inputs, policy

    def find(self, actor: Actor, subjects: Subjects = None) -> dict[str, int]:
        """Run the policy's rules over some or all customers; return how many risks each change was made of.

        Again with the same signals it changes nothing.
        """
        require(actor, "register.find")
        policy = self._policy()
        with uncollected():
            inputs = self._inputs.all() if subjects is None else self._inputs.some(subjects)
            signals = {subject: signals_of(one) for subject, one in inputs.items()}
            with self._database.write() as connection:
                return self.note(connection, actor, policy, signals)

    def note(
        self,
        connection: Connection,
        actor: Actor,
        policy: RiskPolicy,
        signals: Mapping[SubjectId, Signals],
    ) -> dict[str, int]:
        """Do as `find` does with these customers' signals, in the caller's transaction."""
        made = {"found": 0, "reopened": 0, "seen": 0, "passed": 0}
        known = _by_subject(connection, list(signals) if len(signals) <= _AT_ONCE else None)
        for subject, of in signals.items():
            for change in changes_of(known[subject], findings_of(policy.risks, policy.conditions, of)):
                self._apply(connection, actor, subject, change)
                made[change.what] += 1
        return made

    def enter(self, actor: Actor, subject: SubjectId, entry: Entry, *, risk_id: str) -> Risk:
        """Enter a risk that a person sees; the same id again changes nothing."""
        require(actor, "register.enter")
        with self._database.write() as connection:
            if not _exists(connection, risk_id):
                owner = actor.name if entry.owner is None else live_person(connection, entry.owner).name
                values = {
                    "kind": entry.kind,
                    "text": dict.fromkeys(_LANGUAGES, entry.text),
                    "evidence": [{"text": text} for text in entry.evidence],
                    "owner": owner,
                    **entry.rating.describe(),
                }
                self._insert(connection, actor, subject, risk_id, values)
                self._note(connection, actor, "register.entered", subject, {"id": risk_id, **values})
            return _needed(connection, subject, risk_id)

    def change(self, actor: Actor, subject: SubjectId, risk_id: str, said: Said) -> Risk:
        """Change state, owner or rating of a risk; accepting one takes a role that may.

        Raises RiskStateError for a state that does not follow on the risk's.
        """
        require(actor, "register.accept" if said.state == "accepted" else "register.change")
        with self._database.write() as connection:
            risk = _needed(connection, subject, risk_id)
            if said.state is not None and said.state not in FOLLOWING[risk.state]:
                raise RiskStateError("this state does not follow on the risk's")
            owner = None if said.owner is None else live_person(connection, said.owner).name
            rating = {} if said.rating is None else said.rating.describe()
            asked = {"state": said.state, "owner": owner}
            changed: dict[str, Any] = {k: v for k, v in asked.items() if v is not None} | rating
            before = {name: risk.describe()[name] for name in changed}
            _update(connection, risk_id, changed_at=self._clock.now().isoformat(), **changed)
            content = {"id": risk_id, "reason": said.reason, "before": before, "after": changed}
            self._note(connection, actor, "register.changed", subject, content)
            return _needed(connection, subject, risk_id)

    def of(self, actor: Actor, subject: SubjectId) -> list[Risk]:
        """Return a customer's risks in the order they were found, and write down that somebody has looked."""
        require(actor, "register.view")
        with self._database.write() as connection:
            self._note(connection, actor, "register.viewed", subject, {})
            return _by_subject(connection, [subject])[subject]

    def listed(
        self,
        actor: Actor,
        *,
        after: int | None = None,
        limit: int | None = None,
        state: State | None = None,
        kind: RiskKind | None = None,
    ) -> list[tuple[int, Risk]]:
        """Return all customers' risks, or those in a state or of a kind, each with its number."""
        require(actor, "register.view")
        query = select(table).order_by(table.c.number).limit(limit)
        for column, value in ((table.c.state, state), (table.c.kind, kind)):
            query = query if value is None else query.where(column == value)
        if after is not None:
            query = query.where(table.c.number > after)
        content = {"state": state, "kind": kind, "after": after}
        with self._database.write() as connection:
            self._note(connection, actor, "register.listed", None, content)
            return [(row.number, _risk(row)) for row in connection.execute(query)]

    def live(self, subjects: Subjects = None) -> dict[SubjectId, list[Risk]]:
        """Return the risks that are not closed, for the node's own use."""
        with self._database.read() as connection:
            found = _by_subject(connection, subjects)
        live = {subject: [one for one in risks if one.state != "closed"] for subject, risks in found.items()}
        return {subject: risks for subject, risks in live.items() if risks}

    def _apply(self, connection: Connection, actor: Actor, subject: SubjectId, change: Change) -> None:
        evidence = list(map(dict, change.finding.evidence))
        now = self._clock.now().isoformat()
        if change.risk is None:
            risk_id = self._entropy(_ID_BYTES).hex()
            rule = change.finding.rule
            values = {
                "kind": rule.kind,
                "text": {"en": rule.text.en, "zh": rule.text.zh},
                "evidence": evidence,
                "rule": rule.name,
                "holds": True,
                **rule.rating.describe(),
            }
            self._insert(connection, actor, subject, risk_id, values)
            self._note(connection, actor, "register.found", subject, {"id": risk_id, **values})
            return
        if change.what == "passed":
            _update(connection, change.risk.id, holds=False)
        elif change.what == "seen":
            _update(connection, change.risk.id, holds=True, evidence=json.dumps(evidence))
            return
        else:
            values = {"state": "open", "holds": True, **change.finding.rule.rating.describe()}
            _update(connection, change.risk.id, changed_at=now, evidence=json.dumps(evidence), **values)
        content = {"id": change.risk.id, "state": change.risk.state, "evidence": evidence}
        self._note(connection, actor, f"register.{change.what}", subject, content)

    def _insert(
        self,
        connection: Connection,
        actor: Actor,
        subject: SubjectId,
        risk_id: str,
        values: Mapping[str, Any],
    ) -> None:
        now = self._clock.now().isoformat()
        row = {
            "id": risk_id,
            "subject": subject,
            "state": "open",
            "found_at": now,
            "found_by": actor.name,
            "changed_at": now,
            **values,
            "text": json.dumps(values["text"], ensure_ascii=False),
            "evidence": json.dumps(values["evidence"], ensure_ascii=False),
        }
        connection.execute(table.insert(), row)


def _by_subject(connection: Connection, subjects: Subjects) -> dict[SubjectId, list[Risk]]:
    """Return risks by each id of their customer, in the order they were found under whichever."""
    query = select(table).order_by(table.c.number)
    if subjects is not None:
        query = query.where(table.c.subject.in_(ids_about(connection, subjects)))
    aliases = aliases_about(connection, subjects)
    found = defaultdict[SubjectId, list[Risk]](list)
    for row in connection.execute(query):
        found[aliases.get(row.subject, row.subject)].append(_risk(row))
    for other, primary in aliases.items():
        if primary in found:
            found[other] = found[primary]
    return found


def _exists(connection: Connection, risk_id: str) -> bool:
    return connection.execute(select(table.c.number).where(table.c.id == risk_id)).one_or_none() is not None


def _needed(connection: Connection, subject: SubjectId, risk_id: str) -> Risk:
    ids = ids_about(connection, [subject])
    query = select(table).where(table.c.id == risk_id, table.c.subject.in_(ids))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("no risk of the subject has this id")
    return _risk(row)


def _update(connection: Connection, risk_id: str, **values: object) -> None:
    connection.execute(table.update().where(table.c.id == risk_id), values)


def _risk(row: Any) -> Risk:
    return Risk(
        id=row.id,
        subject=SubjectId(row.subject),
        kind=row.kind,
        text=json.loads(row.text),
        rating=Rating(probability=row.probability, impact=row.impact),
        rule=row.rule,
        owner=row.owner,
        evidence=tuple(json.loads(row.evidence)),
        state=row.state,
        found_at=datetime.fromisoformat(row.found_at),
        found_by=row.found_by,
        changed_at=datetime.fromisoformat(row.changed_at),
        holds=row.holds,
    )
