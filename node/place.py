"""What the document in force makes of a party's node: its roles, and whether it agrees on the order.

A node is put together once, by the document that is in force then. Where a later one makes something else of
its party, it is closed in order and put together anew (`api/asgi.py`): nothing that was taken is lost, as
for any other end.
"""

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from node.health import HealthBoard, Problem
from node.ports import Clock
from node.sequencing.cometbft.signing import LogKeys
from node.sequencing.term import Term
from node.settings import NodeSettings
from node.storage.database import Database
from node.storage.validators import stored_validators

_log = logging.getLogger(__name__)

UNPREPARED: Final = "unprepared"
"""The document in force lets the party agree on the order, and its node is not made ready for that."""


class Place:
    """What a node was started as. One thread asks whether it still is that."""

    def __init__(
        self,
        *,
        party: PartyId,
        term: Term,
        started: Consortium,
        orders: bool,
        in_force: Callable[[], Consortium],
        check: Callable[[], object],
        board: HealthBoard,
        clock: Clock,
    ) -> None:
        """Begin with the document in force at the start, and with whether the node orders.

        `check` raises LedgerError as long as the node is not ready to agree on the order.
        """
        self._party, self._term, self._in_force = party, term, in_force
        self._roles, self._orders = started.parties[party].roles, orders
        self._check, self._board, self._clock = check, board, clock

    @property
    def is_left(self) -> bool:
        """Whether the document in force makes something else of the party, which the node can become now."""
        current = self._in_force()
        orders = self._term.orders(self._party, current)
        if orders and not self._orders:
            return self._is_ready()
        self._board.clear_problem(UNPREPARED)
        left = self._orders and not orders and self._is_needless()
        return left or current.parties[self._party].roles != self._roles

    def _is_ready(self) -> bool:
        try:
            self._check()
        except (LedgerError, OSError) as error:
            if self._board.raise_problem(Problem(code=UNPREPARED, since=self._clock.now())):
                _log.warning("this party may agree on the order, and its node is not ready for it: %s", error)
            return False
        return True

    def _is_needless(self) -> bool:
        """Say whether the others agree without this validator: an update acts two blocks after the vote.

        It may never act, where they could not go on so: CometBFT's own word counts.
        """
        agreed = self._board.now.agreement
        return agreed is not None and agreed.power == 0 and not agreed.is_catching_up


def still_agrees(settings: NodeSettings, keys: LogKeys | None) -> bool:
    """Say whether this node's validator is one of those that agree, whatever the document in force names."""
    place = settings.place("sequencer")
    if keys is None or settings.cometbft is None or (isinstance(place, Path) and not place.exists()):
        return False
    with closing(Database(place)) as database, database.read() as connection:
        return any(keys.seed_of(key) is not None for key in stored_validators(connection))
