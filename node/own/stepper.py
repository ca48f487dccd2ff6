"""The thread that lets a node work off its portfolios and, of a member, what monitoring has to look at."""

import json
import logging

from hanse_ledger.errors import LedgerError
from node.own.service import OwnService
from node.periodic import PeriodicTask
from node.wire import reply_of

_log = logging.getLogger(__name__)


class Stepper:
    """Asks for the next step as soon as one is done, and at an interval when there was nothing to do.

    The next step waits behind whatever came in meanwhile, so a long portfolio keeps nobody waiting for long.
    """

    def __init__(self, own: OwnService, interval_s: float, *, monitors: bool) -> None:
        self._own, self._monitors = own, monitors
        self._task = PeriodicTask(self._run, name="portfolios", interval_s=interval_s)
        own.when_due(self._task.wake)
        self._task.start()

    def stop(self) -> None:
        """Wait for the step that is being done, and do no more."""
        self._task.stop()

    def _run(self) -> float | None:
        return 0.0 if self._step() else None

    def _step(self) -> bool:
        # What monitoring has asked for is a portfolio: it goes on when that has ended.
        return (self._monitors and self._monitor()) or self._portfolio()

    def _monitor(self) -> bool:
        try:
            return self._own.monitor.step()
        except LedgerError as error:
            _log.warning("monitoring did not go on: %s", error.code)
            return False

    def _portfolio(self) -> bool:
        try:
            return bool(json.loads(reply_of(self._own.step()))["more"])
        except LedgerError as error:
            _log.warning("a portfolio did not go on: %s", error.code)
            return False


def work_off(own: OwnService) -> None:
    """Do, in the caller's thread, all that monitoring and portfolios have to do; raises what stops it."""
    while own.monitor.step() or json.loads(reply_of(own.step()))["more"]:
        pass
