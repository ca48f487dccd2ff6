"""Inquiries through a member's API, over six nodes apart, in turn with plain SQL behind the same HTTP server.

The member's node, the ordering party's and the four stewards' are processes of their own; the client sends
one inquiry about one subject, whose token is cached, and waits for the answer. A million rows stand behind
both: the stewards' frozen windows, and a table of its own with an index and a GROUP BY.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks import consortium as bench
from benchmarks import plain_sql
from benchmarks.measure import Measure, at_most, percentile
from benchmarks.processes import free_urls, new_urls, running, wait_ready
from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.ids import SubjectId

_WARM_UP: Final = 10
_INTERVAL_S: Final = 5.0
"""How often nodes do by themselves what is due: six times as often as without a setting."""


def measure_api(folder: Path, table: Path, *, rows: int, count: int) -> list[Measure]:
    """Measure inquiries in a consortium that `consortium.fill` made, and selects in a plain table."""
    plain_sql.fill(table, rows=rows)
    inquiries, selects = list[float](), list[float]()
    parties = [DESK_ID, *STEWARDS.values(), bench.ASKING]
    with (
        running(folder, parties, new_urls(folder), interval_s=_INTERVAL_S) as nodes,
        _serving(table) as plain,
    ):
        member = nodes[bench.ASKING].client
        for subject in bench.subjects(count + _WARM_UP):
            inquiries.append(_timed(lambda: _inquire(member, subject)))  # noqa: B023 - called at once
            selects.append(_timed(lambda: plain.get("/figures", params={"subject": subject})))  # noqa: B023
    inquiries, selects = inquiries[_WARM_UP:], selects[_WARM_UP:]
    shared: dict[str, Any] = {"inquiries": count, "rows": rows, "tokens": "cached", "processes": len(parties)}
    return [
        at_most(
            f"inquiry.api_{name}_ms",
            percentile(inquiries, part),
            goal=goal,
            unit="ms",
            plain_sql_ms=round(percentile(selects, part), 2),
            **shared,
        )
        for name, part, goal in (("p50", 0.5, 60.0), ("p99", 0.99, 150.0))
    ]


def _inquire(member: httpx.Client, subject: SubjectId) -> httpx.Response:
    answer = member.post("/v1/inquiries", json={"subjects": [subject], "purpose": bench.PURPOSE})
    (one,) = answer.raise_for_status().json()["answers"]
    if one["status"] != "checked":
        raise AssertionError(f"an answer that is {one['status']}")
    return answer


def _timed(ask: Callable[[], httpx.Response]) -> float:
    start = time.perf_counter()
    ask().raise_for_status()
    return (time.perf_counter() - start) * 1e3


@contextmanager
def _serving(table: Path) -> Iterator[httpx.Client]:
    """Serve the plain table in a process of its own."""
    (url,) = free_urls(1)
    command = [sys.executable, "-m", "benchmarks.plain_sql", str(table), url.rpartition(":")[2]]
    with (
        httpx.Client(base_url=url, trust_env=False) as client,
        subprocess.Popen(command, stdin=subprocess.DEVNULL) as process,
    ):
        try:
            wait_ready(client, "/figures?subject=none")
            yield client
        finally:
            process.terminate()
