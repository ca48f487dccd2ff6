"""The `cometbft` process beside a node: started once the application listens, and again whenever it ends.

When the application dies CometBFT ends with exit code 0; so what its code is does not matter. What no start
heals ends it for good, and is told. When the node dies, however it does, CometBFT ends with it.
"""

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from node.errors import SettingsError
from node.sequencing.cometbft.home import RPC_SOCKET
from node.sequencing.cometbft.output import Cause, Output

_log = logging.getLogger(__name__)

VERSION: Final = "v0.39.4"
"""The release that is built by `make setup-full` and in the image."""
_FIRST_PAUSE_S: Final = 0.5
_MOST_PAUSE_S: Final = 30.0
_SOUND_S: Final = 60.0
"""A process that has run so long ended for a new reason: it is started again at once."""
_STOP_S: Final = 20.0
_STEADY_S: Final = 10.0
_LOOK_S: Final = 0.1

End: TypeAlias = Cause | Literal["application", "cometbft"]
"""Why it does not run: for good, without its application, or until it is started again."""


def find_cometbft() -> Path:
    """Return where the program is; raises SettingsError where it is not installed."""
    found = shutil.which("cometbft") or shutil.which("cometbft", path=str(Path.home() / "go" / "bin"))
    if found is None:
        raise SettingsError(f"cometbft {VERSION} is not installed: make setup-full builds it")
    return Path(found)


class CometProcess:
    """Keeps one CometBFT running in a thread of its own, until stopped."""

    def __init__(
        self,
        folder: Path,
        *,
        program: Path,
        is_needed: Callable[[], bool] = lambda: True,
        tell: Callable[[End | None], None] = lambda _end: None,
        prepare: Callable[[], None] = lambda: None,
        is_stale: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_needed` tells whether the application can still answer: without it nothing is started.

        `tell` hears why CometBFT has ended, and None once it has run soundly; from this object's thread.
        `prepare` brings the folder up to date before each start; once `is_stale` says that it is no longer,
        CometBFT is ended and started anew.
        """
        self._command = [*_leash(), str(program), "start", "--home", str(folder)]
        self._log, self._rpc = folder / "cometbft.log", folder / RPC_SOCKET
        self._is_needed, self._tell, self._stopping = is_needed, tell, threading.Event()
        self._prepare, self._is_stale = prepare, is_stale
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._thread = threading.Thread(target=self._run, name="cometbft", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        with self._lock:
            return None if self._process is None else self._process.pid

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        with self._lock:
            return max(0, self._starts - 1)

    def stop(self) -> None:
        """End the process and start no other."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            if not self._is_needed():
                self._give_up("application")
                return
            begun = time.monotonic()
            try:
                self._prepare()
                cause = self._run_once()
                is_stale = cause is None and self._is_stale()
            except OSError as error:
                # A full disk may be empty again: it is tried again after the pause, as what has ended is.
                _log.error("cometbft cannot be started: %s", error.strerror)
                cause, is_stale = None, False
            if self._stopping.is_set() or not self._is_needed():
                continue
            if is_stale:
                _log.info("cometbft is started again, with another key")
                continue
            if cause is not None and cause != "consensus_failure":
                self._give_up(cause)
                return
            self._tell("cometbft")
            is_sound = time.monotonic() - begun > _SOUND_S
            pause_s = _FIRST_PAUSE_S if is_sound else min(2 * pause_s, _MOST_PAUSE_S)
            _log.error("cometbft has ended; it is started again in %.1f s", pause_s)
            self._stopping.wait(pause_s)

    def _give_up(self, end: End) -> None:
        _log.critical("cometbft has ended and is not started again: %s", end)
        self._tell(end)

    def _run_once(self) -> Cause | None:
        """Run CometBFT until it ends or has to; return why, where its log says so.

        Raises OSError where it cannot be started.
        """
        # One that was killed leaves its socket behind, and could not listen on it again.
        self._rpc.unlink(missing_ok=True)
        output = Output(self._log)
        with output.path.open("ab") as written:
            process = subprocess.Popen(  # noqa: S603 - the program that a setting or the path names
                self._command, stdin=subprocess.DEVNULL, stdout=written, stderr=written
            )
        with self._lock:
            self._process = process
            self._starts += 1
        try:
            return self._attend(process, output)
        finally:
            _end(process)
            with self._lock:
                self._process = None

    def _attend(self, process: "subprocess.Popen[bytes]", output: Output) -> Cause | None:
        begun, is_steady = time.monotonic(), False
        while process.poll() is None and self._is_needed() and not self._stopping.wait(_LOOK_S):
            if self._is_stale():
                return None
            cause = output.cause()
            if cause is not None:
                return cause
            if not is_steady and time.monotonic() - begun > _STEADY_S:
                is_steady = True
                self._tell(None)
        return output.cause()


def _leash() -> list[str]:
    """Return what has Linux end a process when the thread that started it ends, however it does.

    Killed: CometBFT that is told to stop when its application has gone may sleep for ever over its folder.
    """
    found = shutil.which("setpriv")
    return [] if found is None else [found, "--pdeathsig", "KILL", "--"]


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
