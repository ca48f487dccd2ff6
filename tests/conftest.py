"""In CI nothing is skipped in silence: a skip fails, unless it is for data that CI does not have.

Also what tests of several folders stand on: a PostgreSQL server, and places for databases of both kinds.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import support_postgres
from hypothesis import HealthCheck, settings
from support_postgres import Cluster, Places

from node.storage.engines import Place
from node.texts import speak

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("untimed")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def excused(reason: str, *, shared_data: Path = SHARED_DATA) -> bool:
    """Say whether a skip may stand in CI: it names `shared/data`, and that folder is really absent."""
    return "shared/data" in reason and not shared_data.is_dir()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: Any) -> None:
    if os.environ.get("CI") != "true" or report.outcome != "skipped":
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if not excused(reason):
        report.outcome = "failed"
        report.longrepr = f"CI does not skip: {reason}"


@pytest.fixture(autouse=True)
def english() -> None:
    """Begin every test in English: the language is the process's, and a test before may have changed it."""
    speak("en")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that all tests of this process share."""
    with support_postgres.cluster() as running:
        if running is None:
            pytest.skip("PostgreSQL is not installed: make setup-full")
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """Where this test's databases are, by name: files, then schemas."""
    if request.param == "sqlite":
        return lambda name: tmp_path / f"{name}.sqlite"
    running: Cluster = request.getfixturevalue("cluster")
    made: dict[str, Place] = defaultdict(running.new_schema)
    return made.__getitem__
