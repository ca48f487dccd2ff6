"""A model fitted on made-up histories: it ranks, is calibrated, is the same again, and never peeks."""

import json
import random
import sys
from dataclasses import replace
from datetime import date

import pytest
from support_model import histories

from hanse_ledger.errors import MalformedError
from node.errors import ModelExtraError
from node.risk.estimate import estimates, evidence_of, learn
from node.risk.model import card
from node.risk.model.card import card_of
from node.risk.model.cases import Case, cases_of, inputs_on, known_from
from node.risk.model.fitting import Fitted, fit
from node.risk.model.logistic import FEATURES, Model, features_of, parse_model, sigmoid
from node.risk.signals.compute import signals_of
from node.risk.signals.value import Signals, unknown

pytest.importorskip("sklearn", reason="needs the extra hanse[model]")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return cases_of(histories(customers=160))


@pytest.fixture(scope="module")
def fitted(cases: list[Case]) -> Fitted:
    return fit(cases)


@pytest.fixture(scope="module")
def signals() -> Signals:
    """What one customer's book said on a day."""
    (one,) = histories(customers=1).values()
    then = inputs_on(one, date(2026, 3, 31))
    return signals_of(replace(then, given=estimates(then, learn([evidence_of(then)]))))


def test_it_ranks_and_is_calibrated_on_days_it_was_not_fitted_on(cases: list[Case], fitted: Fitted) -> None:
    found = card_of(cases, fitted)
    assert found["state"] == "ready"
    assert not any(found["missing"].values())
    low, high = found["figures"]["auc"]["interval"]
    assert 0.7 < low < found["figures"]["auc"]["value"] < high
    assert found["figures"]["brier"]["value"] < found["figures"]["brier_usual"]["value"]
    for group in found["reliability"]:
        assert group["observed"] == pytest.approx(group["predicted"], abs=0.1)
    assert sum(group["cases"] for group in found["reliability"]) == found["tested"]["cases"]


def test_it_is_the_same_again(cases: list[Case], fitted: Fitted) -> None:
    again = fit(cases)
    assert again == fitted
    assert card_of(cases, again) == card_of(cases, fitted)


def test_no_test_knows_an_outcome_that_was_not_known_on_its_day(cases: list[Case], fitted: Fitted) -> None:
    day = fitted.tested[len(fitted.tested) // 2].case.day
    turned = [
        case if known_from(case.day) <= day else replace(case, is_late=not case.is_late) for case in cases
    ]
    before = [one.probability for one in fitted.tested if one.case.day <= day]
    after = [one.probability for one in fit(turned).tested if one.case.day <= day]
    assert before == after
    assert [one.probability for one in fit(turned).tested] != [one.probability for one in fitted.tested]


def test_too_few_outcomes_make_no_probability_and_say_how_many_are_missing() -> None:
    some = cases_of(histories(customers=24))
    found = card_of(some, fit(some))
    assert found["state"] == "too_few"
    late = len({case.subject for case in some if case.is_late})
    assert 0 < late < card.LATE_CUSTOMERS_LEAST
    assert found["missing"]["late_customers"] == card.LATE_CUSTOMERS_LEAST - late
    assert (found["figures"], found["reliability"]) == ({}, [])


def test_nothing_at_all_is_too_few() -> None:
    found = card_of([], fit([]))
    assert (found["state"], found["days"]) == ("too_few", None)
    assert found["missing"]["other_customers"] == card.LATE_CUSTOMERS_LEAST


def test_outcomes_that_nothing_tells_make_no_probability(cases: list[Case]) -> None:
    draw = random.Random(3)
    by_chance = [replace(case, is_late=draw.random() < 0.05) for case in cases]
    assert card_of(by_chance, fit(by_chance))["state"] == "no_skill"


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, cases: list[Case]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModelExtraError, match=r"hanse\[model\]"):
        fit(cases)


def test_a_model_is_kept_as_json_to_the_last_digit(signals: Signals, fitted: Fitted) -> None:
    assert fitted.model is not None
    kept = parse_model(json.loads(json.dumps(fitted.model.describe())))
    assert kept == fitted.model
    assert kept.probability(signals) == fitted.model.probability(signals)


def test_a_probability_is_the_calibrated_sum_of_the_terms(signals: Signals, fitted: Fitted) -> None:
    assert fitted.model is not None
    bare = Model(intercept=-1.0, terms=())
    assert bare.probability(signals) == sigmoid(-1.0)
    assert replace(bare, slope=2.0, offset=0.5).probability(signals) == sigmoid(-1.5)
    unheard = {**signals, "estimate.late30": unknown("estimate.late30", "no_estimate")}
    assert fitted.model.probability(unheard) is None


def test_an_unknown_signal_has_a_weight_of_its_own(signals: Signals, fitted: Fitted) -> None:
    assert fitted.model is not None
    term = next(one for one in fitted.model.terms if one.signal == "own.past_due_share")
    without = {**signals, "own.past_due_share": unknown("own.past_due_share", "nothing_open")}
    only = Model(intercept=0.0, terms=(term,))
    assert only.log_odds(features_of(without)) == term.unknown_weight
    assert {one.signal for one in fitted.model.terms} == set(FEATURES)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "hanse-model/2"},
        {"more": 1},
        {"terms": {}},
        {"terms": [{"signal": "own.invoices", "mean": 0, "weight": 0, "unknown_weight": 0}]},
        {"terms": [{"signal": "network.trend", "mean": 0, "weight": 0}]},
        {"terms": [{"signal": "network.trend", "mean": 0, "weight": "1", "unknown_weight": 0}]},
        {"intercept": float("nan")},
        {"slope": float("inf")},
        {"offset": True},
    ],
)
def test_what_no_fit_made_is_refused(change: dict[str, object]) -> None:
    good = Model(intercept=0.0, terms=()).describe()
    assert parse_model(good) == Model(intercept=0.0, terms=())
    with pytest.raises(MalformedError):
        parse_model({**good, **change})
