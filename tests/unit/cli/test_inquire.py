import json
from pathlib import Path

import pytest
from support_cli import Ended, Run
from support_embedded import FAILING, SHARED, THIN

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document
from node.commands.inquire import check_ids

FIELDS = ["format", "consortium", "party", "subject", "purpose", "request_id"]
FIGURES = ["status", "last_closed_month", "windows", "warning_level", "disputed"]


@pytest.fixture
def inquire(run: Run, demo: Path) -> Run:
    def inquire(*words: object, purpose: str = "credit-review", party: str = "birch") -> Ended:
        return run("inquire", *words, "--purpose", purpose, "--dir", demo, "--party", party)

    return inquire


def size_of_log(run: Run, demo: Path) -> int:
    return int(run("log", "audit", "--dir", demo, "--json").document["size"])


def test_json_is_a_list_of_answer_objects_in_the_order_asked(inquire: Run) -> None:
    ended = inquire(THIN, SHARED, "ref:demo:thin", FAILING, "--json")
    assert ended.code == 0
    assert ended.err == ""
    answers = ended.document
    assert [answer["subject"] for answer in answers] == [THIN, SHARED, THIN, FAILING]
    assert [answer["status"] for answer in answers] == ["nothing", "checked", "nothing", "checked"]
    assert answers[0] == answers[2]
    assert all(list(answer) == FIELDS + FIGURES for answer in answers)
    assert len({answer["request_id"] for answer in answers}) == 3
    assert answers[1]["last_closed_month"] == "2024-03"


def test_a_bad_id_anywhere_and_nothing_is_logged(run: Run, inquire: Run, demo: Path) -> None:
    before = size_of_log(run, demo)
    ended = inquire(SHARED, "uscc:91350100M000100Y44", THIN, "nonsense", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "subject_id"
    assert "subject 2: " in ended.err
    assert "subject 4: " in ended.err
    assert "subject 1" not in ended.err
    assert "91350100" not in ended.err
    assert "nonsense" not in ended.err
    assert size_of_log(run, demo) == before


def test_one_statement_logs_all_subjects_and_a_repeated_one_once(run: Run, inquire: Run, demo: Path) -> None:
    before = size_of_log(run, demo)
    assert inquire(SHARED, THIN, SHARED, "--json").code == 0
    assert size_of_log(run, demo) == before + 1
    shown = run("log", "show", before, "--dir", demo, "--json").document
    assert shown["kind"] == "inquiry"
    assert len(shown["body"][0]) == 2


def test_a_refused_purpose_is_an_answer_with_a_code_and_exit_1(inquire: Run) -> None:
    ended = inquire(SHARED, purpose="curiosity")
    assert ended.code == 1
    assert "[purpose]" in ended.out
    (answer,) = inquire(SHARED, "--json", purpose="curiosity").document
    assert answer == {
        **{name: answer[name] for name in FIELDS},
        "status": "refused",
        "code": "purpose",
    }


def test_the_desk_may_ask_for_subject_access_alone(inquire: Run) -> None:
    assert inquire(SHARED, "--json", purpose="subject-access", party="desk").code == 0
    assert inquire(SHARED, "--json", party="desk").document[0]["code"] == "purpose"


def test_a_person_reads_a_report_of_one_and_a_table_of_many(inquire: Run) -> None:
    one, many = inquire(FAILING), inquire(FAILING, SHARED, "--full")
    assert "Your own rows beside the others'" in one.out
    assert many.out.count("Report on") == 2
    table = inquire(FAILING, SHARED, THIN)
    assert "Report on" not in table.out
    assert [line.split()[0] for line in table.out.splitlines() if "ref:" in line] == [FAILING, SHARED, THIN]


def test_ones_own_part_is_taken_off(inquire: Run) -> None:
    # Four firms report on it, birch is one of them.
    (answer,) = inquire(FAILING, "--json").document
    assert [sum(window["condition"]) for window in answer["windows"]] == [4, 4, 4]
    rows = [line.split() for line in inquire(FAILING).out.splitlines() if line.strip().startswith("Jan 2024")]
    assert rows[0][2:4] == ["4-5", "3"]
    others = inquire(FAILING, party="ash").out
    assert next(line.split()[3] for line in others.splitlines() if line.strip().startswith("Jan 2024")) == "4"


def test_it_speaks_chinese(inquire: Run) -> None:
    out = inquire(FAILING, "--lang", "zh-CN").out
    assert "关于 ref:DEMO:FAILING 的报告" in out
    assert "2024年1月" in out
    assert "各企业自行决定" in out
    assert "演示" in out


def test_out_writes_the_file_that_is_named(inquire: Run, demo: Path, tmp_path: Path) -> None:
    target = tmp_path / "some.hanse.json"
    ended = inquire(SHARED, SHARED, "--out", target, "--json")
    verified = verify_answer_file(
        target.read_bytes(), parse_document((demo / "consortium.json").read_bytes())
    )
    assert ended.document == [verified, verified]
    assert [path.name for path in tmp_path.iterdir()] == ["some.hanse.json"]


@pytest.mark.parametrize("folder", ["new/", "old"])
def test_out_writes_into_a_folder_by_request_id(inquire: Run, tmp_path: Path, folder: str) -> None:
    (tmp_path / "old").mkdir()
    (answer,) = inquire(THIN, "--out", f"{tmp_path}/{folder}", "--json").document
    assert [path.name for path in (tmp_path / folder).iterdir()] == [f"{answer['request_id']}.hanse.json"]


def test_out_is_a_folder_for_several_and_what_is_refused_makes_no_file(inquire: Run, tmp_path: Path) -> None:
    answers = inquire(THIN, SHARED, "--out", tmp_path / "files", "--json").document
    names = sorted(f"{answer['request_id']}.hanse.json" for answer in answers)
    assert sorted([path.name for path in (tmp_path / "files").iterdir()]) == names
    ended = inquire(THIN, "--out", tmp_path / "none", purpose="curiosity")
    assert ended.code == 1
    assert "No answer file for request" in ended.err
    assert not (tmp_path / "none").exists()


def test_subjects_may_come_from_a_file(inquire: Run, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text(f"{SHARED}\n\n  {THIN}\n")
    answers = inquire(FAILING, "--subjects-file", tmp_path / "ids.txt", "--json").document
    assert [answer["subject"] for answer in answers] == [FAILING, SHARED, THIN]
    (tmp_path / "ids.txt").write_bytes(b"\xff\xfe\x00")
    assert inquire("--subjects-file", tmp_path / "ids.txt").code == 2


def test_somebody_has_to_be_asked_about_by_somebody(run: Run, inquire: Run, demo: Path) -> None:
    assert inquire().code == 2
    nobody = run("inquire", SHARED, "--purpose", "credit-review", "--dir", demo)
    assert nobody.code == 2
    assert "one of: ash, birch, cedar, desk, dill, elm" in nobody.err
    steward = inquire(SHARED, party="steward-1")
    assert steward.code == 2
    assert "these can: ash" in steward.err


def test_the_folder_and_the_party_may_come_from_the_environment(start: Run, demo: Path) -> None:
    ended = start(
        "inquire", SHARED, "--purpose", "credit-review", "--json", HANSE_DIR=str(demo), HANSE_PARTY="elm"
    )
    assert ended.code == 0
    assert ended.err == ""
    assert [answer["party"] for answer in json.loads(ended.out)] == ["elm"]


def test_ids_are_cleaned_up_and_the_first_bad_ones_named() -> None:
    assert check_ids([" ref : demo : shared ", "uscc:91350100m000100y43"]) == [
        "ref:DEMO:SHARED",
        "uscc:91350100M000100Y43",
    ]
    with pytest.raises(Exception, match=r"subject 10: .*; and 2 more") as caught:
        check_ids(["x"] * 12)
    assert "subject 11" not in str(caught.value)
