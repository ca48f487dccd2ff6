"""The models that a member has fitted, by version and as JSON: the newest is in force, each fit is audited.

A model that may not be shown (too few outcomes, no skill) is kept with its card all the same: the card says
what is missing, and there is no probability until a later one is ready.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import select

from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.model.card import State, card_of
from node.risk.model.cases import cases_of
from node.risk.model.fitting import fit
from node.risk.model.logistic import Model, parse_model
from node.risk.roles import Actor, require
from node.risk.signals.compute import signals_of
from node.risk.signals.reading import InputsReader
from node.risk.signals.value import Signals
from node.storage.database import Database
from node.storage.risk_schema import risk_model

Unknown: TypeAlias = Literal["no_model", "too_few", "no_skill", "nothing_known"]
"""Why there is no probability: nothing fitted, a model that may not be shown, or an unknown customer."""
Scorer: TypeAlias = Callable[[Signals], float | None]
"""Returns the probability that signals make, None where there is none."""
_NEWEST: Final = select(risk_model).order_by(risk_model.c.version.desc()).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One fitted version with its card; without a `model` there was nothing to fit on."""

    version: int
    fitted_at: datetime
    actor: Actor
    state: State
    model: Model | None = field(repr=False)
    card: dict[str, Any] = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Return version, card and coefficients as JSON."""
        return {
            "version": self.version,
            "fitted_at": self.fitted_at.isoformat(),
            "fitted_by": self.actor.name,
            **self.card,
            "model": None if self.model is None else self.model.describe(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Probability:
    """A calibrated probability, and the version of the model that says it; or why there is none."""

    value: float | None
    unknown: Unknown | None
    version: int | None


class Models:
    """One member's models. Any thread may ask; fitting is slow, and in the caller's thread."""

    def __init__(self, database: Database, *, inputs: InputsReader, clock: Clock, audit: AuditChain) -> None:
        self._database, self._inputs, self._clock, self._audit = database, inputs, clock, audit

    def fit(self, actor: Actor) -> Fit:
        """Fit a model on the book's history and keep it as the next version.

        Raises NotPermittedError, and ModelExtraError where scikit-learn is not installed.
        """
        require(actor, "model.fit")
        cases = cases_of(dict(self._inputs.all()))
        fitted = fit(cases)
        card = card_of(cases, fitted)
        with self._database.write() as connection:
            last = connection.execute(_NEWEST).one_or_none()
            made = Fit(
                version=1 if last is None else last.version + 1,
                fitted_at=self._clock.now(),
                actor=actor,
                state=card["state"],
                model=fitted.model,
                card=card,
            )
            connection.execute(risk_model.insert(), _values(made))
            self._audit.append(
                connection,
                actor=actor,
                action="model.fitted",
                subject=None,
                content={"version": made.version, "state": made.state, "cases": card["cases"]},
                at=made.fitted_at,
            )
        return made

    def newest(self) -> Fit | None:
        """Return the version in force, None before any was fitted."""
        with self._database.read() as connection:
            row = connection.execute(_NEWEST).one_or_none()
        return None if row is None else _fit(row)

    def one(self, version: int | None = None) -> Fit:
        """Return a version, the one in force without a number; raises NotFoundError."""
        if version is None:
            found = self.newest()
        else:
            query = select(risk_model).where(risk_model.c.version == version)
            with self._database.read() as connection:
                row = connection.execute(query).one_or_none()
            found = None if row is None else _fit(row)
        if found is None:
            raise NotFoundError("no such model was fitted")
        return found

    def scorer(self) -> Scorer:
        """Return what gives probabilities by the model in force; nobody one where it may not be shown."""
        newest = self.newest()
        if newest is None or newest.model is None or newest.state != "ready":
            return lambda _: None
        return newest.model.probability

    def probability_of(self, subject: SubjectId) -> Probability:
        """Return a customer's probability, or why there is none."""
        newest = self.newest()
        if newest is None:
            return Probability(value=None, unknown="no_model", version=None)
        if newest.state != "ready" or newest.model is None:
            reason: Unknown = "no_skill" if newest.state == "no_skill" else "too_few"
            return Probability(value=None, unknown=reason, version=newest.version)
        value = newest.model.probability(signals_of(self._inputs.one(subject)))
        reason_unknown: Unknown | None = "nothing_known" if value is None else None
        return Probability(value=value, unknown=reason_unknown, version=newest.version)


def _values(made: Fit) -> dict[str, object]:
    return {
        "version": made.version,
        "fitted_at": made.fitted_at.isoformat(),
        "actor": made.actor.name,
        "role": made.actor.role,
        "state": made.state,
        "model": None if made.model is None else json.dumps(made.model.describe()),
        "card": json.dumps(made.card),
    }


def _fit(row: Any) -> Fit:
    return Fit(
        version=row.version,
        fitted_at=datetime.fromisoformat(row.fitted_at),
        actor=Actor(name=row.actor, role=row.role),
        state=row.state,
        model=None if row.model is None else parse_model(json.loads(row.model)),
        card=json.loads(row.card),
    )
