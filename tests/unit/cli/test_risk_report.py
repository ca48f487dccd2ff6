"""`hanse risk report` and `hanse risk portfolio` in a demo's folder."""

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
from support_cli import Ended, Run
from support_layout import need_pdf

BIRCH = "birch"
SHARED = "ref:DEMO:SHARED"


@pytest.fixture
def risk(run: Run, demo: Path) -> Run:
    """Run `hanse risk ...` as birch's analyst; a demo's members have a person in each role, called by it."""

    def risk(*words: object, person: str = "analyst") -> Ended:
        return run("risk", *words, "--as", person, "--dir", demo, "--party", BIRCH)

    return risk


def looks(run: Run, demo: Path) -> list[str]:
    exported = run("risk", "audit", "export", "--as", "auditor", "--dir", demo, "--party", BIRCH).out
    return [json.loads(line)["action"] for line in exported.splitlines()]


def test_a_report_is_asked_for_once_and_then_made_of_what_is_stored(risk: Run, run: Run, demo: Path) -> None:
    first = risk("report", SHARED, "--json").document
    size = run("log", "audit", "--dir", demo, "--json").document["size"]
    again = risk("report", SHARED, "--json").document
    assert run("log", "audit", "--dir", demo, "--json").document["size"] == size
    assert first["answer"] == again["answer"]
    assert first["answer"]["last_closed_month"] == first["last_closed_month"]
    assert looks(run, demo).count("report.viewed") >= 2


def test_without_asking_a_report_says_that_nobody_has(risk: Run) -> None:
    ended = risk("report", "ref:DEMO:NEVER", "--no-ask")
    assert ended.code == 0
    assert "Nobody at your firm has asked the network about this customer." in ended.out


def test_the_answer_file_is_inside_and_beside_and_verifies(
    risk: Run, run: Run, demo: Path, tmp_path: Path
) -> None:
    document = risk("report", SHARED, "--json", "--html", tmp_path / "r.html").document
    (beside,) = tmp_path.glob("*.hanse.json")
    assert beside.name == f"{document['answer']['request_id']}.hanse.json"
    assert json.loads(beside.read_bytes()) == document["proof"]
    inside = tmp_path / "inside.hanse.json"
    inside.write_text(json.dumps(document["proof"]))
    for path in (beside, inside):
        assert run("verify", path, "--consortium", demo / "consortium.json").code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert f'download="{beside.name}"' in page
    assert (tmp_path / "r.html").stat().st_mode & 0o077 == 0


def test_a_pdf_is_written(risk: Run, tmp_path: Path) -> None:
    need_pdf()
    assert risk("report", SHARED, "--pdf", tmp_path / "r.pdf", "--lang", "zh-CN").code == 0
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_nobody_without_a_name_and_a_role_gets_a_report(run: Run, risk: Run, demo: Path) -> None:
    assert run("risk", "report", SHARED, "--dir", demo, "--party", BIRCH).code == 2
    ended = risk("report", SHARED, person="nobody")
    assert ended.code == 1
    assert "[not_permitted]" in ended.err
    assert "[not_permitted]" in risk("report", SHARED, person="admin").err


def test_a_bad_id_is_refused_before_anything_is_opened(risk: Run) -> None:
    assert "[subject_id]" in risk("report", "lei:5493001KJTIIGC8Y1R13").err


def test_the_portfolio_adds_up_and_comes_as_csv_and_as_a_workbook(risk: Run, tmp_path: Path) -> None:
    told = risk("portfolio", "--json", "--csv", tmp_path / "p.csv", "--xlsx", tmp_path / "p.xlsx").document
    assert told["format"] == "hanse-portfolio-risk/1"
    customers = told["total"]["customers"]
    assert customers == sum(mass["customers"] for mass in told["grades"].values())
    assert customers == len(told["positions"])
    lines = list(csv.reader(io.StringIO((tmp_path / "p.csv").read_text("utf-8-sig"))))
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").active
    assert sheet is not None
    assert len(lines) == sheet.max_row == customers + 1


def test_a_second_run_says_who_has_moved_since_the_first(risk: Run) -> None:
    risk("portfolio", "--json")
    told = risk("portfolio", "--json").document
    assert told["since_last_run"]["movers"] == []
    shown = risk("portfolio").out
    assert "Nobody has moved." in shown
    assert "Portfolio risk" in shown
