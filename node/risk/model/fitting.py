"""Fitting a model on cases, and testing it as it would have been used: on later days than it was fitted on.

For each day that is tested, only cases whose outcome was known by then are fitted on, and the calibration too
comes from earlier tests alone. The model that is kept is fitted on all cases and calibrated on all tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from node.errors import ModelExtraError
from node.risk.model.cases import Case, known_from
from node.risk.model.logistic import FEATURES, Model, Term, sigmoid

Floats: TypeAlias = NDArray[np.float64]

RIDGE: Final = 0.1
"""The inverse strength of the penalty on weights."""
_CALIBRATED_FROM: Final = 20
"""A calibration needs so many late cases; before, log-odds stay as they are."""
_LOOSE: Final = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A case that was tested, the probability that the model of its day gave it, and the usual one then."""

    case: Case
    probability: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted model with its tests; None where there is nothing to fit on."""

    model: Model | None
    tested: tuple[Tested, ...] = field(repr=False)
    library: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    case: Case
    log_odds: float
    usual: float


def fit(cases: Sequence[Case]) -> Fitted:
    """Fit a model; the same cases always give the same. Raises ModelExtraError without scikit-learn."""
    try:
        import sklearn  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise ModelExtraError("scikit-learn is not installed: pip install 'hanse[model]'") from error
    scored = _walk_forward(cases)
    model = _fit_one(cases)
    if model is not None:
        slope, offset = _calibration(scored)
        model = replace(model, slope=slope, offset=offset)
    library = f"scikit-learn {sklearn.__version__}"
    return Fitted(model=model, tested=_calibrated(scored), library=library)


def _walk_forward(cases: Sequence[Case]) -> list[_Scored]:
    """Score each day's cases by the model of what was known by then."""
    scored: list[_Scored] = []
    for day in sorted({case.day for case in cases}):
        known = [case for case in cases if known_from(case.day) <= day]
        model = _fit_one(known)
        if model is not None:
            usual = sum(case.is_late for case in known) / len(known)
            today = [case for case in cases if case.day == day]
            scored += [
                _Scored(case=case, log_odds=model.log_odds(case.features), usual=usual) for case in today
            ]
    return scored


def _calibrated(scored: Sequence[_Scored]) -> tuple[Tested, ...]:
    """Calibrate each day's scores by those of earlier days whose outcome was known by then."""
    found: list[Tested] = []
    for day in _days(scored):
        slope, offset = _calibration([one for one in scored if known_from(one.case.day) <= day])
        found += [
            Tested(case=one.case, probability=sigmoid(slope * one.log_odds + offset), usual=one.usual)
            for one in scored
            if one.case.day == day
        ]
    return tuple(found)


def _days(scored: Sequence[_Scored]) -> list[date]:
    return sorted({one.case.day for one in scored})


def _fit_one(cases: Sequence[Case]) -> Model | None:
    """Fit weights on cases; None unless some are late and some are not."""
    late = np.array([case.is_late for case in cases], np.bool_)
    if not late.any() or late.all():
        return None
    names = list(FEATURES)
    columns = [_Column.of([case.features[place] for case in cases]) for place in range(len(names))]
    matrix = np.column_stack([part for column in columns for part in (column.values, column.unknown)])
    weights, intercept = _logistic(matrix, late, RIDGE)
    return Model(
        intercept=intercept,
        terms=tuple(
            Term(
                signal=name,
                mean=column.mean,
                weight=weights[2 * place],
                unknown_weight=weights[2 * place + 1],
            )
            for place, (name, column) in enumerate(zip(names, columns, strict=True))
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A feature of all cases: steps above the mean where it is known, 0 elsewhere; and where it is not."""

    mean: float
    values: Floats
    unknown: Floats

    @classmethod
    def of(cls, found: Sequence[float | None]) -> "_Column":
        known = np.array([value for value in found if value is not None], np.float64)
        mean = float(known.mean()) if len(known) else 0.0
        return cls(
            mean=mean,
            values=np.array([0.0 if value is None else value - mean for value in found]),
            unknown=np.array([float(value is None) for value in found]),
        )


def _calibration(scored: Sequence[_Scored]) -> tuple[float, float]:
    """Return slope and offset of the log-odds that fit what became of these (Platt)."""
    late = np.array([one.case.is_late for one in scored], np.bool_)
    if late.sum() < _CALIBRATED_FROM or late.all():
        return 1.0, 0.0
    weights, intercept = _logistic(np.array([[one.log_odds] for one in scored]), late, _LOOSE)
    return weights[0], intercept


def _logistic(matrix: Floats, late: NDArray[np.bool_], strength: float) -> tuple[list[float], float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    fitted: Any = LogisticRegression(C=strength, max_iter=5_000, tol=1e-8).fit(matrix, late)
    return [float(weight) for weight in fitted.coef_[0]], float(fitted.intercept_[0])
