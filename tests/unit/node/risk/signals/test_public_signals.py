from datetime import date

from support_signals import signals

from hanse_ledger.ids import month_of
from node.risk.signals.catalogue import KINDS
from node.risk.signals.inputs import Given, StandingFact

OPENED = StandingFact("insolvency_opened", date(2019, 3, 5))
CLOSED = StandingFact("insolvency_closed", date(2019, 6, 1))


def test_no_fact_is_a_known_zero() -> None:
    assert signals()["fact.insolvency"].value == 0
    assert signals()["fact.insolvency"].months is None


def test_an_insolvency_holds_until_it_is_closed() -> None:
    found = signals(facts=(OPENED,))["fact.insolvency"]
    assert (found.value, found.months, found.age_months) == (1, (month_of(2019, 3), month_of(2019, 3)), 10)
    assert signals(facts=(OPENED, CLOSED))["fact.insolvency"].value == 0


def test_facts_go_by_their_own_day_and_of_one_day_by_who_came_last() -> None:
    assert signals(facts=(CLOSED, OPENED))["fact.insolvency"].value == 0
    same_day = StandingFact("insolvency_opened", CLOSED.day, 1)
    assert signals(facts=(CLOSED, same_day))["fact.insolvency"].value == 1


def test_each_kind_is_a_flag_of_its_own() -> None:
    found = signals(facts=(StandingFact("judgment", date(2019, 3, 5)),))
    flags = {name: found[name].value for name, kind in KINDS.items() if kind.source == "fact"}
    assert flags == {
        "fact.insolvency": 0,
        "fact.judgment": 1,
        "fact.dishonoured": 0,
        "fact.struck_off": 0,
    }


def test_what_is_given_is_taken_and_what_is_not_is_unknown() -> None:
    given = {"estimate.late10": Given(0.25, (0.1, 0.4), (month_of(2019, 1), month_of(2019, 12)), "12")}
    found = signals(given=given)
    assert (found["estimate.late10"].value, found["estimate.late10"].age_months) == (0.25, 1)
    assert found["estimate.late30"].unknown == "no_estimate"
    assert found["local.altman"].unknown == "not_given"
