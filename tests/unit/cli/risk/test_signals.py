"""`hanse risk signals` and `hanse risk limits` in a demo's folder, beside what the stewards answered."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from support_cli import Ended, Run
from support_embedded import AS_OF, FAILING, SHARED, THIN, copy_of_tiny_demo

from node.bootstrap import DATABASE_FILE, PARTIES_FOLDER
from node.storage.database import Database
from node.storage.schema import inquiry


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_tiny_demo(tmp_path_factory.mktemp("signals"))


@pytest.fixture
def risk(run: Run, folder: Path) -> Run:
    return risk_in(run, folder)


@pytest.fixture
def limiting(run: Run, tmp_path: Path) -> Run:
    """In a demo's folder of its own, as limits stay."""
    return risk_in(run, copy_of_tiny_demo(tmp_path))


def risk_in(run: Run, folder: Path) -> Run:
    """Run a command of risk management as the analyst at birch, or somebody else of the demo's people."""

    def risk(*words: object, who: str = "analyst", party: str = "birch") -> Ended:
        return run("risk", *words, "--as", who, "--dir", folder, "--party", party)

    return risk


def inquired(run: Run, folder: Path, *subjects: str, party: str = "birch") -> None:
    asked = run("inquire", *subjects, "--purpose", "credit-review", "--dir", folder, "--party", party)
    assert asked.code == 0


def test_signals_follow_from_the_answer_the_book_and_no_further_inquiry(
    run: Run, risk: Run, folder: Path
) -> None:
    inquired(run, folder, FAILING)
    size = run("log", "audit", "--dir", folder, "--json").document["size"]
    document = risk("signals", FAILING, "--json").document
    found = {one["name"]: one for one in document["signals"]}
    # Four firms' rows in each of three months: three open invoices a firm at last, of 57 days beyond terms.
    assert found["network.past_due_share"]["value"] == 1
    assert found["network.breadth"]["interval"] == [4, 5]
    assert found["network.days_beyond_terms"]["months"] == ["2024-01", "2024-03"]
    assert found["own.past_due_share"]["value"] == 1
    assert found["own.open_minor"]["value"] == 3 * 2_000_150
    assert found["own.limit_minor"]["unknown"] == "no_limit"
    # Birch is one of the four: three others are fewer than the minimum.
    assert found["versus.others_days"]["unknown"] == "too_few_firms"
    assert document["as_of"] > AS_OF
    assert run("log", "audit", "--dir", folder, "--json").document["size"] == size


def test_who_does_not_report_sees_the_others_and_has_nothing_to_compare(
    run: Run, risk: Run, folder: Path
) -> None:
    inquired(run, folder, FAILING, party="ash")
    document = risk("signals", FAILING, "--json", party="ash").document
    found = {one["name"]: one for one in document["signals"]}
    assert found["versus.others_days"]["value"] == found["network.days_beyond_terms"]["value"]
    assert found["versus.delay_days"]["unknown"] == "own_row_missing"
    assert found["own.open_minor"]["unknown"] == "no_invoice"


def test_too_few_firms_and_never_asked_say_so(run: Run, risk: Run, folder: Path) -> None:
    inquired(run, folder, THIN)
    thin = {one["name"]: one["unknown"] for one in risk("signals", THIN, "--json").document["signals"]}
    never = risk("signals", "ref:DEMO:NEVER", "--json").document
    assert thin["network.late_share"] == "no_window"
    assert thin["network.warning_level"] is None
    assert {one["name"]: one["unknown"] for one in never["signals"]}["network.late_share"] == "not_asked"


def test_figures_that_were_not_kept_are_read_from_the_signed_answers(
    run: Run, risk: Run, folder: Path
) -> None:
    inquired(run, folder, SHARED)
    before = risk("signals", SHARED, "--json").document
    place = folder / PARTIES_FOLDER / "birch" / DATABASE_FILE
    with closing(Database(place)) as database, database.write() as connection:
        connection.execute(inquiry.update().values(figures=None))
    assert risk("signals", SHARED, "--json").document == before
    assert {one["name"]: one["value"] for one in before["signals"]}["network.late_share"] is not None


def test_a_person_reads_them_in_both_languages(run: Run, risk: Run, folder: Path) -> None:
    inquired(run, folder, FAILING)
    shown = risk("signals", FAILING, "--formulas")
    assert shown.code == 0
    assert "What is known of ref:DEMO:FAILING" in shown.out
    assert "Your firm has set no limit." in shown.out
    assert "Your open balance / your limit." not in shown.out
    assert "All that is unpaid" in shown.out
    chinese = risk("signals", FAILING, "--lang", "zh-CN").out
    assert "对 ref:DEMO:FAILING 所知的情况" in chinese
    assert "本企业尚未设定额度。" in chinese


def test_every_look_is_in_the_audit_chain_and_nobody_looks_unnamed(risk: Run, run: Run, folder: Path) -> None:
    assert risk("signals", SHARED).code == 0
    at = ("--dir", folder, "--party", "birch")
    rows = risk("audit", "export", "--json", who="auditor").document["rows"]
    looks = [one for one in rows if one["action"] == "signals.viewed"]
    assert (looks[-1]["actor"], looks[-1]["subject"]) == ("analyst", SHARED)
    assert risk("signals", SHARED, who="admin").code == 1
    assert run("risk", "signals", SHARED, *at).code == 2


def test_a_file_of_limits_is_taken_whole_or_not_at_all(limiting: Run, tmp_path: Path) -> None:
    file = tmp_path / "limits.csv"
    file.write_text("customer,limit\nFAILING,100000\nSHARED,2500.50\nNOBODY,1\n")
    refused = limiting("limits", "import", file, who="approver")
    assert refused.code == 1
    assert "No limit was set." in refused.out
    assert "Line 4" in refused.out
    assert limiting("limits", "list", "--json").document == []
    taken = limiting("limits", "import", file, "--skip-refused", "--json", who="approver").document
    assert [taken[name] for name in ("new", "changed", "unchanged")] == [2, 0, 0]
    assert [(one["line"], one["reason"]) for one in taken["refused"]] == [(4, "no_subject")]
    again = limiting("limits", "import", file, "--skip-refused", who="approver")
    assert "new 0, changed 0, unchanged 2" in again.out
    limits = {
        one["subject"]: one["limit"]["amount_minor"] for one in limiting("limits", "list", "--json").document
    }
    assert limits == {FAILING: 10_000_000, SHARED: 250_050}
    assert "CN¥2,500.50" in limiting("limits", "list").out


def test_one_limit_is_set_used_and_taken_away(limiting: Run) -> None:
    assert "120,009.00" in limiting("limits", "set", FAILING, "120009", who="approver").out
    document = limiting("signals", FAILING, "--json").document
    found = {one["name"]: one["value"] for one in document["signals"]}
    assert found["own.limit_minor"] == 12_000_900
    assert found["own.utilisation"] == 0.5
    assert "no limit any more" in limiting("limits", "set", FAILING, "--remove", who="approver").out
    ended = limiting("limits", "set", FAILING, "--remove", "--json", who="approver")
    assert (ended.code, ended.document["error"]["code"]) == (1, "not_found")


@pytest.mark.parametrize("words", [(), ("5", "--remove"), ("many",), ("0.001",), ("inf",), ("nan",)])
def test_wrong_usage_of_a_limit(limiting: Run, words: tuple[str, ...]) -> None:
    assert limiting("limits", "set", FAILING, *words, who="approver").code == 2


@pytest.mark.parametrize("words", [("set", FAILING, "5"), ("set", FAILING, "--remove")])
def test_an_analyst_sets_no_limits(limiting: Run, words: tuple[str, ...]) -> None:
    ended = limiting("limits", *words, "--json", who="analyst")
    assert (ended.code, ended.document["error"]["code"]) == (1, "not_permitted")
    assert json.dumps(FAILING) not in ended.err
