"""Stewards that are down, hang and come back, as a member sees them over HTTP; nothing is restarted."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support_links import HttpConsortium
from support_net import wait_until
from support_node import FIRST, subject

from consortium_config.sample import STEWARDS
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId
from node.roles.inquirer import Outcome

ONE, TWO, THREE, FOUR = STEWARDS.values()
PATIENCE_S = 60


@pytest.fixture
def network(tmp_path: Path) -> Iterator[HttpConsortium]:
    with HttpConsortium(tmp_path) as made:
        yield made


def inquire(network: HttpConsortium, customer: str = "C1") -> Outcome:
    (outcome,) = network.node.inquire([subject(customer)], "credit-review")
    return outcome


def who_answered(outcome: Outcome) -> set[PartyId]:
    return {STEWARDS[x] for x in outcome.answers}


def wait_until_all_answer(network: HttpConsortium) -> None:
    wait_until(lambda: who_answered(inquire(network)) == set(STEWARDS.values()), "all answer")


def test_answers_are_checked_with_three_unchecked_with_two_and_refused_with_one(
    network: HttpConsortium,
) -> None:
    assert who_answered(inquire(network)) == set(STEWARDS.values())
    network.stop(FOUR)
    # No window is frozen yet: `nothing` is what three or four agree on.
    assert inquire(network).status == "nothing"
    assert who_answered(inquire(network)) == {ONE, TWO, THREE}
    network.stop(THREE)
    assert (inquire(network).status, who_answered(inquire(network))) == ("unchecked", {ONE, TWO})
    network.stop(TWO)
    outcome = inquire(network)
    assert (outcome.status, outcome.code) == ("refused", "unavailable")
    with pytest.raises(UnavailableError):
        inquire(network, "C2")  # its token is not known yet
    for party in (TWO, THREE, FOUR):
        network.start(party)
    wait_until_all_answer(network)
    assert inquire(network, "C2").status == "nothing"


def test_a_steward_that_hangs_is_not_waited_for(network: HttpConsortium) -> None:
    """Its link gives up in seconds; an inquiry goes on in less than that, with the three others."""
    inquire(network)
    network.hang(ONE)
    for customer in ("C1", "C3", "C4"):
        outcome = inquire(network, customer)
        assert outcome.status == "nothing"
        assert who_answered(outcome) == {TWO, THREE, FOUR}
    network.start(ONE)
    wait_until_all_answer(network)


def test_cosignatures_and_files_come_without_one(network: HttpConsortium) -> None:
    network.hang(TWO)
    outcome = inquire(network)
    size, _ = network.node.cosigned_checkpoint()
    assert size == network.node.standing.state.size
    assert network.node.answer_file(outcome)


def test_reports_wait_for_a_steward_that_is_down_and_go_on_by_themselves(network: HttpConsortium) -> None:
    network.stop(THREE)
    with pytest.raises(UnavailableError):
        network.node.report()
    assert inquire(network).status == "nothing"
    network.start(THREE)
    ends_at = time.monotonic() + PATIENCE_S
    while not network.node.counts(FIRST):
        assert time.monotonic() < ends_at
        with suppress(UnavailableError):
            network.node.report()
        network.work()
