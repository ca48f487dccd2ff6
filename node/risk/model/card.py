"""The model card: what a model is, what it was made from, how good it is, and whether it may be shown.

Few outcomes make no probability: it says how many are missing. Neither does a model that ranks no better
than chance, or whose probabilities are no better than the usual share alone.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from node.risk.model.cases import HORIZON_MONTHS, LATE_DAYS, Case
from node.risk.model.fitting import Fitted, Floats, Tested
from node.risk.model.logistic import FEATURES
from node.risk.model.ranking import Outcomes, area, intervals

State: TypeAlias = Literal["ready", "too_few", "no_skill"]
LATE_CUSTOMERS_LEAST: Final = 20
"""Customers with a late case that a model needs, and as many without."""
TESTED_LATE_LEAST: Final = 10
"""Customers with a late case among those that were tested."""
_GROUPS: Final = 5
_SEED: Final = 1
_EVEN: Final = 0.5


def card_of(cases: Sequence[Case], fitted: Fitted) -> dict[str, Any]:
    """Return the card as JSON."""
    missing = _missing(cases, fitted.tested)
    figures = {} if any(missing.values()) else _figures(fitted.tested)
    days = sorted({case.day for case in cases})
    return {
        "state": _state(missing, figures, fitted),
        "late_days": LATE_DAYS,
        "horizon_months": HORIZON_MONTHS,
        "missing": missing,
        "days": [day.isoformat() for day in (days[0], days[-1])] if days else None,
        "cases": len(cases),
        "late_cases": sum(case.is_late for case in cases),
        "customers": len({case.subject for case in cases}),
        "late_customers": len(_late(cases)),
        "tested": _tested(fitted.tested),
        "figures": figures,
        "reliability": _reliability(fitted.tested) if figures else [],
        "known": {name: _share_known(place, cases) for place, name in enumerate(FEATURES)} if cases else {},
        "library": fitted.library,
    }


def _state(missing: Mapping[str, int], figures: Mapping[str, Any], fitted: Fitted) -> State:
    if any(missing.values()):
        return "too_few"
    ranks = figures["auc"]["interval"][0] > _EVEN
    is_better = figures["brier"]["value"] < figures["brier_usual"]["value"]
    is_upright = fitted.model is not None and fitted.model.slope > 0
    return "ready" if ranks and is_better and is_upright else "no_skill"


def _missing(cases: Sequence[Case], tested: Sequence[Tested]) -> dict[str, int]:
    """Return how many more customers it takes; all zero where there are enough."""
    late = _late(cases)
    others = {case.subject for case in cases} - late
    tested_late = _late([one.case for one in tested])
    return {
        "late_customers": max(0, LATE_CUSTOMERS_LEAST - len(late)),
        "other_customers": max(0, LATE_CUSTOMERS_LEAST - len(others)),
        "tested_late_customers": max(0, TESTED_LATE_LEAST - len(tested_late)),
    }


def _late(cases: Sequence[Case]) -> set[str]:
    return {case.subject for case in cases if case.is_late}


def _tested(tested: Sequence[Tested]) -> dict[str, Any]:
    cases = [one.case for one in tested]
    return {
        "days": [day.isoformat() for day in sorted({case.day for case in cases})],
        "cases": len(cases),
        "late_cases": sum(case.is_late for case in cases),
        "late_customers": len(_late(cases)),
    }


def _figures(tested: Sequence[Tested]) -> dict[str, Any]:
    """Return AUC and Brier score with intervals, beside the Brier score of the usual share alone."""
    subjects = sorted({one.case.subject for one in tested})
    number = {subject: place for place, subject in enumerate(subjects)}
    outcomes = Outcomes(
        count=np.ones(len(tested)),
        late=np.array([float(one.case.is_late) for one in tested]),
        customer=np.array([number[one.case.subject] for one in tested], np.int64),
    )
    statistics = partial(
        _statistics,
        outcomes,
        np.array([one.probability for one in tested]),
        np.array([one.usual for one in tested]),
    )
    spread = intervals(outcomes.customer, statistics, seed=_SEED)
    values = statistics(np.ones(len(tested)))
    return {name: {"value": round(values[name], 4), "interval": spread[name]} for name in values}


def _statistics(outcomes: Outcomes, probability: Floats, usual: Floats, weight: Floats) -> dict[str, float]:
    def brier(said: Floats) -> float:
        return float(np.average((said - outcomes.late) ** 2, weights=weight))

    return {
        "auc": area(probability, outcomes, weight),
        "brier": brier(probability),
        "brier_usual": brier(usual),
    }


def _reliability(tested: Sequence[Tested]) -> list[dict[str, Any]]:
    """Return what was said and what became of it, in groups of as many cases, from the least likely on."""
    ordered = sorted(tested, key=lambda one: (one.probability, one.case.day, one.case.subject))
    parts = [part for part in np.array_split(np.arange(len(ordered)), _GROUPS) if len(part)]
    return [_group([ordered[place] for place in part]) for part in parts]


def _group(part: Sequence[Tested]) -> dict[str, Any]:
    return {
        "cases": len(part),
        "predicted": round(sum(one.probability for one in part) / len(part), 4),
        "observed": round(sum(one.case.is_late for one in part) / len(part), 4),
    }


def _share_known(place: int, cases: Sequence[Case]) -> float:
    return round(sum(case.features[place] is not None for case in cases) / len(cases), 4)
