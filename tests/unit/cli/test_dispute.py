from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import SHARED, copy_of_tiny_demo


@pytest.fixture
def home(tmp_path: Path, run: Run) -> Path:
    """A demo in which ash has somebody who may answer and withdraw."""
    made = copy_of_tiny_demo(tmp_path)
    at = ("--dir", made, "--party", "ash")
    assert run("risk", "people", "add", "Ada", "--role", "admin", *at).code == 0
    assert run("risk", "people", "add", "Li Na", "--role", "compliance", "--as", "Ada", *at).code == 0
    return made


def test_a_dispute_is_opened_answered_and_resolved(run: Run, home: Path) -> None:
    ash = ("--dir", home, "--party", "ash")
    case = run("dispute", "open", SHARED, "--reference", "D-1", "--dir", home, "--json").document
    assert (case["state"], case["subject"]) == ("filed", SHARED)
    assert run("warning", "round", "--dir", home).code == 0
    listed = run("dispute", "list", "--dir", home, "--party", "desk")
    assert "open; contributors answer until" in listed.out
    asked = ("inquire", SHARED, "--purpose", "monitoring", "--party", "birch", "--dir", home, "--json")
    assert run(*asked).document[0]["disputed"] is True
    assert run("dispute", "list", *ash).code == 2  # --as is missing
    rows = run("dispute", "list", "--as", "Li Na", *ash, "--json").document
    assert [row["month"] for row in rows] == ["2024-01", "2024-02", "2024-03"]
    answered = run(
        "dispute", "answer", case["index"], "--said", "confirmed", "--month", "2024-02", "--as", "Li Na", *ash
    )
    assert "confirmed, waits for the next bulletin" in answered.out
    rest = run("dispute", "answer", case["index"], "--said", "corrected", "--as", "Li Na", *ash, "--json")
    assert [row["month"] for row in rest.document] == ["2024-01", "2024-03"]
    again = run("dispute", "answer", case["index"], "--said", "corrected", "--as", "Li Na", *ash)
    assert (again.code, "not_found" in again.err) == (1, True)
    chinese = run("--lang", "zh-CN", "dispute", "list", "--as", "Li Na", *ash)
    assert "已更正" in chinese.out
    ended = run("dispute", "resolve", case["index"], "--outcome", "upheld", "--dir", home)
    assert "resolved: upheld" in ended.out
    assert run(*asked).document[0]["disputed"] is False


def test_a_row_is_withdrawn(run: Run, home: Path) -> None:
    words = ("receivables", "withdraw", SHARED, "--month", "2024-02", "--reason", "error")
    ash = ("--dir", home, "--party", "ash")
    assert run(*words, *ash).code == 2
    withdrawn = run(*words, "--as", "Li Na", *ash)
    assert withdrawn.out.startswith(f"{SHARED}, Feb 2024: withdrawn with the next bulletin.")
    again = run(*words, "--as", "Li Na", *ash)
    assert (again.code, again.err.split("]")[0]) == (1, "It was withdrawn before. [withdrawn")
    assert run(*words, "--as", "Ada", *ash).code == 1
