from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import SHARED, copy_of_tiny_demo


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copy_of_tiny_demo(tmp_path)


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
    rows = run("dispute", "list", "--as", "compliance", *ash, "--json").document
    assert [row["month"] for row in rows] == ["2024-01", "2024-02", "2024-03"]
    answer = ("dispute", "answer", case["index"], "--as", "compliance", *ash)
    answered = run(*answer, "--said", "confirmed", "--month", "2024-02")
    assert "confirmed, waits for the next bulletin" in answered.out
    rest = run(*answer, "--said", "corrected", "--json")
    assert [row["month"] for row in rest.document] == ["2024-01", "2024-03"]
    again = run(*answer, "--said", "corrected")
    assert (again.code, "not_found" in again.err) == (1, True)
    chinese = run("--lang", "zh-CN", "dispute", "list", "--as", "compliance", *ash)
    assert "已更正" in chinese.out
    ended = run("dispute", "resolve", case["index"], "--outcome", "upheld", "--dir", home)
    assert "resolved: upheld" in ended.out
    assert run(*asked).document[0]["disputed"] is False


def test_a_row_is_withdrawn(run: Run, home: Path) -> None:
    words = ("receivables", "withdraw", SHARED, "--month", "2024-02", "--reason", "error")
    ash = ("--dir", home, "--party", "ash")
    assert run(*words, *ash).code == 2
    withdrawn = run(*words, "--as", "compliance", *ash)
    assert withdrawn.out.startswith(f"{SHARED}, Feb 2024: withdrawn with the next bulletin.")
    again = run(*words, "--as", "compliance", *ash)
    assert (again.code, again.err.split("]")[0]) == (1, "It was withdrawn before. [withdrawn")
    assert run(*words, "--as", "admin", *ash).code == 1


def test_a_subject_learns_how_often_it_was_inquired_on(run: Run, home: Path) -> None:
    desk = ("--dir", home, "--party", "desk")
    learnt = run("dispute", "access", SHARED, *desk, "--json")
    assert learnt.code == 0, learnt.err
    assert learnt.document["checked"] is True
    assert learnt.document["answer"]["purpose"] == "subject-access"
    # The demo's own inquiries stand in the month that is open still.
    assert learnt.document["inquiries"] == []
    assert run("dispute", "access", SHARED, *desk).out == "No inquiry named the subject in a closed month.\n"
