"""The nodes' processes: started apart from the terminal, and ended only when they are surely ours.

A process is known by its number and by when it started, as numbers are given again.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from net_parties import Party

_RECORD: Final = "process.json"
_STOP_S: Final = 40
_PAUSE_S: Final = 0.1


def start(party: Party) -> None:
    """Start a party's node in a session of its own: an interrupt at the terminal does not reach it."""
    command = [sys.executable, "-m", "node.cli", "node", "run", "--config", str(party.config)]
    with party.log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    record = {"pid": process.pid, "identity": identity_of(process.pid)}
    (party.home / _RECORD).write_text(json.dumps(record), "utf-8")


def running_pid(party: Party) -> int | None:
    """Return the number of a party's process, None where it does not run (any more)."""
    try:
        record = json.loads((party.home / _RECORD).read_text("utf-8"))
    except FileNotFoundError:
        return None
    pid: int = record["pid"]
    return pid if record["identity"] is not None and identity_of(pid) == record["identity"] else None


def stop_all(parties: Iterable[Party]) -> list[str]:
    """Ask all nodes to stop, wait, and kill what does not; return whose were running."""
    running = {party.id: (party, pid) for party in parties if (pid := running_pid(party)) is not None}
    for party, pid in running.values():
        _signal(party, pid, signal.SIGTERM)
    ends_at = time.monotonic() + _STOP_S
    for party, pid in running.values():
        while running_pid(party) is not None:
            if time.monotonic() > ends_at:
                _signal(party, pid, signal.SIGKILL)
            time.sleep(_PAUSE_S)
        (party.home / _RECORD).unlink()
    return list(running)


def identity_of(pid: int) -> str | None:
    """Return what tells this process from a later one of the same number, None where there is none."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that has ended is not running
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _identity_by_ps(pid)
    try:
        fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the state, then from the parent on; the 22nd of all is the start, in ticks since the boot.
    state, started = fields[0], fields[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    return None if state == "Z" else f"{boot} {started}"


def _identity_by_ps(pid: int) -> str | None:
    """Ask ps, where there is no /proc; it knows the start to the second."""
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return found.stdout.strip() or None


def _signal(party: Party, pid: int, number: signal.Signals) -> None:
    # Looked at once more: between two looks a process may have ended, and its number gone to another.
    if running_pid(party) == pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
