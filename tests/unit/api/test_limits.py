"""Token buckets: what they take, when they are full again, and that they stay few."""

import pytest

from api import limits
from api.limits import Buckets, Rate
from node.errors import RateError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(buckets: Buckets, caller: str, most: int = 50) -> int:
    for number in range(most):
        try:
            buckets.take(caller)
        except RateError:
            return number
    return most


def test_a_burst_and_then_as_many_as_come_in() -> None:
    clock = Clock()
    buckets = Buckets(Rate(per_s=2, burst=10), clock)
    assert taken(buckets, "a") == 10
    clock.now += 1.5
    assert taken(buckets, "a") == 3
    clock.now += 1_000
    assert taken(buckets, "a") == 10


def test_callers_do_not_share_a_bucket() -> None:
    buckets = Buckets(Rate(per_s=1, burst=3), Clock())
    assert [taken(buckets, caller) for caller in ("a", "b", "a")] == [3, 3, 0]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_host_of_many_addresses_is_one_caller(host: str, network: str) -> None:
    assert limits.network_of(host) == network


def test_it_is_told_how_long_to_wait() -> None:
    clock = Clock()
    buckets = Buckets(Rate(per_s=0.1, burst=1), clock)
    buckets.take("a")
    with pytest.raises(RateError) as caught:
        buckets.take("a")
    assert caught.value.retry_after_s == 10
    clock.now += 10
    buckets.take("a")


def test_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    buckets = Buckets(Rate(per_s=1, burst=1), clock)
    buckets.take("a")
    for _ in range(20):
        with pytest.raises(RateError):
            buckets.take("a")
    clock.now += 1
    buckets.take("a")


def test_who_has_not_asked_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_CALLERS_MOST", 3)
    buckets = Buckets(Rate(per_s=1, burst=1), Clock())
    for caller in "abcd":
        buckets.take(caller)
    buckets.take("a")
    with pytest.raises(RateError):
        buckets.take("d")
