"""Signals from public facts in force. None filed is a known 0: every desk's facts stand in the log."""

from collections.abc import Iterable, Sequence
from typing import Final

from hanse_ledger.ids import month_at
from node.risk.signals.inputs import FactName, Inputs, StandingFact
from node.risk.signals.names import SignalName
from node.risk.signals.sums import age
from node.risk.signals.value import Signal

_KINDS: Final[dict[SignalName, tuple[FactName, ...]]] = {
    "fact.insolvency": ("insolvency_opened", "insolvency_closed"),
    "fact.judgment": ("judgment",),
    "fact.dishonoured": ("dishonoured_bill",),
    "fact.struck_off": ("struck_off",),
}


def fact_signals(inputs: Inputs) -> Iterable[Signal]:
    """Return a flag for each kind; an insolvency holds until a later fact says that it is closed."""
    for name, kinds in _KINDS.items():
        yield _flag(name, [fact for fact in inputs.facts if fact.kind in kinds], inputs)


def _flag(name: SignalName, facts: Sequence[StandingFact], inputs: Inputs) -> Signal:
    if not facts:
        return Signal(name=name, value=0.0)
    # The newest by its own date; of one day, the one filed last.
    newest = max(facts, key=lambda fact: (fact.day, fact.position))
    month = month_at(newest.day)
    return Signal(
        name=name,
        value=float(newest.kind != "insolvency_closed"),
        months=(month, month),
        coverage=str(len(facts)),
        age_months=age(month, inputs.as_of),
    )
