"""Processes apart from the terminal, written down: ended only when they are surely ours.

A process is known by its number and by when it started, as numbers are given again.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_STOP_S: Final = 40
_PAUSE_S: Final = 0.1
_PROC: Final = Path("/proc")


def start_process(record: Path, command: Sequence[str], log: Path, **how: Any) -> None:
    """Start a process in a session of its own, where an interrupt at the terminal does not reach it."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **how
        )
    record.write_text(json.dumps({"pid": process.pid, "identity": identity_of(process.pid)}), "utf-8")


def pid_of(record: Path) -> int | None:
    """Return the number of a process that was written down, None where it does not run (any more)."""
    try:
        written = json.loads(record.read_text("utf-8"))
    except FileNotFoundError:
        return None
    pid: int = written["pid"]
    return pid if written["identity"] is not None and identity_of(pid) == written["identity"] else None


def stop_processes(records: Mapping[str, Path], number: signal.Signals = signal.SIGTERM) -> list[str]:
    """Ask all to stop, wait, and kill what does not; return the names of those that were running."""
    running = {name: (record, pid) for name, record in records.items() if (pid := pid_of(record)) is not None}
    for record, pid in running.values():
        _signal(record, pid, number)
    ends_at = time.monotonic() + _STOP_S
    for record, pid in running.values():
        while pid_of(record) is not None:
            if time.monotonic() > ends_at:
                _signal(record, pid, signal.SIGKILL)
            time.sleep(_PAUSE_S)
        record.unlink()
    return list(running)


def identity_of(pid: int) -> str | None:
    """Return what tells this process from a later one of the same number, None where there is none."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that has ended is not running
    if not (_PROC / "self" / "stat").exists():
        return _identity_by_ps(pid)
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the state, then from the parent on; the 22nd of all is the start, in ticks since the boot.
    state, started = fields[0], fields[19]
    boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text("utf-8").strip()
    return None if state == "Z" else f"{boot} {started}"


def pids_with(words: Sequence[str]) -> list[int]:
    """Return the processes whose command line ends with these words."""
    end = b"\0".join(word.encode() for word in words) + b"\0"
    found = []
    for path in _PROC.glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended in between
            if path.read_bytes().endswith(b"\0" + end):
                found.append(int(path.parent.name))
    return found


def _identity_by_ps(pid: int) -> str | None:
    """Ask ps, where there is no /proc; it knows the start to the second."""
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def _signal(record: Path, pid: int, number: signal.Signals) -> None:
    # Looked at once more: between two looks a process may have ended, and its number gone to another.
    if pid_of(record) == pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
