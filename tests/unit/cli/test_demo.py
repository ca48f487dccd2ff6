import fcntl
import os
import shlex
from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import MEMBERS, MONTHS, write_books

from hanse_ledger.errors import UnavailableError
from node.commands import nodes
from node.commands.nodes import alone_in


@pytest.fixture
def books(tmp_path: Path) -> Path:
    write_books(tmp_path / "books")
    return tmp_path / "books"


def test_a_finished_demo_files_nothing_and_prints_its_report_again(run: Run, demo: Path, books: Path) -> None:
    before = run("log", "audit", "--dir", demo, "--json").document["size"]
    first, again = (
        run("demo", "--dir", demo, "--receivables", books),
        run("demo", "--dir", demo, "--receivables", books),
    )
    assert first.code == 0
    assert first.out == again.out
    assert "finished already; nothing was filed" in first.out
    assert "Members 5, months 3" in first.out
    assert "Report on ref:DEMO:" in first.out
    assert run("log", "audit", "--dir", demo, "--json").document["size"] == before


def test_the_commands_to_try_next_work(run: Run, demo: Path, books: Path) -> None:
    lines = run("demo", "--dir", demo, "--receivables", books).out.splitlines()
    commands = [shlex.split(line) for line in lines if line.startswith("  hanse ")]
    assert [command[1] for command in commands] == ["inquire", "verify", "log", "risk", "risk"]
    for command in commands:
        assert run(*command[1:]).code == 0


def test_it_ends_with_a_good_and_a_bad_customer_in_both_languages(run: Run, demo: Path, books: Path) -> None:
    told = run("demo", "--dir", demo, "--receivables", books, "--json").document
    good, bad = told["risk"]
    assert good["assessment"]["score"] > bad["assessment"]["score"]
    shown = run("demo", "--dir", demo, "--receivables", books).out
    for document in (good, bad):
        subject = document["subject"]["id"]
        assert shown.count(f"Credit risk report on {subject}\n") == 1
        assert shown.count(f"{subject} 信用风险报告\n") == 1
    last = [line for line in shown.splitlines() if "信用风险报告" in line or line == "Files"]
    assert last[-1] == "Files"
    pages = [Path(path).name for path in told["files"] if path.endswith(".html")]
    assert sorted(page.split(".", 1)[1] for page in pages) == [
        "en.html",
        "en.html",
        "zh-CN.html",
        "zh-CN.html",
    ]
    for document in (good, bad):
        file = demo / "risk" / f"{document['answer']['request_id']}.hanse.json"
        assert run("verify", file, "--consortium", demo / "consortium.json").code == 0


def test_json_says_what_the_folder_holds(run: Run, demo: Path, books: Path) -> None:
    told = run("demo", "--dir", demo, "--receivables", books, "--json").document
    assert (told["members"], told["months"], told["fresh"]) == (list(MEMBERS), list(MONTHS), False)
    assert told["made_up"] is False
    assert told["refused"] == []
    assert told["report"] in told["answers"]
    assert all(Path(path).is_file() for path in [told["consortium"], *told["files"]])


def test_other_receivables_are_refused(run: Run, demo: Path, books: Path) -> None:
    (books / "ash.csv").write_text((books / "birch.csv").read_text())
    ended = run("demo", "--dir", demo, "--receivables", books)
    assert ended.code == 1
    assert "[other_receivables]" in ended.err
    assert run("demo", "--dir", demo, "--receivables", books / "missing").code == 2


def test_a_new_demo_from_a_folder(start: Run, books: Path, tmp_path: Path) -> None:
    (books / "fir.csv").write_text((books / "elm.csv").read_text() + "X1,SHARED,2024-01-02,,,5.00,CNY\n")
    ended = start("demo", "--dir", tmp_path / "new", "--receivables", books, "--lang", "zh-CN")
    assert ended.code == 0
    assert ended.err == ""
    assert "演示已完成。" in ended.out
    assert "成员 6" in ended.out
    assert "fir: 第" in ended.out  # the refused line, listed


def test_a_second_command_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone_in(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    monkeypatch.setattr(nodes, "_ATTEMPTS", 2)
    monkeypatch.setattr(nodes, "_PAUSE_S", 0.0)
    with pytest.raises(UnavailableError, match="another command"), alone_in(tmp_path):
        pass
    os.close(other)
    assert capsys.readouterr().err == "Another command is at work in this folder; waiting for it.\n"
    with alone_in(tmp_path):
        pass
