"""A monitoring run that dies at any durable write goes on to the same end (seeded; the seed is printed).

Nothing is lost: every alert, plan, e-mail and webhook of a run without faults is there. Nothing is doubled:
an attempt that a crash cut off is made again under the same id, and nothing else is. `HANSE_SIM_SEED` chooses
other moments; `HANSE_SIM_ALL=1` kills at every moment of every write.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from sqlalchemy import select
from support_delivery import Hooks, Mails, hook_server, mail_server, secret_file
from support_monitor import ANALYST, Firm, import_everywhere
from support_node import FIRST, Bench, after, subject

from node.own.stepper import work_off
from node.risk.delivery.channels import channels_of
from node.risk.delivery.courier import run_dry
from node.risk.delivery.settings import DeliverySettings, MailSettings, WebhookSettings
from node.storage.database import Moment
from node.storage.monitoring_schema import alert, alert_step, notice, plan, watched
from node.storage.schema import inquiry

SEED: Final = int(os.environ.get("HANSE_SIM_SEED", "20261122"))
ALL: Final = os.environ.get("HANSE_SIM_ALL") == "1"
MOMENTS: Final[tuple[Moment, ...]] = get_args(Moment)
WORDS: Final = '{ en = "Trouble", zh = "麻烦" }'
POLICY: Final = f"""
[watch]
open_minor_least = 100_000
[[alerts]]
id = "late"
signal = "network.days_beyond_terms"
severity = "critical"
at_least = 10
plan = "trouble"
[[alerts]]
id = "owed"
signal = "own.open_minor"
severity = "medium"
at_least = 100_000
[[plans]]
id = "trouble"
title = {WORDS}
trigger = {WORDS}
steps = [{{ text = {WORDS}, owner = "analyst", within_hours = 1 }}]
"""


class KilledError(BaseException):
    """The process is gone: nothing catches it."""


@dataclass
class Faults:
    """Counts the durable writes of a node, and ends it at one of them."""

    at: tuple[int, Moment] | None = None
    writes: int = 0

    def __call__(self, moment: Moment) -> None:
        self.writes += moment == "before"
        if self.at == (self.writes, moment):
            raise KilledError


@dataclass
class Ended:
    """What a run left behind and sent out."""

    tables: dict[str, Any]
    inquiries: int
    hooks: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A member that watches two customers when a month closes; nothing has been looked at yet."""
    folder = tmp_path_factory.mktemp("prepared")
    bench = Bench(folder)
    firm = Firm(bench)
    firm.adopt(POLICY)
    import_everywhere(bench, FIRST, customer="K1", paid_after=15)
    import_everywhere(bench, FIRST, customer="K2", paid_after=None)
    firm.own.watch.add(ANALYST, subject("K1"), reason="slow")
    bench.end_month(FIRST)
    firm.bench.member(bench.members[0]).standing.catch_up()
    firm.close()
    bench.close()
    secret_file(folder)
    return folder


@pytest.fixture(scope="module")
def clean(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, int]:
    """The end without faults, and how many writes it took."""
    faults = Faults()
    ended = run(prepared, tmp_path_factory.mktemp("clean"), faults)
    return ended, faults.writes


def test_the_run_has_something_to_lose(clean: tuple[Ended, int]) -> None:
    ended, writes = clean
    assert Counter(row[0] for row in ended.tables["alert"]) == {"late": 1, "owed": 1}
    assert len(ended.tables["plan"]) == 1
    assert [row[0] for row in ended.tables["notice"]].count("plan.opened") == 1
    assert len(ended.hooks) == len(ended.mails) == 3
    assert ended.inquiries == 1
    assert writes > 15


def test_killed_at_every_write_the_run_comes_to_the_same_end(
    clean: tuple[Ended, int], prepared: Path, tmp_path: Path
) -> None:
    expected, writes = clean
    rng = random.Random(SEED)
    for write in range(1, writes + 1):
        for moment in MOMENTS if ALL else (rng.choice(MOMENTS),):
            print(f"HANSE_SIM_SEED={SEED}: killed at write {write}, {moment}")  # noqa: T201
            faults = Faults(at=(write, moment))
            ended = run(prepared, tmp_path / f"{write}-{moment}", faults)
            assert ended.tables == expected.tables
            assert ended.inquiries == expected.inquiries
            for sent, wanted in ((ended.hooks, expected.hooks), (ended.mails, expected.mails)):
                assert list(dict.fromkeys(sent)) == wanted
                # One attempt at most was cut off, and is the only one that was made twice.
                assert len(sent) <= len(wanted) + 1
            assert len(ended.hooks) + len(ended.mails) <= 2 * len(expected.hooks) + 1
            shutil.rmtree(tmp_path / f"{write}-{moment}")


def run(prepared: Path, folder: Path, faults: Faults) -> Ended:
    """Let a copy of the member work off what has happened, start it again if it dies, and look at the end."""
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    folder.chmod(0o700)
    with hook_server() as hooks, mail_server() as mails:
        settings = _settings(folder, hooks, mails)
        try:
            with _opened(folder, faults) as firm:
                _work(firm, settings)
        except KilledError:
            assert faults.at is not None
        with _opened(folder, Faults()) as firm:
            _work(firm, settings)
            tables, inquiries = _tables(firm), _inquiries(firm)
    ids = [str(mail["Message-ID"]) for mail in mails.taken]
    return Ended(tables=tables, inquiries=inquiries, hooks=hooks.ids, mails=ids)


@contextmanager
def _opened(folder: Path, faults: Faults) -> Iterator[Firm]:
    bench = Bench(folder)
    bench.clock.time = after(FIRST)
    bench.probes[bench.members[0]] = faults
    firm = Firm(bench, is_new=False)
    firm.probe = faults
    try:
        yield firm
    finally:
        firm.close()
        bench.close()


def _work(firm: Firm, settings: DeliverySettings) -> None:
    with ExitStack() as opened:
        couriers = firm.own.couriers(channels_of(settings, lambda _subject: [], opened))
        work_off(firm.own)
        run_dry(couriers)


def _settings(folder: Path, hooks: Hooks, mails: Mails) -> DeliverySettings:
    content = {"server": f"127.0.0.1:{mails.port}", "security": "none", "sender": "hanse@firm.example"}
    recipients = [{"name": "credit", "address": "credit@firm.example", "least": "low"}]
    webhook = WebhookSettings(name="erp", url=hooks.url, secret_file=folder / "secret", private=True)
    mail = MailSettings.model_validate({**content, "recipients": recipients})
    return DeliverySettings(mail=mail, webhooks=(webhook,))


def _tables(firm: Firm) -> dict[str, Any]:
    queries = {
        "alert": select(alert.c.rule, alert.c.id, alert.c.subject, alert.c.after, alert.c.state),
        "alert_step": select(alert_step.c.alert, alert_step.c.action),
        "notice": select(notice.c.kind, notice.c.id),
        "plan": select(plan.c.id, plan.c.alert, plan.c.state),
        "watched": select(watched.c.subject, watched.c.source),
    }
    with firm.own._database.read() as connection:
        return {name: sorted(map(tuple, connection.execute(query))) for name, query in queries.items()}


def _inquiries(firm: Firm) -> int:
    with firm.own._database.read() as connection:
        return len(connection.execute(select(inquiry.c.request_hash)).all())
