"""`make bench`: every measure, one JSON object a line on standard output and in `benchmarks/results.jsonl`.

`--only NAME` runs what gives that measure, `--quick` runs all on little data, to see that they run. What a
measure is made of stands in its module and in `docs/performance.md`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from benchmarks import (
    agreeing,
    apart,
    asking,
    assessing,
    consortium,
    inquiries,
    private_work,
    rendering,
    replaying,
    reporting,
    sequencing,
    signal_quality,
)
from benchmarks.measure import Measure, at_most, print_measure

RECEIVABLES: Final = Path(__file__).parents[2] / "shared" / "data" / "receivables_2019"
RESULTS: Final = Path(__file__).parent / "results.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything a run takes. A large consortium has 8 members with so many rows each."""

    large: int
    small: int
    known: int
    inquiries: int
    portfolio: int
    customers: int
    members: int
    reports: int
    batches: int
    replayed: int
    apart: tuple[int, int]
    """Members that report, and how many reports each, where all are processes."""
    asked: int
    agreed: tuple[int, int, int, int]
    """Statements one after the other, blocks to catch up with, reports a member, subjects of a portfolio."""


FULL: Final = Sizes(
    large=123 * 1_024,
    small=1_280,
    known=1_000,
    inquiries=400,
    portfolio=1_000,
    customers=10_000,
    members=8,
    reports=8,
    batches=200,
    replayed=100_000,
    apart=(4, 32),
    asked=300,
    agreed=(200, 1_000, 64, 1_000),
)
QUICK: Final = Sizes(
    large=256,
    small=64,
    known=32,
    inquiries=10,
    portfolio=20,
    customers=100,
    members=2,
    reports=1,
    batches=2,
    replayed=300,
    apart=(1, 1),
    asked=10,
    agreed=(3, 4, 1, 10),
)


class Bench:
    """One run: its sizes, and the folders of consortia that several measures share."""

    def __init__(self, home: Path, sizes: Sizes) -> None:
        self._home, self.sizes = home, sizes

    @cached_property
    def large(self) -> Path:
        """A consortium with a month of a million rows."""
        return self._filled("large", self.sizes.large)

    @cached_property
    def small(self) -> Path:
        """A consortium with a month of ten thousand rows."""
        return self._filled("small", self.sizes.small)

    def folder(self, name: str) -> Path:
        """Return a new folder."""
        path = self._home / name
        path.mkdir()
        return path

    def _filled(self, name: str, rows_a_member: int) -> Path:
        folder, start = self.folder(name), time.perf_counter()
        consortium.fill(folder, rows_a_member=rows_a_member, known=self.sizes.known)
        rows = rows_a_member * len(consortium.MEMBERS)
        _say(f"filled {name}: {rows} rows in {time.perf_counter() - start:.1f} s")
        return folder


def private(_: Bench) -> Iterator[Measure]:
    """Measure a member's and a steward's private work."""
    yield private_work.measure_member()
    yield private_work.measure_steward()


def report(bench: Bench) -> Iterator[Measure]:
    """Measure what surrounds the private work."""
    yield reporting.measure_evidence(bench.folder("evidence"), members=bench.sizes.members)
    yield reporting.measure_check_stored(bench.folder("check"), reports=bench.sizes.reports)


def close(bench: Bench) -> Iterator[Measure]:
    """Measure one steward's close of a month with a million rows, and of a quarter with as many."""
    steward = consortium.stewards(bench.large)[0]
    folder = consortium.copy_of_one(bench.large, bench.folder("close"), steward)
    month, quarter = (_closing(folder, steward, *option) for option in ((), ("--spread",)))
    rows, windows = month["rows"], month["windows"]
    yield at_most(
        "steward.close_1m_s",
        month["seconds"],
        goal=60,
        unit="s",
        rows=rows,
        windows=windows,
        quarter_s=quarter["seconds"],
        quarter_windows=quarter["windows"],
        replay_s=month["replay_s"],
    )
    yield at_most(
        "steward.close_1m_rss_mb",
        max(month["rss_mb"], quarter["rss_mb"]),
        goal=2_000,
        unit="MB",
        rows=rows,
        month_mb=month["rss_mb"],
        quarter_mb=quarter["rss_mb"],
    )


def inquire(bench: Bench) -> Iterator[Measure]:
    """Measure single inquiries."""
    yield from inquiries.measure_inquiries(bench.large, bench.small, count=bench.sizes.inquiries)


def portfolio(bench: Bench) -> Iterator[Measure]:
    """Measure a portfolio's statement."""
    yield inquiries.measure_portfolio(bench.large, count=bench.sizes.portfolio)


def order(bench: Bench) -> Iterator[Measure]:
    """Measure the sequencer over HTTP."""
    yield sequencing.measure_statements(bench.folder("sequencer"), batches=bench.sizes.batches)


def replay(bench: Bench) -> Iterator[Measure]:
    """Measure a follower that starts empty, and an audit."""
    yield from replaying.measure_replays(bench.folder("replay"), statements=bench.sizes.replayed)


def share(bench: Bench) -> Iterator[Measure]:
    """Measure reports through processes."""
    members, reports = bench.sizes.apart
    yield apart.measure_rows(bench.folder("apart"), members=members, reports=reports)


def agree(bench: Bench) -> Iterator[Measure]:
    """Measure four validators that agree on the order."""
    statements, blocks, reports, subjects = bench.sizes.agreed
    yield from agreeing.measure_agreement(
        bench.folder("agreement"), statements=statements, blocks=blocks, reports=reports, subjects=subjects
    )


def ask(bench: Bench) -> Iterator[Measure]:
    """Measure inquiries through the API. Nothing embedded opens the large consortium after it."""
    rows = bench.sizes.large * len(consortium.MEMBERS)
    table = bench.folder("plain") / "plain.sqlite"
    yield from asking.measure_api(bench.large, table, rows=rows, count=bench.sizes.asked)


def assess(bench: Bench) -> Iterator[Measure]:
    """Measure a run over all of a member's customers, whose inquiries are answered."""
    yield assessing.measure_portfolio_run(bench.folder("assess"), customers=bench.sizes.customers)


def signals(_: Bench) -> Iterator[Measure]:
    """Measure how well estimates rank who pays late, on the receivables beside the repository."""
    if not RECEIVABLES.is_dir():
        _say(f"signal quality is left out: there is no {RECEIVABLES}")
        return
    yield from signal_quality.measure_aims(RECEIVABLES)


def demo(bench: Bench) -> Iterator[Measure]:
    """Measure `hanse demo` on its sample, as a process from start to end, and rendering what it reports."""
    folder = bench.folder("demo")
    command = [sys.executable, "-m", "node.cli", "demo", "--json", "--dir", str(folder)]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield at_most("demo.sample_s", time.perf_counter() - start, goal=60, unit="s")
    yield from rendering.measure_rendering(folder)


GROUPS: Final[dict[Callable[[Bench], Iterator[Measure]], tuple[str, ...]]] = {
    private: ("member.private_us_per_row", "steward.check_us_per_row"),
    report: ("member.evidence_us_per_row", "steward.check_stored_us_per_row"),
    close: ("steward.close_1m_s", "steward.close_1m_rss_mb"),
    inquire: ("inquiry.p50_ms", "inquiry.p99_ms", "inquiry.ratio_1m_to_10k"),
    portfolio: ("portfolio.ms_per_subject",),
    order: ("sequencer.statements_per_s",),
    replay: ("follower.replay_ratio", "audit.replay_ratio"),
    share: ("reports.rows_per_s_apart",),
    agree: (
        "agreement.p50_ms",
        "agreement.p99_ms",
        "agreement.rows_per_s",
        "agreement.inquiry_p50_ms",
        "agreement.portfolio_ms_per_subject",
        "agreement.one_down_p50_ms",
        "agreement.one_down_worst_ms",
        "agreement.catch_up_ratio",
    ),
    ask: ("inquiry.api_p50_ms", "inquiry.api_p99_ms"),
    assess: ("portfolio.assess_10k_s",),
    signals: ("signals.both_below_pooled", "signals.both_above_own_thin"),
    demo: ("demo.sample_s", "report.html_ms", "report.pdf_s"),
}
OF_ONE_SIZE: Final = (signals, demo)
NAMES: Final = tuple(name for names in GROUPS.values() for name in names)


def measures(only: str | None, *, quick: bool) -> Iterator[Measure]:
    """Run what was asked for, in the order of `NAMES`; `--quick` leaves out what has one size.

    With `only` a measure comes with those that are taken in one run with it.
    """
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as home:
        bench = Bench(Path(home), QUICK if quick else FULL)
        for group, names in GROUPS.items():
            if only in names or (only is None and not (quick and group in OF_ONE_SIZE)):
                for measure in group(bench):
                    yield measure | {"detail": {**measure["detail"], "quick": quick}}


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description="Measure what docs/performance.md lists.")
    parser.add_argument("--only", choices=NAMES, metavar="NAME", help="one of " + ", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="little data, to see that everything runs")
    arguments = parser.parse_args()
    for measure in measures(arguments.only, quick=arguments.quick):
        line = print_measure(measure)
        print(line, flush=True)
        if not arguments.quick:
            with RESULTS.open("a") as results:
                results.write(f"{line}\n")


def _closing(folder: Path, steward: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.closing", str(folder), steward, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
