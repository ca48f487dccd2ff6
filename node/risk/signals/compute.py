"""All signals of one subject from its inputs: pure, and every name of the catalogue each time."""

from collections.abc import Iterable
from typing import Final

from node.risk.signals.catalogue import KINDS
from node.risk.signals.inputs import Given, Inputs
from node.risk.signals.names import SignalName, Unknown
from node.risk.signals.network import network_signals
from node.risk.signals.own import own_signals
from node.risk.signals.public import fact_signals
from node.risk.signals.sums import age
from node.risk.signals.value import Signal, Signals, unknown
from node.risk.signals.versus import versus_signals

_GIVEN: Final[dict[SignalName, Unknown]] = {
    name: "no_estimate" if kind.source == "estimate" else "not_given"
    for name, kind in KINDS.items()
    if kind.source in {"estimate", "local"}
}
"""What is taken as it is given, and why it is not known where nothing is."""


def signals_of(inputs: Inputs) -> Signals:
    """Return every signal of the catalogue, in its order, known or with the reason why not."""
    found = {
        signal.name: signal
        for part in (
            network_signals(inputs),
            own_signals(inputs),
            versus_signals(inputs),
            fact_signals(inputs),
            _given(inputs),
        )
        for signal in part
    }
    return {name: found[name] for name in KINDS}


def _given(inputs: Inputs) -> Iterable[Signal]:
    for name, reason in _GIVEN.items():
        given = inputs.given.get(name)
        yield unknown(name, reason) if given is None else _taken(name, given, inputs)


def _taken(name: SignalName, given: Given, inputs: Inputs) -> Signal:
    return Signal(
        name=name,
        value=given.value,
        interval=given.interval,
        months=given.months,
        coverage=given.coverage,
        age_months=None if given.months is None else age(given.months[1], inputs.as_of),
    )
