"""The thread that lets a node work off its portfolios, a step at a time."""

import json
import logging
import threading

from hanse_ledger.errors import LedgerError
from node.own.service import OwnService
from node.wire import reply_of

_log = logging.getLogger(__name__)


class Stepper:
    """Asks for the next step as soon as one is done, and at an interval when there was nothing to do.

    The next step waits behind whatever came in meanwhile, so a long portfolio keeps nobody waiting for long.
    """

    def __init__(self, own: OwnService, interval_s: float) -> None:
        self._own, self._interval_s = own, interval_s
        self._woken, self._stopping = threading.Event(), threading.Event()
        own.when_due(self._woken.set)
        self._thread = threading.Thread(target=self._run, name="portfolios", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for the step that is being done, and do no more."""
        self._stopping.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            if not self._step() and not self._stopping.is_set():
                self._woken.wait(self._interval_s)

    def _step(self) -> bool:
        try:
            return bool(json.loads(reply_of(self._own.step()))["more"])
        except LedgerError as error:
            _log.warning("a portfolio did not go on: %s", error.code)
            return False
