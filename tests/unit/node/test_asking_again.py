"""Stewards whose copies do not hold an inquiry yet are asked again: one is behind, not of another opinion."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from support_node import FIRST, MEMBERS, Bench, BenchLink, invoice, subject, take_book

from consortium_config.sample import STEWARDS
from hanse_ledger.codec import decode, encode
from hanse_ledger.ids import PartyId, StewardX
from node.ports import StewardVerb
from node.roles import asking

SHARED = subject("SHARED")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    for place, member in enumerate(made.members):
        sold = invoice(member, f"2024-10-0{place + 1}", "2024-10-20", paid="2024-10-25")
        take_book(made.member(member), {"SHARED": [sold]})
    made.end_month(FIRST)
    yield made
    made.close()


def behind(times: int) -> Callable[[PartyId, bytes, bytes], bytes]:
    """A steward that says so often that it has not come so far."""
    left = [times]

    def reply(_caller: PartyId, _body: bytes, honest: bytes) -> bytes:
        left[0] -= 1
        return encode(["behind"]) if left[0] >= 0 else honest

    return reply


@pytest.mark.parametrize("how_many", [1, 2, 4])
def test_who_was_behind_a_moment_ago_still_counts(bench: Bench, how_many: int) -> None:
    for x in range(1, how_many + 1):
        bench.tamper[STEWARDS[StewardX(x)], "answers"] = behind(2)
    (outcome,) = bench.member(MEMBERS[0]).inquire([SHARED], "credit-review")
    assert outcome.status == "checked"


def test_three_that_agree_are_not_waited_for(bench: Bench) -> None:
    bench.tamper[STEWARDS[StewardX(1)], "answers"] = behind(1)
    bench.asked.clear()
    (outcome,) = bench.member(MEMBERS[0]).inquire([SHARED], "credit-review")
    assert outcome.status == "checked"
    assert [verb for _, _, verb in bench.asked].count("answers") == len(STEWARDS)


@pytest.mark.parametrize("down", [0, 1])
def test_who_is_back_but_still_left_alone_is_asked_before_anything_is_unchecked(
    bench: Bench, down: int
) -> None:
    """Stewards that restart one after another: one is down, the one before it came back a moment ago."""
    bench.silent = {STEWARDS[StewardX(x)] for x in (1, 2)}
    bench.left_alone = {STEWARDS[StewardX(x)] for x in (1, 2) if x == 1 or not down}
    (outcome,) = bench.member(MEMBERS[0]).inquire([SHARED], "credit-review")
    assert outcome.status == "checked"
    assert bench.silent == ({STEWARDS[StewardX(2)]} if down else set())


def test_nobody_insists_where_three_agree(bench: Bench) -> None:
    bench.silent, bench.left_alone = {STEWARDS[StewardX(1)]}, {STEWARDS[StewardX(1)]}
    (outcome,) = bench.member(MEMBERS[0]).inquire([SHARED], "credit-review")
    assert outcome.status == "checked"
    assert bench.silent


def test_one_that_was_behind_and_hangs_is_asked_again_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_BEHIND_WAIT_S", 0.0)
    bench.silent = {STEWARDS[StewardX(1)]}
    bench.tamper[STEWARDS[StewardX(2)], "answers"] = behind(10_000)
    honest, place = BenchLink.ask, (MEMBERS[0], STEWARDS[StewardX(2)], "answers")

    def ask(link: BenchLink, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        reply = honest(link, verb, body, insist=insist)
        is_asked_again = (link.caller, link.party, verb) == place and bench.asked.count(place) > 1
        return Future() if is_asked_again else reply

    monkeypatch.setattr(BenchLink, "ask", ask)
    (outcome,) = bench.member(MEMBERS[0]).inquire([SHARED], "credit-review")
    assert outcome.status == "unchecked"
    assert bench.asked.count(place) == 2


def test_what_one_answered_before_it_fell_silent_still_counts(bench: Bench) -> None:
    one, two = STEWARDS[StewardX(1)], STEWARDS[StewardX(2)]

    def answer_the_first(_caller: PartyId, _body: bytes, honest: bytes) -> bytes:
        bench.silent.add(two)
        return encode([decode(honest, limit=1 << 20)[0], "behind"])

    bench.silent, bench.tamper[two, "answers"] = {one}, answer_the_first
    asked = [SHARED, subject("ANOTHER")]
    first, second = bench.member(MEMBERS[0]).inquire(asked, "credit-review")
    assert (first.status, set(first.answers)) == ("checked", {StewardX(x) for x in (2, 3, 4)})
    assert set(second.answers) == {StewardX(3), StewardX(4)}


def test_those_that_stay_behind_are_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_BEHIND_S", 0.0)
    for x in (1, 2):
        bench.tamper[STEWARDS[StewardX(x)], "answers"] = behind(10_000)
    (outcome,) = bench.member(MEMBERS[0]).inquire([SHARED], "credit-review")
    assert outcome.status == "unchecked"
