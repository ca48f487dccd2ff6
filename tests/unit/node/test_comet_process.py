"""A process beside a node: ended with it however it ends, started again when it ends, and not for ever."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import SettingsError
from node.sequencing.cometbft import process
from node.sequencing.cometbft.home import check_signed
from node.sequencing.cometbft.process import CometProcess

_PATIENCE_S = 60.0
_PARENT = """
import sys, time
from pathlib import Path
from node.sequencing.cometbft.process import CometProcess
CometProcess(Path(sys.argv[1]), program=Path(sys.argv[2]))
time.sleep(600)
"""


def program(folder: Path, script: str) -> Path:
    """What stands for cometbft here: its starts are counted in a file."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\necho $$ >> {folder}/starts\n{script}\n")
    path.chmod(0o755)
    return path


def starts(folder: Path) -> list[int]:
    path = folder / "starts"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def wait_for(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_MOST_PAUSE_S", 0.02)


def test_it_is_started_again_whatever_its_exit_code_is(tmp_path: Path) -> None:
    ends: list[object] = []
    made = CometProcess(tmp_path, program=program(tmp_path, "exit 0"), tell=ends.append)
    wait_for(lambda: len(starts(tmp_path)) >= 3)
    made.stop()
    assert set(ends) == {"cometbft"}


def test_pauses_grow_so_that_a_process_that_cannot_run_is_no_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "_FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(process, "_MOST_PAUSE_S", 0.4)
    made = CometProcess(tmp_path, program=program(tmp_path, "exit 1"))
    wait_for(lambda: len(starts(tmp_path)) >= 4)
    made.stop()
    pauses = [record.args for record in caplog.records if "started again" in record.msg]
    assert pauses[:3] == [(0.2,), (0.4,), (0.4,)]


def test_a_folder_that_cannot_be_written_for_a_while_is_tried_again(tmp_path: Path) -> None:
    ends: list[object] = []
    faults = [OSError(errno.ENOSPC, "no space left")] * 2

    def prepare() -> None:
        if faults:
            raise faults.pop()

    made = CometProcess(
        tmp_path,
        program=program(tmp_path, "exec sleep 600"),
        prepare=prepare,
        is_stale=lambda: bool(faults),
        tell=ends.append,
    )
    wait_for(lambda: len(starts(tmp_path)) == 1)
    made.stop()
    assert ends == ["cometbft", "cometbft"]


def test_a_cause_that_no_start_heals_ends_it_for_good(tmp_path: Path) -> None:
    ends: list[object] = []
    line = "CONSENSUS FAILURE!!! err=+2/3 committed an invalid block: wrong Block.Header.AppHash"
    made = CometProcess(
        tmp_path, program=program(tmp_path, f"echo '{line}'; exec sleep 600"), tell=ends.append
    )
    wait_for(lambda: bool(ends))
    made.stop()
    assert (ends, len(starts(tmp_path))) == (["application_hash"], 1)
    assert not is_alive(starts(tmp_path)[0])


def test_without_the_application_it_ends_too(tmp_path: Path) -> None:
    ends: list[object] = []
    is_needed = [True]
    made = CometProcess(
        tmp_path,
        program=program(tmp_path, "exec sleep 600"),
        is_needed=lambda: is_needed[0],
        tell=ends.append,
    )
    wait_for(lambda: len(starts(tmp_path)) == 1)
    is_needed[0] = False
    wait_for(lambda: bool(ends))
    made.stop()
    assert ends == ["application"]
    assert not is_alive(starts(tmp_path)[0])


def test_a_socket_that_a_killed_process_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "rpc.sock").touch()
    script = f"[ -e {tmp_path}/rpc.sock ] || touch {tmp_path}/is_free; exec sleep 600"
    made = CometProcess(tmp_path, program=program(tmp_path, script))
    wait_for((tmp_path / "is_free").exists)
    made.stop()


@pytest.mark.skipif(not process._leash(), reason="setpriv, which ties a process to its parent, is Linux's")
def test_a_node_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path), str(program(tmp_path, "exec sleep 600"))]
    with subprocess.Popen(command) as parent:
        wait_for(lambda: len(starts(tmp_path)) == 1)
        (pid,) = starts(tmp_path)
        assert is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    wait_for(lambda: not is_alive(pid))


@pytest.mark.parametrize(("signed", "is_refused"), [(0, False), (7, False), (8, True)])
def test_a_validator_whose_state_went_back_is_not_started(
    tmp_path: Path, signed: int, *, is_refused: bool
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "priv_validator_state.json").write_text('{"height": "7", "round": 0, "step": 3}')
    if not is_refused:
        check_signed(tmp_path, signed)
        return
    with pytest.raises(SettingsError, match="older than what this validator has signed"):
        check_signed(tmp_path, signed)
