"""Having the checkpoints of whoever orders cosigned: by the stewards, as the policy asks, and by others."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import Final

from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from node.links.http import HttpCaller
from node.periodic import PeriodicTask
from node.ports import Entropy, StewardLinks
from node.roles.cosigned import Cosigned, LogCopy
from node.roles.foreign import ForeignWitness, with_signatures_of, with_witnesses, witness_key
from node.settings import ForeignWitnessSettings
from node.storage.database import Database
from node.storage.log import LogStore

_log = logging.getLogger(__name__)

_TEXT: Final = "text/plain; charset=utf-8"
_DEADLINE_S: Final = 5.0


class Collecting:
    """Collects in a thread of its own, at an interval.

    Where parties agree on the order each has its checkpoints cosigned by the others at the same time: a node
    whose thread waited for theirs would be waited for in turn.
    """

    def __init__(
        self,
        *,
        database: Database,
        in_force: Callable[[], Consortium],
        links: StewardLinks,
        witnesses: Sequence[ForeignWitness],
        show: Callable[[bytes], None],
        interval_s: float,
    ) -> None:
        """Begin. `database` is the node's, for this alone; `show` takes what is served from then on."""
        self._log, self._witnesses, self._show = LogStore(database), witnesses, show
        self._cosigned = Cosigned(
            copy=LogCopy(log=self._log, size=self._size, in_force=in_force), links=links
        )
        self._is_behind = False
        self._task = PeriodicTask(self._run, name="collecting", interval_s=interval_s, first_s=interval_s)
        self._task.start()

    def stop(self) -> None:
        """Wait for the round that goes on, and begin no more."""
        self._task.stop()

    def _run(self) -> None:
        try:
            self._collect()
        except LedgerError as error:
            # Others may be out of reach for a while, or a step ahead: the next round makes up for it.
            if not self._is_behind:
                _log.info("the newest checkpoint is not cosigned yet: %s", error.code)
            self._is_behind = True
        else:
            self._is_behind = False

    def _collect(self) -> None:
        """Bring the newest checkpoint together with its cosignatures, store it and show it.

        Raises UnavailableError when fewer than the policy's quorum of stewards cosign.
        """
        size, quorum = self._cosigned.checkpoint()
        stored = self._log.checkpoint()
        # A witness that is out of reach now may have cosigned this very tree before.
        held = quorum.encode() if stored is None else with_signatures_of(quorum.encode(), stored)
        note = with_witnesses(held, self._witnesses, self._log.node)
        if note != stored:
            self._log.keep_cosigned(size=size, note=note)
        self._show(note)

    def _size(self) -> int:
        note = self._log.checkpoint()
        return 0 if note is None else parse_signed_checkpoint(note).size


def foreign_witnesses(
    named: Sequence[ForeignWitnessSettings], entropy: Entropy, opened: ExitStack
) -> Sequence[ForeignWitness]:
    """Return the ways to the cosigners that settings name; `opened` closes them."""
    found = []
    for one in named:
        caller = opened.enter_context(
            closing(HttpCaller(base_url=one.url, entropy=entropy, deadline_s=_DEADLINE_S))
        )
        ask = partial(_ask, caller)
        found.append(ForeignWitness(witness_key(one.vkey), ask))
    return found


def _ask(caller: HttpCaller, body: bytes) -> bytes:
    return caller.post("/add-checkpoint", body, _TEXT, is_signed=False, reply_type=_TEXT)
