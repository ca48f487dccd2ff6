"""What the firm's people enter about a customer: figures of its statements, the outlook of its industry.

Each entry is dated and expires; the newest that has not is the one that counts. Entries are never changed: a
new one comes after them, and all stay.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import Connection, Select, select

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId, month_at
from node.ports import Clock
from node.risk.altman import Model, Statement, on_one_scale, z_of, zone_of
from node.risk.audit import AuditChain
from node.risk.roles import Actor, require
from node.risk.signals.inputs import Given
from node.risk.signals.names import SignalName
from node.storage.database import Database
from node.storage.facts import aliases_about, ids_about
from node.storage.risk_schema import local_input

Kind: TypeAlias = Literal["altman", "industry"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
OUTLOOKS: Final = range(-2, 3)
"""From bad to good."""
_SIGNALS: Final[Mapping[Kind, SignalName]] = {"altman": "local.altman", "industry": "local.industry"}
_DIGITS_MOST: Final = 24
_MODELS: Final[tuple[Model, ...]] = get_args(Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its figures as they were given, the day they stand for, the last day on which they count."""

    subject: SubjectId = field(repr=False)
    kind: Kind
    content: Mapping[str, Any] = field(repr=False)
    value: float = field(repr=False)
    as_of: date
    expires_on: date
    entered_at: datetime
    person: str

    def describe(self) -> dict[str, Any]:
        """Return the entry as it is shown."""
        return {
            "subject": self.subject,
            "kind": self.kind,
            "content": dict(self.content),
            "value": self.value,
            "as_of": self.as_of.isoformat(),
            "expires_on": self.expires_on.isoformat(),
            "entered_at": self.entered_at.isoformat(),
            "person": self.person,
        }


class LocalInputs:
    """What people have entered at one node."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain) -> None:
        self._database, self._clock, self._audit = database, clock, audit

    def enter(
        self,
        actor: Actor,
        subject: SubjectId,
        kind: Kind,
        content: Mapping[str, Any],
        *,
        as_of: date,
        expires_on: date,
    ) -> Entry:
        """Add an entry; the same as the newest again changes nothing.

        Raises MalformedError for figures or days that make no sense.
        """
        require(actor, "local.enter")
        now = self._clock.now()
        if not as_of <= now.date() <= expires_on:
            raise MalformedError(
                "the figures' day has come, and the last day on which they count has not passed"
            )
        entry = Entry(
            subject=subject,
            kind=kind,
            content=dict(content),
            value=value_of(kind, content),
            as_of=as_of,
            expires_on=expires_on,
            entered_at=now,
            person=actor.name,
        )
        with self._database.write() as connection:
            newest = connection.execute(
                _of([subject]).where(local_input.c.kind == kind).limit(1)
            ).one_or_none()
            if newest is not None and replace(_entry(newest), entered_at=now) == entry:
                return _entry(newest)
            connection.execute(local_input.insert(), _row(entry))
            noted = {"kind": kind, "as_of": as_of.isoformat(), "expires_on": expires_on.isoformat()}
            self._audit.append(
                connection, actor=actor, action="local.entered", subject=subject, content=noted, at=now
            )
        return entry

    def listed(self, actor: Actor, subject: SubjectId) -> list[Entry]:
        """Return all entries about a subject, under whichever of its ids, the newest first."""
        require(actor, "assessment.view")
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(_of(ids_about(connection, [subject])))]


def given_by_people(
    connection: Connection, today: date, subjects: Sequence[SubjectId] | None = None
) -> dict[SubjectId, dict[SignalName, Given]]:
    """Return what counts on a day of what was entered, by primary id; of all subjects without some ids."""
    query = select(local_input).where(local_input.c.expires_on >= today.isoformat())
    if subjects is not None:
        query = query.where(local_input.c.subject.in_(subjects))
    aliases = aliases_about(connection, subjects)
    given: dict[SubjectId, dict[SignalName, Given]] = {}
    for row in connection.execute(query.order_by(local_input.c.number)):
        entry = _entry(row)
        primary = aliases.get(entry.subject, entry.subject)
        given.setdefault(primary, {})[_SIGNALS[entry.kind]] = _given(entry)
    return given


def value_of(kind: Kind, content: Mapping[str, Any]) -> float:
    """Return the value of a signal from what was entered; raises MalformedError."""
    if kind == "industry":
        outlook = content.get("outlook")
        if set(content) != {"outlook"} or type(outlook) is not int or outlook not in OUTLOOKS:
            raise MalformedError("an outlook is a whole number from -2 (bad) to 2 (good)")
        return float(outlook)
    model = content.get("model")
    if model not in _MODELS:
        raise MalformedError("the model is z1 (private manufacturers) or z2 (other firms)")
    return on_one_scale(z_of(statement_of(content), model), model)


def statement_of(content: Mapping[str, Any]) -> Statement:
    """Return the figures of a statement from texts of decimal numbers; raises MalformedError."""
    figures = {name: _decimal(text) for name, text in content.items() if name != "model"}
    try:
        return Statement(**figures)
    except TypeError:
        raise MalformedError("figures of a statement are missing, or others were given") from None


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry as it is shown, with Z and its zone where it is figures of a statement."""
    return {**entry.describe(), **(describe_altman(entry.content) if entry.kind == "altman" else {})}


def describe_altman(content: Mapping[str, Any]) -> dict[str, str]:
    """Return Z and its zone, for whoever reads an entry."""
    model: Model = content["model"]
    z = z_of(statement_of(content), model)
    return {"z": f"{z:.2f}", "zone": zone_of(z, model)}


def _decimal(text: Any) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        raise MalformedError("a figure of a statement is a number") from None
    if not number.is_finite() or len(str(text)) > _DIGITS_MOST or abs(number.adjusted()) > _DIGITS_MOST:
        raise MalformedError("a figure of a statement is a number")
    return number


def _of(ids: Collection[SubjectId]) -> Select[Any]:
    """Select what was entered under some ids, the newest first."""
    return select(local_input).where(local_input.c.subject.in_(ids)).order_by(local_input.c.number.desc())


def _given(entry: Entry) -> Given:
    month = month_at(entry.as_of)
    return Given(value=entry.value, months=(month, month))


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "subject": entry.subject,
        "kind": entry.kind,
        "content": json.dumps(entry.content, ensure_ascii=False),
        "as_of": entry.as_of.isoformat(),
        "expires_on": entry.expires_on.isoformat(),
        "entered_at": entry.entered_at.isoformat(),
        "actor": entry.person,
    }


def _entry(row: Any) -> Entry:
    content = json.loads(row.content)
    return Entry(
        subject=SubjectId(row.subject),
        kind=row.kind,
        content=content,
        value=value_of(row.kind, content),
        as_of=date.fromisoformat(row.as_of),
        expires_on=date.fromisoformat(row.expires_on),
        entered_at=datetime.fromisoformat(row.entered_at),
        person=row.actor,
    )
