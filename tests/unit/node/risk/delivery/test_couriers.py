"""The threads that deliver while a node runs."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_people import ANALYST, Bench

from hanse_ledger.errors import UnavailableError
from node.risk.delivery.couriers import Couriers
from node.risk.delivery.notices import Notice
from node.risk.delivery.outcomes import Outcome
from node.risk.policy.watching import Severity

WAIT_S = 60


class Told:
    """A channel that says when it has sent; a stuck one waits until it may go on."""

    least: Severity = "low"

    def __init__(self, name: str, *, may_send: bool = True) -> None:
        self.name = f"webhook:{name}"
        self.has_sent, self.may_send = threading.Event(), threading.Event()
        if may_send:
            self.may_send.set()

    def send(self, notice: Notice, at: datetime) -> Outcome:
        del notice, at
        assert self.may_send.wait(WAIT_S)
        self.has_sent.set()
        return Outcome(ending="sent", detail="ok")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, datetime(2026, 11, 2, 9, tzinfo=UTC))
    yield made
    made.close()


def test_one_channel_waits_for_no_other_and_stopping_waits_for_what_is_sent(bench: Bench) -> None:
    stuck, free = Told("stuck", may_send=False), Told("free")
    couriers = Couriers(bench.own.couriers([stuck, free]), look_s=0.01)
    bench.own.plans.open(ANALYST, "insolvency", plan_id="a" * 32, drill=True)
    assert free.has_sent.wait(WAIT_S)
    assert not stuck.has_sent.is_set()
    stuck.may_send.set()
    assert stuck.has_sent.wait(WAIT_S)
    couriers.stop()
    log = bench.own.deliveries.listed(ANALYST, limit=10)
    assert {(one["channel"], one["outcome"]) for one in log} == {
        ("webhook:stuck", "sent"), ("webhook:free", "sent"),
    }  # fmt: skip


class Failing:
    """A courier whose database is away at first."""

    def __init__(self) -> None:
        self.steps, self.has_gone_on = 0, threading.Event()

    def step(self) -> float | None:
        self.steps += 1
        if self.steps == 1:
            raise UnavailableError("the node's database is busy")
        self.has_gone_on.set()
        return None


def test_a_database_that_is_away_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    failing = Failing()
    couriers = Couriers([failing], look_s=0.01)  # type: ignore[list-item]
    assert failing.has_gone_on.wait(WAIT_S)
    couriers.stop()
    assert "deliveries did not go on: unavailable" in caplog.text
