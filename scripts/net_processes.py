"""The nodes' processes: `hanse node run` of each party, in its network namespace where it has one."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from net_namespaces import within
from net_parties import Party
from net_records import pid_of, pids_with, start_process, stop_processes

_RECORD: Final = "process.json"
_COMET_S: Final = 10.0
_PAUSE_S: Final = 0.1


def start(party: Party) -> None:
    """Start a party's node; it starts its CometBFT."""
    command = [sys.executable, "-m", "node.cli", "node", "run", "--config", str(party.config)]
    start_process(_record(party), within(party.address.namespace, command), party.log)


def running_pid(party: Party) -> int | None:
    """Return the number of a party's process, None where it does not run (any more)."""
    return pid_of(_record(party))


def comet_pid(party: Party) -> int | None:
    """Return the number of the CometBFT beside a party's node, None where none runs."""
    found = pids_with(("start", "--home", str(party.comet_home))) if party.is_validator else []
    return found[0] if found else None


def stop_all(parties: Iterable[Party]) -> list[str]:
    """Ask all nodes to stop, wait, and kill what does not; return whose were running."""
    there = list(parties)
    stopped = stop_processes({party.id: _record(party) for party in there})
    for party in there:
        _end_comet(party)
    return stopped


def _end_comet(party: Party) -> None:
    """Wait for a CometBFT whose node was killed: it ends by itself, and if not, it is killed too."""
    ends_at = time.monotonic() + _COMET_S
    while (pid := comet_pid(party)) is not None:
        if time.monotonic() > ends_at:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _record(party: Party) -> Path:
    return party.home / _RECORD
