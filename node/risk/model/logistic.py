"""A fitted model: a logistic regression on signals, and the line that calibrates it. Kept as JSON.

Each signal is brought to a usual scale, then weighed; one that is not known has a weight of its own, which is
never that of a zero.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from hanse_ledger.errors import MalformedError
from node.risk.signals.names import SignalName
from node.risk.signals.value import Signals

FORMAT: Final = "hanse-model/1"
_LEAST: Final = 1e-4
_KEYS: Final = {"format", "intercept", "terms", "slope", "offset"}
_TERM_KEYS: Final = {"signal", "mean", "weight", "unknown_weight"}


def _log_odds_of(share: float) -> float:
    share = min(max(share, _LEAST), 1 - _LEAST)
    return math.log(share / (1 - share))


def _within(low: float, high: float) -> Callable[[float], float]:
    return lambda value: min(max(value, low), high)


class Feature(NamedTuple):
    """How a signal is looked at: bounded, as one odd book must not decide, and in steps."""

    bounded: Callable[[float], float]
    step: float


FEATURES: Final[Mapping[SignalName, Feature]] = MappingProxyType(
    {
        "estimate.late30": Feature(_log_odds_of, 1.0),
        "estimate.late10": Feature(_log_odds_of, 1.0),
        "own.past_due_share": Feature(_within(0, 1), 0.25),
        "own.delay_p90_days": Feature(_within(0, 90), 30.0),
        "own.orders_90d": Feature(math.log1p, 1.0),
        "own.order_change": Feature(_within(-1, 2), 0.5),
        "network.days_beyond_terms": Feature(_within(0, 90), 15.0),
        "network.past_due_share": Feature(_within(0, 1), 0.25),
        "network.trend": Feature(_within(-45, 45), 15.0),
    }
)
"""The signals that a model looks at. Steps are fixed, as on a young book a signal's spread is no measure."""
_PLACES: Final = {name: place for place, name in enumerate(FEATURES)}
Features: TypeAlias = tuple[float | None, ...]
"""What a model looks at, in the order of FEATURES and in steps; None for what is not known."""
NEEDED: Final[SignalName] = "estimate.late30"
"""Without it nothing is known of the customer, and there is no probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What one signal adds: `weight` for each step above the mean, `unknown_weight` where it is unknown."""

    signal: SignalName
    mean: float
    weight: float
    unknown_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model; `slope` and `offset` calibrate its log-odds (Platt)."""

    intercept: float
    terms: tuple[Term, ...]
    slope: float = 1.0
    offset: float = 0.0

    def log_odds(self, features: Features) -> float:
        """Return the log-odds before they are calibrated."""
        return self.intercept + math.fsum(_part(term, features) for term in self.terms)

    def probability(self, signals: Signals) -> float | None:
        """Return the calibrated probability; None where nothing is known of the customer."""
        if signals[NEEDED].value is None:
            return None
        return sigmoid(self.slope * self.log_odds(features_of(signals)) + self.offset)

    def describe(self) -> dict[str, Any]:
        """Return the model as JSON."""
        return {"format": FORMAT, **asdict(self), "terms": [asdict(term) for term in self.terms]}


def sigmoid(log_odds: float) -> float:
    """Return the probability with these log-odds."""
    return 1 / (1 + math.exp(-min(max(log_odds, -700.0), 700.0)))


def features_of(signals: Signals) -> Features:
    """Return what a model looks at."""
    return tuple(_feature(kind, signals[name].value) for name, kind in FEATURES.items())


def parse_model(said: Any) -> Model:
    """Read what `describe` gave; raises MalformedError for anything that no fit can have made."""
    if not isinstance(said, dict) or set(said) != _KEYS or said["format"] != FORMAT:
        raise MalformedError("no model of a known format")
    if not isinstance(said["terms"], list):
        raise MalformedError("a model has a list of terms")
    return Model(
        intercept=_number(said["intercept"]),
        terms=tuple(_term(term) for term in said["terms"]),
        slope=_number(said["slope"]),
        offset=_number(said["offset"]),
    )


def _term(said: Any) -> Term:
    if not isinstance(said, dict) or set(said) != _TERM_KEYS:
        raise MalformedError("a model's term has other fields")
    names = [name for name in FEATURES if name == said["signal"]]
    if not names:
        raise MalformedError("a model's term names no signal that models look at")
    numbers = {key: _number(said[key]) for key in ("mean", "weight", "unknown_weight")}
    return Term(signal=names[0], **numbers)


def _number(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise MalformedError("a model's coefficient is a finite number")
    return float(said)


def _feature(kind: Feature, value: float | None) -> float | None:
    return None if value is None else kind.bounded(value) / kind.step


def _part(term: Term, features: Features) -> float:
    value = features[_PLACES[term.signal]]
    return term.unknown_weight if value is None else term.weight * (value - term.mean)
