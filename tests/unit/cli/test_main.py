import json
import subprocess
import sys
from pathlib import Path

import pytest
from support_cli import Run

from hanse_ledger.errors import CorruptionError, StaleHeadError
from hanse_ledger.ids import PartyId
from node import cli
from node.cli import COMMANDS

_HELP = [
    [],
    *([name] for name in COMMANDS),
    ["receivables", "check"],
    ["receivables", "import"],
    ["month", "close"],
    ["log", "audit"],
    ["log", "show"],
    ["log", "proof"],
    ["log", "export"],
]


@pytest.mark.parametrize("words", _HELP, ids=" ".join)
def test_every_command_answers_help_in_both_languages(run: Run, words: list[str]) -> None:
    english, chinese = run(*words, "--help"), run(*words, "--help", "--lang", "zh-CN")
    assert (english.code, chinese.code) == (0, 0)
    assert english.out.startswith("Usage: hanse")
    assert english.err == ""
    assert chinese.out.startswith("用法")
    assert "选项" in chinese.out
    for word in ("Usage", "Options:", "Arguments:", "Commands:", "required", "Show this"):
        assert word not in chinese.out
    # Every help text of an option or command is there in Chinese: no line ends in an English sentence.
    assert not [
        line for line in chinese.out.splitlines() if line.rstrip().endswith(".") and "..." not in line
    ]


def test_no_words_is_wrong_usage_and_shows_the_help(run: Run) -> None:
    ended = run()
    assert ended.code == 2
    assert "Usage: hanse" in ended.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fly"], "There is no command fly."),
        (["report", "--fly"], "There is no option --fly."),
        (["inquire", "ref:DEMO:A"], "--purpose is missing."),
        (["verify"], "FILE is missing."),
        (["log", "show", "many"], "The value of INDEX is none that it can have."),
        (["log", "show", "-1"], "There is no option -1."),
        (["log", "audit", "--dir"], "--dir needs a value."),
        (["log", "show", "1", "2"], "There are more arguments than the command takes."),
        (["--lang", "de", "report"], "The value of --lang is none that it can have."),
        (["report"], "--dir or HANSE_DIR says in which folder the consortium is."),
        (["log", "audit"], "--dir or HANSE_DIR says in which folder or at which URL the log is."),
        (["month", "close", "soon"], "A month is written YYYY-MM."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_said_in_one_sentence_with_exit_code_2(
    run: Run, words: list[str], sentence: str
) -> None:
    ended = run(*words)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.splitlines()[0] == sentence


def test_what_was_typed_as_a_value_is_not_repeated(run: Run) -> None:
    ended = run("log", "show", "uscc:SECRET")
    assert "SECRET" not in ended.err + ended.out


def test_the_language_is_the_locales_unless_it_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("fly").err.startswith("There is no command")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert run("fly").err.startswith("没有命令")
    assert run("--lang", "en", "fly").err.startswith("There is no command")
    monkeypatch.setenv("LC_ALL", "C")
    assert run("fly").err.startswith("There is no command")


@pytest.mark.parametrize("words", [["--lang", "zh-CN", "report"], ["report", "--lang=zh-CN"]], ids=" ".join)
def test_the_language_may_stand_anywhere(run: Run, words: list[str]) -> None:
    assert run(*words).err.startswith("请以 --dir")


def test_what_follows_two_dashes_is_no_option(run: Run, demo: Path) -> None:
    words = ("inquire", "--purpose", "x", "--dir", demo, "--party", "ash", "--", "--lang", "zh-CN")
    assert run(*words).err.startswith(
        "A subject id that no register could have given out. [subject_id] subject 1"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StaleHeadError(party=PartyId("ash"), expected=2, got=1), "stale_head"),
        (CorruptionError("two roots"), "corruption"),
        (FileNotFoundError(2, "No such file or directory"), "file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_is_one_line_with_its_code_and_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(_folder: object) -> None:
        raise error

    monkeypatch.setattr("node.commands.nodes.document_in", fail)
    plain, as_json = run("report", "--dir", "x"), run("report", "--dir", "x", "--json")
    assert (plain.code, as_json.code) == (1, 1)
    assert f"[{code}]" in plain.err
    assert len(plain.err.splitlines()) == 1
    assert plain.out == ""
    assert as_json.document["error"]["code"] == code


def test_a_process_ends_with_the_exit_codes(start: Run, tmp_path: Path) -> None:
    assert start("--help").code == 0
    assert start("fly").code == 2
    wrong = tmp_path / "wrong.hanse.json"
    wrong.write_text("{}")
    (tmp_path / "consortium.json").write_text("{}")
    ended = start("verify", wrong, "--consortium", tmp_path / "consortium.json", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["error"]["code"] == "consortium_document"
    assert "Traceback" not in ended.err


def test_a_command_loads_only_what_it_needs(tmp_path: Path) -> None:
    program = (
        "import sys; from node.cli import main; code = main(sys.argv[1:]);"
        "print(*sorted(name for name in sys.modules if '.' not in name), file=sys.stderr)"
    )
    (tmp_path / "empty").write_text("{}")
    words = [
        "verify",
        str(tmp_path / "empty"),
        "--consortium",
        str(tmp_path / "empty"),
        "--json",
        "--lang",
        "en",
    ]
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert "hanse_ledger" in loaded
    assert not loaded & {"sqlalchemy", "alembic", "openpyxl", "babel", "rich"}


def test_the_log_names_its_level_and_stays_silent_below_it(run: Run, demo: Path) -> None:
    assert run("log", "show", "0", "--dir", demo, "--log-level", "error").err == ""
    assert run("--log-level", "loud", "report").code == 2


def test_every_command_has_a_module() -> None:
    assert set(COMMANDS) == {
        "demo", "receivables", "report", "month", "inquire", "verify", "party", "consortium", "node", "keys",
        "backup", "restore", "doctor", "log", "risk", "review", "fact", "warning",
        "dispute", "plan", "alerts", "watch",
    }  # fmt: skip
    assert all(hasattr(__import__(module, fromlist=["app"]), "app") for module, _ in COMMANDS.values())
    assert cli.app is not None
