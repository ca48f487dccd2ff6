"""Bulletins from end to end: sent in every period, opened, closed, in effect together, and gone again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support_node import MEMBERS, Bench, subject
from support_postgres import Places

from hanse_ledger.ids import PartyId, SubjectId
from node.storage.bulletins import queue_warning

ALDER, BIRCH, CEDAR, ELM, *_ = MEMBERS
ACME = subject("ACME")


@pytest.fixture
def bench(tmp_path: Path, places: Places) -> Iterator[Bench]:
    made = Bench(tmp_path, places=places)
    yield made
    made.close()


def say(bench: Bench, member: PartyId, firm: SubjectId = ACME, *, is_raised: bool = True) -> None:
    with bench.standing(member).database.write() as connection:
        queue_warning(connection, firm, is_raised=is_raised)


def play_round(bench: Bench) -> None:
    """Let a period pass: every member's bulletin in its middle, every steward's close at its end."""
    bench.work()
    for member in bench.members:
        bench.member(member).send_bulletin()
    for share in (0.5, 0.5):
        bench.clock.time += timedelta(hours=24 * share)
        for member in bench.members:
            bench.member(member).send_bulletin()
        bench.work()


def level(bench: Bench, member: PartyId, firm: SubjectId = ACME) -> int:
    (outcome,) = bench.member(member).inquire([firm], "credit-review")
    assert outcome.figures is not None
    return outcome.figures.level


def test_a_warning_of_two_groups_is_a_level_for_the_others_from_the_close_on(bench: Bench) -> None:
    say(bench, ALDER)
    say(bench, BIRCH)
    assert level(bench, CEDAR) == 0
    play_round(bench)
    assert bench.state.next_period == 1
    assert level(bench, CEDAR) == 1
    # Its own group does not count.
    assert level(bench, ALDER) == 0
    say(bench, ALDER, is_raised=False)
    assert level(bench, CEDAR) == 1
    play_round(bench)
    assert level(bench, CEDAR) == 0
