"""The `cometbft` process beside a node: started once the application listens, and again whenever it ends.

When the application dies CometBFT ends with exit code 0; so what its code is does not matter.
"""

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from node.errors import SettingsError

_log = logging.getLogger(__name__)

VERSION: Final = "v0.39.4"
"""The release that is built by `make setup-full` and in the image."""
_FIRST_PAUSE_S: Final = 0.5
_MOST_PAUSE_S: Final = 30.0
_SOUND_S: Final = 60.0
"""A process that has run so long ended for a new reason: it is started again at once."""
_STOP_S: Final = 20.0


def find_cometbft() -> Path:
    """Return where the program is; raises SettingsError where it is not installed."""
    found = shutil.which("cometbft") or shutil.which("cometbft", path=str(Path.home() / "go" / "bin"))
    if found is None:
        raise SettingsError(f"cometbft {VERSION} is not installed: make setup-full builds it")
    return Path(found)


class CometProcess:
    """Keeps one CometBFT running in a thread of its own, until stopped."""

    def __init__(self, folder: Path, *, program: Path, is_needed: Callable[[], bool] = lambda: True) -> None:
        """`is_needed` tells whether the application can still answer: without it nothing is started."""
        self._command = [str(program), "start", "--home", str(folder)]
        self._output = folder / "cometbft.log"
        self._is_needed, self._stopping = is_needed, threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="cometbft", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        with self._lock:
            return None if self._process is None else self._process.pid

    def stop(self) -> None:
        """End the process and start no other."""
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()
        self._thread.join()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set() and self._is_needed():
            begun = time.monotonic()
            self._run_once()
            pause_s = (
                _FIRST_PAUSE_S if time.monotonic() - begun > _SOUND_S else min(2 * pause_s, _MOST_PAUSE_S)
            )
            if not self._stopping.is_set():
                _log.error("cometbft has ended; it is started again in %.0f s", pause_s)
            self._stopping.wait(pause_s)

    def _run_once(self) -> None:
        with self._output.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - the program that a setting or the path names
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        with self._lock:
            self._process = process
            if self._stopping.is_set():
                process.terminate()
        try:
            while process.poll() is None:
                if self._stopping.wait(0.1):
                    self._end(process)
        finally:
            with self._lock:
                self._process = None

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
