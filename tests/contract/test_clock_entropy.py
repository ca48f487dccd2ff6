"""What every `Clock` and `Entropy` keeps."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from support_simulation import StillClock

from node.clocks import DemoClock, SystemClock, system_entropy
from node.ports import Clock, Entropy

CLOCKS: list[Clock] = [
    SystemClock(),
    DemoClock(date(2024, 12, 31)),
    StillClock(datetime(2024, 1, 1, tzinfo=UTC)),
]
ENTROPIES: list[Entropy] = [system_entropy, random.Random(1).randbytes]


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: type(clock).__name__)
def test_a_clock_says_utc_and_never_goes_back(clock: Clock) -> None:
    first, second = clock.now(), clock.now()
    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_the_system_clock_is_the_machine_s() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)


def test_a_demo_s_clock_stands_on_the_day_after_its_data() -> None:
    assert DemoClock(date(2024, 12, 31)).now() == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("entropy", ENTROPIES)
def test_entropy_gives_as_much_as_asked_and_never_the_same(entropy: Entropy) -> None:
    assert [len(entropy(size)) for size in (0, 1, 32, 96)] == [0, 1, 32, 96]
    assert len({entropy(16) for _ in range(100)}) == 100
