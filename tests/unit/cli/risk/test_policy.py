"""`hanse risk policy`, `assess`, `matrix`, `response` and `local`, beside a node that may be running."""

from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import copy_of_tiny_demo
from support_people import write_config

from node.risk.policy import default_raw

PEOPLE = (("ann", "analyst"), ("bo", "approver"), ("di", "auditor"))
SUBJECT = "ref:DEMO:1"


@pytest.fixture
def config(run: Run, tmp_path: Path) -> Path:
    """A node with the admin ada, an analyst, an approver and an auditor."""
    made = write_config(tmp_path)
    assert run("risk", "people", "add", "ada", "--role", "admin", "--config", made).code == 0
    for name, role in PEOPLE:
        added = run("risk", "people", "add", name, "--role", role, "--as", "ada", "--config", made)
        assert added.code == 0
    return made


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    path = tmp_path / "stricter.toml"
    path.write_bytes(default_raw().replace(b"C = 55", b"C = 60"))
    return path


def test_a_file_is_checked_without_a_node(run: Run, stricter: Path) -> None:
    assert run("risk", "policy", "check", stricter).out == "The policy can be adopted.\n"
    stricter.write_bytes(stricter.read_bytes().replace(b"weight = 16", b"weight = 17", 1))
    ended = run("risk", "policy", "check", stricter)
    line = stricter.read_text().splitlines().index("[[scorecard.factors]]") + 1
    assert ended.code == 1
    assert ended.out == f"line {line}: the weights of all factors make 101, not 100\n"
    as_json = run("risk", "policy", "check", stricter, "--json")
    assert (as_json.code, as_json.document["valid"], as_json.document["faults"][0]["line"]) == (
        1,
        False,
        line,
    )


def test_show_prints_the_file_to_the_byte(run: Run, config: Path, stricter: Path) -> None:
    at = ("--as", "bo", "--config", config)
    assert run("risk", "policy", "show", *at).out.encode() == default_raw()
    assert run("risk", "policy", "adopt", stricter, "--note", "why", "--replaces", "0", *at).code == 0
    assert run("risk", "policy", "show", *at).out.encode() == stricter.read_bytes()
    assert run("risk", "policy", "show", "--version", "0", *at).out.encode() == default_raw()
    versions = run("risk", "policy", "history", *at, "--json").document
    assert [(one["version"], one["actor"], one["note"]) for one in versions] == [
        (1, "bo", "why"),
        (0, "system", ""),
    ]
    assert "why" in run("risk", "policy", "history", *at).out
    assert "风险政策的各版本" in run("risk", "policy", "history", *at, "--lang", "zh-CN").out


def test_preview_changes_nothing_and_adopt_needs_the_role(run: Run, config: Path, stricter: Path) -> None:
    at = ("--config", config)
    found = run("risk", "policy", "preview", stricter, "--as", "ann", *at, "--json").document
    assert (found["version"], found["customers"], found["changes"]) == (0, 0, [])
    assert run("risk", "policy", "preview", stricter, "--as", "ann", *at, "--lang", "zh-CN").code == 0
    denied = run("risk", "policy", "adopt", stricter, "--as", "ann", *at, "--json")
    assert (denied.code, denied.document["error"]["code"]) == (1, "not_permitted")
    stricter.write_text("x = ")
    refused = run("risk", "policy", "adopt", stricter, "--as", "bo", *at)
    assert (refused.code, "[risk_policy] line 1: not TOML" in refused.err) == (1, True)
    assert run("risk", "policy", "show", "--as", "bo", *at, "--json").document["version"] == 0


def test_from_an_assessment_to_a_notice(run: Run, config: Path) -> None:
    ann, bo = ("--as", "ann", "--config", config), ("--as", "bo", "--config", config)
    shown = run("risk", "assess", SUBJECT, *ann)
    assert "U: too little is known" in shown.out
    assert "U：信息不足" in run("risk", "assess", SUBJECT, *ann, "--lang", "zh-CN").out
    (made,) = run("risk", "assess", SUBJECT, "--respond", *ann, "--json").document["proposed"]
    assert made[:8] in run("risk", "response", "list", "--state", "proposed", *ann).out
    assert run("risk", "response", "approve", made, *ann).code == 1
    assert run("risk", "response", "approve", made[:6], *bo).out == "The response is approved.\n"
    done = run("risk", "response", "done", made, "--outcome", "called", *ann, "--json").document
    assert (done["state"], done["outcome"]) == ("done", "called")
    assert run("risk", "response", "reject", made, "--reason", "x", *bo).code == 1
    notice = run("risk", "response", "notice", made, *bo)
    assert "Too little is known of how payments were made." in notice.out
    assert "对付款情况了解不足。" in run("risk", "response", "notice", made, *bo, "--lang", "zh-CN").out


def test_everybody_and_the_matrix(run: Run, config: Path) -> None:
    di = ("--as", "di", "--config", config)
    assert run("risk", "assess", "--all", *di, "--json").document["assessments"] == []
    assert "Customers by grade" in run("risk", "assess", "--all", *di).out
    assert run("risk", "matrix", *di, "--json").document["customers"] == []
    assert "In no cell" in run("risk", "matrix", SUBJECT, *di).out


def test_the_matrix_of_one_customer_has_the_risks_of_its_register(run: Run, config: Path) -> None:
    ann = ("--as", "ann", "--config", config)
    rated = ("--kind", "market", "--rate", "4x5", "--evidence", "the gazette")
    entered = run("risk", "register", "add", SUBJECT, *rated, "--text", "the quarry closes", *ann)
    assert entered.code == 0, entered.err
    (risk,) = run("risk", "matrix", SUBJECT, *ann, "--json").document["risks"]
    assert (risk["kind"], risk["level"]) == ("market", "high")
    assert "the quarry closes" in run("risk", "matrix", SUBJECT, *ann).out
    assert run("risk", "matrix", *ann, "--json").document["risks"] == []  # nobody's customer


def test_what_is_entered_is_listed(run: Run, config: Path) -> None:
    ann = ("--as", "ann", "--config", config)
    days = ("--as-of", "2020-01-01", "--expires", "2100-01-01")
    entered = run("risk", "local", "industry", SUBJECT, "--outlook", "-1", *days, *ann)
    assert entered.out == "Industry outlook: -1\n"
    figures = (
        "--model",
        "z2",
        "--total-assets",
        "1000",
        "--total-liabilities",
        "600",
        "--working-capital",
        "150",
    )
    more = ("--retained-earnings", "200", "--ebit", "80", "--book-equity", "400")
    assert run("risk", "local", "altman", SUBJECT, *figures, *more, *days, *ann).out == (
        "Altman Z: 2.87 (zone of safety)\n"
    )
    listed = run("risk", "local", "list", SUBJECT, *ann, "--json").document
    assert [(one["kind"], one["value"]) for one in listed][1] == ("industry", -1)
    assert "安全区" in run("risk", "local", "list", SUBJECT, *ann, "--lang", "zh-CN").out


@pytest.mark.parametrize(
    "words",
    [
        ("assess", "--as", "ann"),
        ("assess", SUBJECT, "--all", "--as", "ann"),
        ("assess", SUBJECT),
        ("response", "list", "--state", "lost", "--as", "ann"),
        ("response", "list", "--due-by", "soon", "--as", "ann"),
    ],
)
def test_wrong_usage(run: Run, config: Path, words: tuple[str, ...]) -> None:
    assert run("risk", *words, "--config", config).code == 2


def test_nothing_of_it_is_ever_in_the_log(run: Run, tmp_path: Path, stricter: Path) -> None:
    home = copy_of_tiny_demo(tmp_path)
    before = run("log", "audit", "--dir", home, "--json").document
    at = ("--dir", home, "--party", "ash")
    bo = (*at, "--as", "approver")  # a demo has a person for each role
    run_all = run("risk", "assess", "--all", "--respond", *bo, "--json").document
    assert run_all["proposed"]
    assert run("risk", "policy", "adopt", stricter, *bo).code == 0
    days = ("--as-of", "2024-01-01", "--expires", "2100-01-01")
    assert run("risk", "local", "industry", "ref:DEMO:SHARED", "--outlook", "1", *days, *bo).code == 0
    for made in run_all["proposed"]:
        run("risk", "response", "approve", made, *bo)
    assert run("risk", "response", "list", "--state", "approved", *bo, "--json").document
    assert run("risk", "matrix", *bo, "--json").document["customers"]
    assert run("report", *at).code == 0
    after = run("log", "audit", "--dir", home, "--json").document
    # The node of that party has a copy of the log by now; the log itself is the same.
    assert {**after, "copies": None} == {**before, "copies": None}
