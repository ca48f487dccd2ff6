"""`hanse risk expert`, `hanse risk register` and `hanse review`, on a member's node of a demo."""

from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from support_cli import Ended, Run
from support_embedded import FAILING, SHARED, copy_of_tiny_demo

EXPERT = ("--rate", "credit=4x5", "--rate", "legal=1x2", "--reason", "the founder left", "--evidence", "call")
EXPIRES = ("--expires", "2024-06-30")


@pytest.fixture
def at(run: Run, tmp_path: Path) -> tuple[object, ...]:
    """A member's node, which a demo gives a person for each role, with a second approver."""
    where = ("--dir", copy_of_tiny_demo(tmp_path), "--party", "elm")
    added = run("risk", "people", "add", "bea", "--role", "approver", "--as", "admin", *where)
    assert added.code == 0
    return where


def code_of(ended: Ended) -> Any:
    return ended.document["error"]["code"]


def test_an_expert_lowers_and_raises_a_grade(run: Run, at: tuple[object, ...]) -> None:
    add = ("risk", "expert", "add", SHARED, *EXPERT, *EXPIRES, "--as", "analyst", *at)
    lowered = run(*add, "--grade", "E", "--json").document
    assert (lowered["in_force"], lowered["grade"]) == ("expert", "E")
    raised = run(*add, "--grade", "A", "--json").document
    assert (raised["grade"], raised["assessments"][0]["state"]) == ("E", "pending")
    made = raised["assessments"][0]["id"]
    confirm = ("risk", "expert", "confirm", SHARED, made, *at)
    assert code_of(run(*confirm, "--as", "analyst", "--json")) == "not_permitted"
    assert run(*confirm, "--as", "approver", "--json").document["grade"] == "A"
    assert code_of(run(*confirm, "--as", "bea", "--json")) == "expert_state"
    shown = run("risk", "expert", "history", SHARED, "--as", "auditor", *at)
    assert "Grade in force: A, an expert's" in shown.out
    assert "replaced" in shown.out
    chinese = run("risk", "expert", "history", SHARED, "--as", "auditor", *at, "--lang", "zh-CN")
    assert "有效评级：A" in chinese.out
    withdraw = ("risk", "expert", "withdraw", SHARED, made, "--reason", "old", "--as", "analyst", *at)
    assert run(*withdraw, "--json").document["in_force"] == "model"
    assert run("risk", "audit", "verify", *at).code == 0


def test_wrong_usage_of_ratings_and_grades(run: Run, at: tuple[object, ...]) -> None:
    add = (
        "risk",
        "expert",
        "add",
        SHARED,
        "--reason",
        "r",
        "--evidence",
        "e",
        *EXPIRES,
        "--as",
        "analyst",
        *at,
    )
    for words in (
        ("--grade", "F", "--rate", "credit=4x5"),
        ("--grade", "A", "--rate", "credit=4x6"),
        ("--grade", "A", "--rate", "weather=1x1"),
        ("--grade", "A"),
    ):
        assert run(*add, *words).code == 2
    late = run(*add, "--grade", "D", "--rate", "credit=1x1", "--expires", "2034-06-30", "--json")
    assert (late.code, code_of(late)) == (1, "malformed")


def test_rules_find_risks_and_people_enter_them(run: Run, at: tuple[object, ...]) -> None:
    found = run("risk", "register", "find", "--as", "analyst", *at, "--json").document
    assert found["found"] >= 1
    assert set(run("risk", "register", "find", "--as", "analyst", *at, "--json").document.values()) == {0}
    listed = run("risk", "register", "list", FAILING, "--as", "analyst", *at, "--json").document
    assert "long-past-due" in {risk["rule"] for risk in listed}
    assert "past due by more than 60 days" in run("risk", "register", "list", "--as", "analyst", *at).out
    words = (
        "--kind",
        "legal",
        "--text",
        "a lawsuit",
        "--rate",
        "2x4",
        "--evidence",
        "press",
        "--owner",
        "bea",
    )
    made = run("risk", "register", "add", SHARED, *words, "--as", "analyst", *at, "--json").document
    assert (made["owner"], made["probability"], made["impact"]) == ("bea", 2, 4)
    change = ("risk", "register", "change", SHARED, made["id"], "--reason", "settled", *at, "--json")
    assert code_of(run(*change, "--state", "accepted", "--as", "analyst")) == "not_permitted"
    assert run(*change, "--state", "closed", "--rate", "1x1", "--as", "analyst").document["state"] == "closed"
    assert code_of(run(*change, "--state", "mitigated", "--as", "analyst")) == "risk_state"
    still_open = ("risk", "register", "list", SHARED, "--state", "open", "--as", "auditor", *at)
    assert made["id"] not in {risk["id"] for risk in run(*still_open, "--json").document}
    assert run(*change, "--state", "gone", "--as", "analyst").code == 2


def test_reviews_are_due_recorded_and_in_a_calendar(run: Run, at: tuple[object, ...], tmp_path: Path) -> None:
    everybody = run("review", "due", "--all", "--as", "analyst", *at, "--json").document
    subjects = [one["subject"] for one in everybody]
    assert {SHARED, FAILING} <= set(subjects)
    assert [one["due_on"] for one in everybody] == sorted(one["due_on"] for one in everybody)
    words = ("--looked-at", "report", "--decision", "stop deliveries", "--next", "2024-04-15")
    done = run("review", "record", FAILING, *words, "--as", "analyst", *at, "--json").document
    assert (done["by"], done["next_on"]) == ("analyst", "2024-04-15")
    assert FAILING in run("review", "due", "--as", "analyst", *at).out
    assert "stop deliveries" in run("review", "list", FAILING, "--as", "auditor", *at).out
    out = tmp_path / "reviews.ics"
    assert run("review", "ics", "--out", out, "--as", "analyst", *at).code == 0
    assert out.stat().st_mode & 0o077 == 0
    assert len(Calendar.from_ical(out.read_bytes()).walk("VEVENT")) == len(everybody)
    feed = run("review", "ics", "--feed", "--as", "analyst", *at, "--json").document
    assert feed["path"].startswith("/v1/reviews/calendar.ics?key=hanse_")
    assert (
        code_of(run("review", "record", FAILING, *words, "--as", "auditor", *at, "--json")) == "not_permitted"
    )
