"""Inquiries through a member's node: what one takes, and whether a million rows behind it are felt.

Small and large consortium are asked in turn in one process, so that the machine's moods hit both alike.
Tokens are cached, unless `fresh` is in a figure's name.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import consortium as bench
from benchmarks.measure import Measure, at_most, percentile
from hanse_ledger.ids import SubjectId
from node.member import MemberNode

_WARM_UP = 5


def measure_inquiries(large: Path, small: Path, *, count: int) -> list[Measure]:
    """Measure single inquiries, and their ratio to the same with few rows behind them."""
    figures: dict[Path, list[float]] = {large: [], small: []}
    cpu = 0.0
    with ExitStack() as stack:
        nodes = {folder: stack.enter_context(bench.opened(folder)).member(bench.ASKING) for folder in figures}
        for number, subject in enumerate(bench.subjects(count + _WARM_UP)):
            for folder, node in nodes.items():
                busy = time.process_time()
                took = _ask(node, [subject])
                if number >= _WARM_UP:
                    figures[folder].append(took * 1e3)
                    cpu += (time.process_time() - busy) * 1e3
    halves = {folder: percentile(figures[folder], 0.5) for folder in figures}
    shared = {"inquiries": count, "tokens": "cached"}
    return [
        at_most(
            "inquiry.p50_ms", halves[large], goal=15.0, unit="ms", cpu_ms=round(cpu / count / 2, 2), **shared
        ),
        at_most("inquiry.p99_ms", percentile(figures[large], 0.99), goal=40.0, unit="ms", **shared),
        at_most(
            "inquiry.ratio_1m_to_10k",
            halves[large] / halves[small],
            goal=1.2,
            unit="x",
            small_p50_ms=round(halves[small], 2),
            **shared,
        ),
    ]


def measure_portfolio(folder: Path, *, count: int) -> Measure:
    """Measure one statement over many subjects, with their tokens cached; beside it with none cached."""
    subjects = bench.subjects(count)
    with bench.opened(folder) as embedded:
        node = embedded.member(bench.ASKING)
        _ask(node, subjects[:1])
        cached = _ask(node, subjects)
        bench.forget_tokens(node.standing)
        fresh = _ask(node, subjects)
    return at_most(
        "portfolio.ms_per_subject",
        cached * 1e3 / count,
        goal=5.0,
        unit="ms",
        subjects=count,
        tokens="cached",
        fresh_ms_per_subject=round(fresh * 1e3 / count, 2),
    )


def _ask(node: MemberNode, subjects: Sequence[SubjectId]) -> float:
    start = time.perf_counter()
    outcomes = list(node.inquire(subjects, bench.PURPOSE))
    took = time.perf_counter() - start
    if any(outcome.status != "checked" for outcome in outcomes):
        raise AssertionError("an answer was not checked")
    return took
