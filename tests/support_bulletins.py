"""Bulletin periods on a `Bench`, and what answers say of warnings."""

from datetime import timedelta

from support_node import Bench, subject

from hanse_ledger.ids import PartyId, SubjectId
from node.storage.bulletins import queue_warning

ACME = subject("ACME")
HOURS = 24


def say(bench: Bench, member: PartyId, firm: SubjectId = ACME, *, is_raised: bool = True) -> None:
    """Let a warning, or its end, go with a member's next bulletin."""
    with bench.standing(member).database.write() as connection:
        queue_warning(connection, firm, is_raised=is_raised)


def send_all(bench: Bench, *silent: PartyId) -> None:
    """Let half a period pass, so that every member's bulletin is due, and goes."""
    for member in bench.members:
        bench.member(member).send_bulletin()
    bench.clock.time += timedelta(hours=HOURS / 2)
    for member in bench.members:
        if member not in silent:
            bench.member(member).send_bulletin()


def play_round(bench: Bench, *silent: PartyId) -> None:
    """Let a period pass: every member's bulletin in its middle, every steward's close at its end."""
    bench.work()
    send_all(bench, *silent)
    bench.clock.time += timedelta(hours=HOURS / 2)
    bench.work()
    for member in bench.members:
        bench.member(member).send_bulletin()


def level(bench: Bench, member: PartyId, firm: SubjectId = ACME) -> int:
    """Ask, and return the level of the answer."""
    (outcome,) = bench.member(member).inquire([firm], "credit-review")
    assert outcome.figures is not None
    return outcome.figures.level
