"""The benchmarks run and say what interfaces.md promises. How long they take is no matter of a test."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = [
    "member.private_us_per_row",
    "steward.check_us_per_row",
    "member.evidence_us_per_row",
    "steward.check_stored_us_per_row",
    "steward.close_1m_s",
    "steward.close_1m_rss_mb",
    "inquiry.p50_ms",
    "inquiry.p99_ms",
    "inquiry.ratio_1m_to_10k",
    "portfolio.ms_per_subject",
    "sequencer.statements_per_s",
    "follower.replay_ratio",
    "audit.replay_ratio",
    "reports.rows_per_s_apart",
    "agreement.p50_ms",
    "agreement.p99_ms",
    "agreement.rows_per_s",
    "agreement.inquiry_p50_ms",
    "agreement.portfolio_ms_per_subject",
    "agreement.one_down_p50_ms",
    "agreement.one_down_worst_ms",
    "agreement.catch_up_ratio",
    "inquiry.api_p50_ms",
    "inquiry.api_p99_ms",
    "portfolio.assess_10k_s",
]


def test_a_quick_run_gives_every_measure_but_the_demos() -> None:
    command = [sys.executable, "benchmarks/run.py", "--quick"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    measures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [measure["name"] for measure in measures] == NAMES
    for measure in measures:
        assert set(measure) == {"name", "value", "unit", "goal", "met", "detail"}
        sign, number = measure["goal"].split()
        value, bound = measure["value"], float(number)
        # The value is rounded for print, the verdict is not: they may differ at the bound alone.
        assert (
            measure["met"] == {"<=": value <= bound, ">=": value >= bound}[sign] or abs(value - bound) < 0.01
        )
        assert measure["value"] >= 0
        assert measure["detail"]["quick"] is True


def test_a_name_that_is_none_is_wrong_usage() -> None:
    command = [sys.executable, "benchmarks/run.py", "--only", "no.such"]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 2
