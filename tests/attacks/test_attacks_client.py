"""Attacks of docs/threat-model.md on a firm's systems by its own node, which somebody has taken over."""

from collections.abc import Callable
from typing import Any

import pytest

from hanse_client.errors import AliasError, ReplayError, TrustOutdatedError, VerificationError
from hanse_client.testing import FakeHanse, window

GOOD, BAD, PURPOSE = "ref:DEMO:GOOD", "ref:DEMO:BAD", "onboarding"


@pytest.fixture
def node() -> FakeHanse:
    made = FakeHanse()
    made.add(GOOD, window("2026-09", rows=[(1, 2, 0)] * 5))
    made.add(BAD, window("2026-09", rows=[(7, 2, 7)] * 5), warning_level=2)
    return made


def test_node_brings_an_older_answer(node: FakeHanse) -> None:
    with node.client() as hanse:
        assert hanse.check(GOOD, purpose=PURPOSE).warning_level == 0
        node.add(GOOD, warning_level=2)
        node.replay_next()
        with pytest.raises(ReplayError):
            hanse.check(GOOD, purpose=PURPOSE)
        assert hanse.check(GOOD, purpose=PURPOSE).warning_level == 2


def test_node_answers_about_another_firm(node: FakeHanse) -> None:
    node.alias(BAD, GOOD)
    with node.client() as hanse, pytest.raises(AliasError):
        hanse.check(BAD, purpose=PURPOSE)


def test_node_changes_a_figure(node: FakeHanse) -> None:
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda answer: answer["windows"][0]["condition"].reverse(),
        lambda answer: answer["windows"].clear(),
        lambda answer: answer.update(warning_level=0),
        lambda answer: answer["proof"]["answers"].update({"1": answer["proof"]["answers"]["2"]}),
        lambda answer: answer["proof"]["inclusion"].pop(),
    ]
    with node.client() as hanse:
        for change in changes:
            node.tamper_next(change)
            with pytest.raises(VerificationError):
                hanse.check(BAD, purpose=PURPOSE)


def test_node_makes_up_a_consortium(node: FakeHanse) -> None:
    with node.client(trust=FakeHanse().trust) as hanse, pytest.raises(TrustOutdatedError):
        hanse.check(GOOD, purpose=PURPOSE)
