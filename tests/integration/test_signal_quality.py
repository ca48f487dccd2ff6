"""The figures on signal quality: the windows are what stewards answer, and nothing later is in a signal."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from support_demo import read_folder, rows_in, windows_of
from support_embedded import AS_OF, MEMBERS, tiny_demo, write_books

from benchmarks import payments, signal_quality
from benchmarks.payments import Pair
from hanse_ledger.ids import PartyId, month_text
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import Invoice
from hanse_ledger.windows import BAND_TEXT
from node.bootstrap import Embedded

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "receivables_2019"
DAY, DUE_FROM, DUE_TO = date(2019, 6, 15), date(2019, 6, 30), date(2019, 9, 30)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs shared/data/receivables_2019")
Books = Mapping[Pair, Sequence[Invoice]]


def test_windows_are_those_that_stewards_answer(tmp_path: Path) -> None:
    write_books(tmp_path)
    books, policy = payments.read_books(tmp_path)
    known = payments.known_on(books, policy, date.fromisoformat(AS_OF), asked=())
    with Embedded(tiny_demo()) as embedded:
        for member in map(PartyId, MEMBERS):
            mine = {subject: one for (of, subject), one in known.members.items() if of == member}
            outcomes = list(embedded.member(member).inquire(list(mine), "credit-review"))
            assert outcomes
            for outcome in outcomes:
                assert outcome.figures is not None
                answered = mine[outcome.subject].answered
                assert answered is not None
                assert outcome.figures.windows == answered.windows
                assert outcome.figures.last_closed == answered.last_closed


@pytest.fixture(scope="module")
def books() -> tuple[Books, Any]:
    return payments.read_books(DATA)


@needs_data
def test_all_windows_of_a_year_are_those_of_the_clear(books: tuple[Books, Any]) -> None:
    """`test_receivables_2019` holds the same windows against what a whole consortium answers."""
    invoices, policy = books
    known = payments.known_on(invoices, policy, date(2019, 12, 30), asked=())
    rows, first, last = rows_in(read_folder(DATA))
    expected = windows_of(rows, first=first, last=last)
    found = {subject: one.answered.windows for (_, subject), one in known.members.items() if one.answered}
    assert {subject: [_shown(one) for one in windows] for subject, windows in found.items()} == {
        f"ref:DEMO:{customer}": windows for customer, windows in expected.items()
    }


@needs_data
def test_nothing_after_the_day_is_in_what_was_known(books: tuple[Books, Any]) -> None:
    invoices, policy = books
    asked = list(invoices)
    changed = {pair: _later_otherwise(lines) for pair, lines in invoices.items()}
    known = payments.known_on(invoices, policy, DAY, asked=asked)
    assert payments.known_on(changed, policy, DAY, asked=asked) == known
    # What was known before does change it.
    earlier = {pair: _later_otherwise(lines, DAY - timedelta(days=60)) for pair, lines in invoices.items()}
    assert payments.known_on(earlier, policy, DAY, asked=asked) != known


@needs_data
def test_the_figures_of_the_issue(books: tuple[Books, Any]) -> None:
    """The figures are the data's and the estimator's: the same on every machine."""
    invoices, policy = books
    lines = signal_quality.measure(invoices, policy, as_of=DAY, due_from=DUE_FROM, due_to=DUE_TO)
    found = {(line["label"], line["group"]): line for line in lines}
    assert {key: (line["n"], line["late"]) for key, line in found.items()} == {
        ("late>10", "all"): (6771, 441),
        ("late>10", "thin"): (2139, 160),
        ("late>30", "all"): (6771, 211),
        ("late>30", "thin"): (2139, 47),
    }
    every, thin = found["late>10", "all"], found["late>30", "thin"]
    assert every["both"] >= 0.88
    assert every["pooled"] - every["both"] <= 0.02
    assert thin["both"] - thin["own"] >= 0.05
    assert thin["pooled"] - thin["both"] <= 0.02
    for line in lines:
        assert line["own"] < line["both"] < line["pooled"]
        for source in signal_quality.SOURCES:
            low, high = line["intervals"][source]
            assert low < line[source] < high


@needs_data
def test_the_command_prints_one_document() -> None:
    command = [sys.executable, "benchmarks/signal_quality.py", "--receivables", str(DATA), "--json"]
    period = ["--as-of", "2019-08-15", "--due-from", "2019-08-30", "--due-to", "2019-09-30"]
    done = subprocess.run([*command, *period], cwd=ROOT, check=True, capture_output=True, text=True)
    lines = json.loads(done.stdout)
    assert [(line["label"], line["group"]) for line in lines] == [
        ("late>10", "all"),
        ("late>10", "thin"),
        ("late>30", "all"),
        ("late>30", "thin"),
    ]
    assert set(lines[0]) == {
        "label", "group", "n", "late", "own", "network", "both", "pooled", "intervals"
    }  # fmt: skip


def _later_otherwise(lines: Sequence[Invoice], day: date = DAY) -> list[Invoice]:
    """Change everything of which the day did not know: payments come later or not at all, invoices go."""
    kept = [one for one in lines if one.invoice_date <= day]
    return [
        one if one.paid_date is not None and one.paid_date <= day else replace(one, paid_date=later)
        for place, one in enumerate(kept)
        for later in [None if place % 2 else day + timedelta(days=1 + place)]
    ]


def _shown(window: WindowFigures) -> dict[str, Any]:
    return {
        "months": [month_text(month) for month in window.months],
        "frozen_at": month_text(window.frozen_at),
        "contributors": BAND_TEXT[window.band],
        "condition": list(window.condition or ()),
        "exposure": list(window.exposure or ()),
        "delay": list(window.delay or ()),
        "cells": None,
    }
