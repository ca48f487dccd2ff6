"""In CI nothing is skipped in silence: a skip fails, unless it is for data that CI does not have."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

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
