import json
from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import MEMBERS, SHARED, copy_of_tiny_demo


@pytest.fixture
def april(tmp_path: Path) -> Path:
    """A demo whose clock says that April has ended, too."""
    home = copy_of_tiny_demo(tmp_path)
    content = json.loads((home / "demo.json").read_text())
    (home / "demo.json").write_text(json.dumps({**content, "as_of": "2024-04-30"}))
    return home


def test_a_month_is_reported_closed_and_answered(run: Run, april: Path, tmp_path: Path) -> None:
    (tmp_path / "april.csv").write_text(
        "invoice,customer,invoice_date,due_date,paid_date,amount,currency\n"
        "A1,SHARED,2024-04-02,2024-04-20,2024-04-10,5.00,CNY\n"
    )
    for member in MEMBERS[:4]:
        where = ("--dir", april, "--party", member)
        imported = run("receivables", "import", tmp_path / "april.csv", *where, "--json").document["imported"]
        assert (imported["new"], imported["rows"], imported["rows_due"]) == (1, 1, 1)
        told = run("report", *where, "--json").document
        assert (told["month"], told["due"], told["demo"]) == ("2024-04", True, True)
        assert told["reports"] == told["counting"] >= 1
        assert told["rows"] >= 1
    assert "Apr 2024 is reported" in run("report", "--dir", april, "--party", "ash").out
    closed = run("month", "close", "2024-04", "--dir", april, "--json")
    assert closed.code == 0
    assert closed.document == {"month": "2024-04", "closed": True, "stewards": 4}
    inquired = run("inquire", SHARED, "--purpose", "monitoring", "--dir", april, "--party", "ash", "--json")
    assert inquired.document[0]["last_closed_month"] == "2024-04"
    assert inquired.document[0]["windows"][-1]["condition"] == [0, 4, 0, 0, 0, 0, 0, 0]


def test_two_stewards_close_a_month(run: Run, april: Path) -> None:
    first = run("month", "close", "--dir", april, "--party", "steward-2", "--json")
    assert first.document == {"month": "2024-04", "closed": False, "stewards": 1}
    second = run("month", "close", "--dir", april, "--party", "steward-4")
    assert second.out == "Apr 2024 is closed.\n"
    assert run("month", "close", "--dir", april, "--party", "ash").code == 2


def test_a_month_that_is_not_due_is_refused_with_the_reason(run: Run, demo: Path) -> None:
    for words, reason in (
        ([], "2024-04 has not ended."),
        (["2024-05"], "Months close in order, and the next is 2024-04."),
        (["2023-12"], "2023-12 is before the ledger's first month."),
    ):
        ended = run("month", "close", *words, "--dir", demo)
        assert ended.code == 1
        assert ended.err == f"The month cannot be closed now. [not_due] {reason}\n"


def test_a_closed_month_stays_closed(run: Run, demo: Path) -> None:
    assert run("month", "close", "2024-03", "--dir", demo, "--json").document["closed"] is True


def test_nothing_is_due_before_a_month_has_ended(run: Run, demo: Path) -> None:
    ended = run("report", "--dir", demo, "--party", "ash")
    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith("DEMO:")
    assert "Nothing is due: Apr 2024 has not ended." in ended.out
    assert run("report", "--dir", demo, "--party", "ash", "--json").document["due"] is False


def test_a_folder_without_a_consortium_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    ended = run("report", "--dir", tmp_path)
    assert ended.code == 2
    assert "`hanse demo` makes one" in ended.err
