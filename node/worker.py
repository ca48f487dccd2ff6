"""Letting a node do by itself what is due, from a thread of its own."""

import logging
from concurrent.futures import Future
from typing import Final

from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from node.own import verbs
from node.periodic import PeriodicTask
from node.wire import Mailbox, reply_of

_log = logging.getLogger(__name__)

_WORK_S: Final = 3_600.0


class Worker:
    """Lets a node do what is due, at an interval, until it is stopped."""

    def __init__(self, mailbox: Mailbox, party: PartyId, interval_s: float) -> None:
        self._mailbox, self._party = mailbox, party
        # Left here and now: before anybody is answered, the node has caught up once.
        self._first: Future[bytes] | None = self._post()
        self._task = PeriodicTask(self._run, name="work", interval_s=interval_s)
        self._task.start()

    def stop(self) -> None:
        """Wait for the work that is being done, and do no more."""
        self._task.stop()

    def _run(self) -> None:
        at_work, self._first = self._first or self._post(), None
        try:
            reply_of(at_work, _WORK_S)
        except LedgerError as error:
            # Others may be out of reach for a while: the next round does what this one could not.
            _log.warning("work was not finished: %s", error.code)

    def _post(self) -> Future[bytes]:
        return self._mailbox.post(self._party, verbs.WORK, b"")
