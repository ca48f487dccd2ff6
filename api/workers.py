"""The web processes of one node: they share its listening socket, and are started again when they end."""

import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.web.channel import WorkerEnd
from node.wire import Door

_log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.5
_PAUSE_MOST_S: Final = 30.0
_STEADY_S: Final = 60.0
"""Who has lived so long and ends is started again after the shortest pause."""
_GRACE_S: Final = 20.0


@dataclass(slots=True, kw_only=True)
class _Worker:
    """One process with its line, or the pause before its next start."""

    process: "subprocess.Popen[bytes] | None" = None
    line: WorkerEnd | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause_s: float = field(default=_PAUSE_S)


class Workers:
    """Owned by one thread."""

    def __init__(
        self, config: Path, listening: socket.socket, doors: Mapping[str, Door], *, count: int, orders: bool
    ) -> None:
        """Start nothing yet: `tend` does."""
        self._config, self._listening, self._doors, self._orders = config, listening, doors, orders
        self._workers = [_Worker() for _ in range(count)]

    def tend(self) -> None:
        """Start each worker that does not run and whose pause is over."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.process is not None and worker.process.poll() is not None:
                self._mourn(worker, now)
            if worker.process is None and now >= worker.start_at:
                self._start(worker, now)

    def close(self) -> None:
        """Ask all to finish what they answer, and wait for them."""
        living = [one for one in self._workers if one.process is not None]
        for worker in living:
            if worker.process is not None and worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)
        ends_at = time.monotonic() + _GRACE_S
        for worker in living:
            _end(worker, max(0.0, ends_at - time.monotonic()))

    def _start(self, worker: _Worker, now: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            ends = (self._listening.fileno(), theirs.fileno())
            level = logging.getLogger().getEffectiveLevel()
            words = map(str, [self._config, *ends, int(self._orders), level])
            worker.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "api.worker", *words],
                stdin=subprocess.DEVNULL,
                pass_fds=ends,
            )
        worker.line, worker.started_at = WorkerEnd(ours, self._doors), now

    def _mourn(self, worker: _Worker, now: float) -> None:
        if worker.process is not None:
            _log.error("a web worker has ended with %d", worker.process.returncode)
        _end(worker, 0)
        steady = now - worker.started_at >= _STEADY_S
        worker.pause_s = _PAUSE_S if steady else min(worker.pause_s * 2, _PAUSE_MOST_S)
        worker.start_at = now + worker.pause_s


def _end(worker: _Worker, patience_s: float) -> None:
    if worker.process is not None:
        try:
            worker.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
    if worker.line is not None:
        worker.line.close()
    worker.process = worker.line = None
