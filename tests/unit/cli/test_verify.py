import json
import shutil
from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import SHARED, THIN

from node.cli import main


@pytest.fixture(scope="module")
def files(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An answer file of each of two statuses, and the consortium document, away from any node."""
    folder = tmp_path_factory.mktemp("verify")
    for name, subject in (("checked", SHARED), ("nothing", THIN)):
        words = [
            "inquire",
            subject,
            "--purpose",
            "credit-review",
            "--dir",
            str(demo),
            "--party",
            "ash",
            "--json",
        ]
        assert main([*words, "--out", str(folder / f"{name}.hanse.json")]) == 0
    shutil.copy(demo / "consortium.json", folder)
    return folder


@pytest.mark.parametrize("status", ["checked", "nothing"])
def test_what_holds_is_printed_with_exit_code_0(run: Run, files: Path, status: str) -> None:
    words = ("verify", files / f"{status}.hanse.json", "--consortium", files / "consortium.json")
    plain, as_json = run(*words), run(*words, "--json")
    assert (plain.code, as_json.code) == (0, 0)
    assert plain.out.startswith("Verified:")
    assert f"{status}: " in plain.out
    written = json.loads((files / f"{status}.hanse.json").read_text())
    del written["proof"]
    assert as_json.document == written
    assert "已核验：以下每个数字" in run(*words, "--lang", "zh-CN").out


def test_a_changed_figure_is_named_with_exit_code_1(run: Run, files: Path, tmp_path: Path) -> None:
    changed = json.loads((files / "checked.hanse.json").read_text())
    changed["windows"][0]["condition"][1] += 1
    (tmp_path / "changed.hanse.json").write_text(json.dumps(changed))
    words = ("verify", tmp_path / "changed.hanse.json", "--consortium", files / "consortium.json")
    ended = run(*words)
    assert ended.code == 1
    assert ended.out == ""
    assert "[verification] windows: does not follow from the proof" in ended.err
    assert run(*words, "--json").document["error"]["code"] == "verification"


def test_another_consortiums_document_does_not_verify_it(run: Run, files: Path, tmp_path: Path) -> None:
    document = (files / "consortium.json").read_text().replace("hanse.example/demo", "hanse.example/other")
    (tmp_path / "consortium.json").write_text(document)
    assert run("verify", files / "checked.hanse.json", "--consortium", tmp_path / "consortium.json").code == 1


def test_what_is_no_answer_file_is_refused(run: Run, files: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff")
    ended = run("verify", tmp_path / "x", "--consortium", files / "consortium.json")
    assert ended.code == 1
    assert "[malformed]" in ended.err
    assert run("verify", tmp_path / "missing", "--consortium", files / "consortium.json").code == 2


def test_no_node_is_needed(start: Run, files: Path) -> None:
    ended = start("verify", files / "checked.hanse.json", "--consortium", files / "consortium.json")
    assert ended.code == 0
    assert ended.err == ""
