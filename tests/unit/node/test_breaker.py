"""The circuit of a peer that fails, and how few retries there may be."""

import threading
from dataclasses import dataclass

import pytest

from hanse_ledger.errors import UnavailableError
from node.links.breaker import (
    FAILURES_MOST,
    HOLD_MOST_S,
    OPEN_FIRST_S,
    OPEN_MOST_S,
    RETRIES_SAVED,
    RETRY_SHARE,
    Breaker,
    RetryBudget,
)


@dataclass
class Time:
    """A clock that a test moves."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker(entropy=lambda size: b"\xff" * size, now=time)


def fail(breaker: Breaker, times: int = FAILURES_MOST) -> None:
    for _ in range(times):
        breaker.enter()
        breaker.fail()


def is_let_through(breaker: Breaker) -> bool:
    try:
        breaker.enter()
    except UnavailableError:
        return False
    return True


def wait_until_probe(breaker: Breaker, time: Time) -> float:
    """Return after how long a request is let through; a probe is under way then."""
    began = time.now
    while not is_let_through(breaker):
        time.now += 0.1
    return round(time.now - began, 1)


def test_failures_in_a_row_open_it_and_an_answer_in_between_does_not_let_them(breaker: Breaker) -> None:
    for _ in range(5):
        fail(breaker, FAILURES_MOST - 1)
        breaker.enter()
        breaker.succeed()
    assert breaker.state().circuit == "closed"
    fail(breaker)
    assert breaker.state().circuit == "open"
    assert not is_let_through(breaker)
    with pytest.raises(UnavailableError):
        breaker.check()


def test_one_probe_at_a_time_decides(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += OPEN_FIRST_S
    breaker.check()
    assert is_let_through(breaker)
    assert breaker.state().circuit == "half-open"
    assert not is_let_through(breaker)
    breaker.succeed()
    assert breaker.state().circuit == "closed"
    assert is_let_through(breaker)


def test_the_times_grow_to_a_limit_and_begin_anew_after_an_answer(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    waited = []
    for _ in range(8):
        waited.append(wait_until_probe(breaker, time))
        breaker.fail()
    assert waited == sorted(waited)
    assert waited[0] <= OPEN_FIRST_S + 0.1
    assert OPEN_MOST_S / 2 <= waited[-1] == waited[-2]
    wait_until_probe(breaker, time)
    breaker.succeed()
    fail(breaker)
    assert wait_until_probe(breaker, time) <= OPEN_FIRST_S + 0.1


def test_times_differ_by_chance() -> None:
    waited = []
    for chance in (0, 128, 255):
        time = Time()
        one = Breaker(entropy=lambda _size, chance=chance: bytes([chance]), now=time)
        fail(one)
        waited.append(wait_until_probe(one, time))
    assert OPEN_FIRST_S / 2 <= waited[0] < waited[1] < waited[2] <= OPEN_FIRST_S + 0.1


def test_what_was_under_way_when_it_opened_changes_nothing(breaker: Breaker, time: Time) -> None:
    for _ in range(10):
        breaker.enter()
    for _ in range(10):
        breaker.fail()
    assert wait_until_probe(breaker, time) <= OPEN_FIRST_S + 0.1


@pytest.mark.parametrize(("asked", "held"), [(5.0, 5.0), (1e9, HOLD_MOST_S)])
def test_a_peer_that_asks_for_it_is_left_alone_at_once(
    breaker: Breaker, time: Time, asked: float, held: float
) -> None:
    breaker.enter()
    breaker.fail(hold_s=asked)
    assert wait_until_probe(breaker, time) == pytest.approx(held, abs=0.2)


def test_who_insists_probes_early_but_not_beside_another_and_not_against_the_peer_s_wish(
    breaker: Breaker, time: Time
) -> None:
    fail(breaker)
    breaker.check(insist=True)
    breaker.enter(insist=True)
    with pytest.raises(UnavailableError):
        breaker.enter(insist=True)
    breaker.fail()
    assert not is_let_through(breaker)
    breaker.enter(insist=True)
    breaker.fail(hold_s=5.0)
    with pytest.raises(UnavailableError):
        breaker.enter(insist=True)
    time.now += 5.0
    breaker.enter(insist=True)
    breaker.succeed()
    assert is_let_through(breaker)


def test_it_says_how_it_stands(breaker: Breaker, time: Time) -> None:
    assert breaker.state().success_s is None
    breaker.enter()
    breaker.succeed()
    time.now += 7
    fail(breaker)
    time.now += 0.25
    state = breaker.state()
    assert (state.circuit, state.since_s, state.success_s) == ("open", 0.25, 7.25)


def test_many_threads_probe_once(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += OPEN_FIRST_S
    passed: list[bool] = []
    threads = [threading.Thread(target=lambda: passed.append(is_let_through(breaker))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == 1


def test_retries_are_a_share_of_requests() -> None:
    budget = RetryBudget()
    count = 1_000
    spent = 0
    for _ in range(count):
        budget.earn()
        while budget.spend():
            spent += 1
    assert spent <= RETRIES_SAVED + RETRY_SHARE * count
    assert spent >= RETRY_SHARE * count * 0.9
