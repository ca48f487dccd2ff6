"""Signals as people and other programs see them, and the look at a subject in the audit chain."""

from typing import Any

from hanse_ledger.ids import SubjectId
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.roles import Actor, require
from node.risk.signals.catalogue import KINDS
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import Inputs
from node.risk.signals.reading import InputsReader
from node.risk.signals.value import Signal, Signals, describe


class ShownSignals:
    """Shows signals to who may see them, and notes who has."""

    def __init__(self, inputs: InputsReader, *, audit: AuditChain, clock: Clock) -> None:
        self._inputs, self._audit, self._clock = inputs, audit, clock

    def view(self, actor: Actor, subject: SubjectId) -> dict[str, Any]:
        """Return all signals of a subject as a document; raises NotPermittedError."""
        require(actor, "signals.view")
        inputs = self._inputs.one(subject)
        signals = signals_of(inputs)
        content = {"known": sum(one.unknown is None for one in signals.values())}
        self._audit.record(
            actor=actor, action="signals.viewed", subject=subject, content=content, at=self._clock.now()
        )
        return document(inputs, signals)


def document(inputs: Inputs, signals: Signals) -> dict[str, Any]:
    """Return signals with the subject and the days they were computed for."""
    return {
        "subject": inputs.subject,
        "as_of": inputs.as_of.isoformat(),
        "book_day": None if inputs.book_day is None else inputs.book_day.isoformat(),
        "contributors_min": inputs.minimum,
        "signals": [show(signal) for signal in signals.values()],
    }


def show(signal: Signal) -> dict[str, Any]:
    """Return a signal with what its kind says of it."""
    kind = KINDS[signal.name]
    return {
        **describe(signal),
        "title": kind.title,
        "unit": kind.unit,
        "formula": kind.formula,
        "source": kind.source,
    }
