from typing import get_args

from node.risk.policy import default_policy
from node.risk.signals.names import SignalName
from node.risk.themes import SENTENCES, THEMES, Theme, themes_of


def test_every_signal_has_a_theme_and_every_theme_a_sentence() -> None:
    assert set(THEMES) == set(get_args(SignalName))
    assert set(SENTENCES) == set(get_args(Theme)) == set(THEMES.values())


def test_what_the_firm_saw_and_what_it_heard_are_one_theme() -> None:
    for own, network in (
        ("own.past_due_share", "network.past_due_share"),
        ("own.past_due_61_share", "network.past_due_61_share"),
        ("own.delay_mean_days", "network.days_beyond_terms"),
    ):
        codes = [f"{own}:against", f"{network}:against"]
        assert len(themes_of(codes, default_policy())) == 1


def test_a_cap_is_about_what_its_tests_ask() -> None:
    policy = default_policy()
    assert themes_of(["cap:insolvency"], policy) == ["insolvency"]
    assert themes_of(["cap:hardly-known", "cap:of-another-policy"], policy) == ["little_known"]
