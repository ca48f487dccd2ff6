"""`make check-contract` sees a file that differs, one that is missing, and one that is there only here."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from architecture.repository import ROOT

SCRIPT = ROOT / "scripts" / "check_contract.py"


@pytest.fixture
def differences() -> Callable[[Path, Path], list[str]]:
    found: Callable[[Path, Path], list[str]] = runpy.run_path(str(SCRIPT))["differences"]
    return found


def test_equal_folders_have_no_differences(
    tmp_path: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    for side in ("ours", "theirs"):
        (tmp_path / side / "deep").mkdir(parents=True)
        (tmp_path / side / "deep" / "a").write_bytes(b"1")
    assert differences(tmp_path / "ours", tmp_path / "theirs") == []


def test_every_kind_of_difference_is_named(
    tmp_path: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for side in (ours, theirs):
        side.mkdir()
    (ours / "changed").write_bytes(b"1")
    (theirs / "changed").write_bytes(b"1\n")
    (ours / "extra").write_bytes(b"")
    (theirs / "gone").write_bytes(b"")
    assert differences(ours, theirs) == [
        "differs: ours/changed",
        "here only: ours/extra",
        "missing here: ours/gone",
    ]


def test_two_files_are_compared_by_their_bytes(
    tmp_path: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    ours, theirs = tmp_path / "a.md", tmp_path / "b.md"
    ours.write_bytes(b"x\n")
    theirs.write_bytes(b"x\r\n")
    assert differences(ours, theirs) == ["differs: a.md"]
    assert differences(ours, ours) == []
