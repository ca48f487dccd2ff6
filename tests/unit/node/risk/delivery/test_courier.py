"""One channel's way through the notices, with a channel that answers as told, and with a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support_delivery import hook_server, secret_file
from support_postgres import Places
from support_simulation import StillClock

from node.risk.delivery.courier import PAUSES_S, Courier, run_dry
from node.risk.delivery.log import deliveries
from node.risk.delivery.notices import Notice, put_notice
from node.risk.delivery.outcomes import Outcome
from node.risk.delivery.settings import WebhookSettings
from node.risk.delivery.webhooks import Webhook
from node.risk.policy.watching import Severity
from node.storage.database import Database, Moment

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SENT = Outcome(ending="sent", detail="ok")
FAILED = Outcome(ending="failed", detail="no")


class Told:
    """A channel that ends its attempts as told, then well."""

    name = "webhook:told"

    def __init__(self, *outcomes: Outcome, least: Severity = "low") -> None:
        self.least: Severity = least
        self.outcomes = list(outcomes)
        self.sent: list[str] = []

    def send(self, notice: Notice, at: datetime) -> Outcome:
        assert at.tzinfo is not None
        self.sent.append(str(notice.content["id"]))
        return self.outcomes.pop(0) if self.outcomes else SENT


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


def tell(database: Database, *names: str, severity: Severity = "high") -> None:
    for name in names:
        with database.write() as connection:
            content = {"id": name, "reason": {"en": name, "zh-CN": name}}
            put_notice(connection, key=name, kind="alert.raised", severity=severity, at=NOW, content=content)


def outcomes(database: Database) -> list[tuple[int, str | None]]:
    found = deliveries(database, channel=None, before=None, limit=100)
    return [(one["attempt"], one["outcome"]) for one in reversed(found)]


def test_a_new_channel_begins_with_what_is_told_from_now_on(database: Database, clock: StillClock) -> None:
    tell(database, "before")
    told = Told()
    courier = Courier(database, clock, told)
    tell(database, "a", "b")
    run_dry([courier])
    assert told.sent == ["a", "b"]
    assert courier.step() is None


def test_a_notice_is_there_once(database: Database, clock: StillClock) -> None:
    told = Told()
    courier = Courier(database, clock, told)
    tell(database, "a", "a")
    run_dry([courier])
    assert told.sent == ["a"]


def test_only_what_is_grave_enough_goes_out(database: Database, clock: StillClock) -> None:
    told = Told(least="high")
    courier = Courier(database, clock, told)
    tell(database, "a", severity="medium")
    tell(database, "b", severity="critical")
    run_dry([courier])
    assert told.sent == ["b"]


def test_a_failure_holds_up_the_channel_until_it_passes(database: Database, clock: StillClock) -> None:
    told = Told(FAILED, FAILED)
    courier = Courier(database, clock, told)
    tell(database, "a", "b")
    run_dry([courier])
    assert told.sent == ["a"]
    assert courier.step() == PAUSES_S[0]
    clock.time += timedelta(seconds=PAUSES_S[0])
    run_dry([courier])
    assert courier.step() == PAUSES_S[1]
    clock.time += timedelta(seconds=PAUSES_S[1])
    run_dry([Courier(database, clock, told)])  # after a restart
    assert told.sent == ["a", "a", "a", "b"]
    assert outcomes(database) == [(1, "failed"), (2, "failed"), (3, "sent"), (1, "sent")]


def test_the_other_side_may_ask_for_more_time(database: Database, clock: StillClock) -> None:
    courier = Courier(database, clock, Told(Outcome(ending="failed", detail="http 429", hold_s=90)))
    tell(database, "a")
    run_dry([courier])
    assert courier.step() == 90


def test_after_ten_attempts_a_notice_is_given_up(database: Database, clock: StillClock) -> None:
    told = Told(*[FAILED] * 10)
    courier = Courier(database, clock, told)
    tell(database, "a", "b")
    for _ in range(10):
        run_dry([courier])
        clock.time += timedelta(days=1)
    assert told.sent == ["a"] * 10 + ["b"]
    assert outcomes(database)[-2:] == [(10, "given up"), (1, "sent")]


def test_what_is_refused_for_good_is_not_tried_again(database: Database, clock: StillClock) -> None:
    told = Told(Outcome(ending="refused", detail="smtp 550"))
    courier = Courier(database, clock, told)
    tell(database, "a", "b")
    run_dry([courier])
    assert told.sent == ["a", "b"]
    assert outcomes(database) == [(1, "refused"), (1, "sent")]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("moment", ["before", "in", "after"])
@pytest.mark.parametrize("write", range(5))
def test_killed_at_any_write_nothing_is_lost_and_repeats_have_one_id(
    tmp_path: Path, moment: Moment, write: int
) -> None:
    """Writes: the channel, then begun and ended of each of two notices."""
    seen = {"writes": -1}

    def probe(at: Moment) -> None:
        seen["writes"] += at == "before"
        if (at, seen["writes"]) == (moment, write):
            raise KilledError

    path, clock = tmp_path / "node.sqlite", StillClock(NOW)
    with hook_server() as hooks:
        secret, _ = secret_file(tmp_path)
        settings = WebhookSettings(name="erp", url=hooks.url, secret_file=secret, private=True)
        channel = Webhook(settings)
        prepared = Database(path)
        Courier(prepared, clock, channel)
        tell(prepared, "a", "b")
        prepared.close()
        dying = Database(path, probe=probe)
        seen["writes"] = -1
        with pytest.raises(KilledError):
            run_dry([Courier(dying, clock, channel)])
        dying.close()
        opened = Database(path)
        run_dry([Courier(opened, clock, channel)])
        # At least once, in order; doubled only where the end of an attempt was not written any more.
        doubled = {2: hooks.ids[0], 4: hooks.ids[-1]} if moment in ("before", "in") else {}
        expected = list(dict.fromkeys(hooks.ids))
        assert len(expected) == 2
        assert hooks.ids == [one for one in expected for _ in range(1 + (doubled.get(write) == one))]
        found = deliveries(opened, channel="webhook:erp", before=None, limit=10)
        assert [one["outcome"] for one in found].count("sent") == 2
        assert {one["outcome"] for one in found} <= {"sent", "unknown"}
        opened.close()
        channel.close()
