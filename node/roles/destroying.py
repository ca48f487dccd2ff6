"""A steward destroys the row shares that it has opened, once their year is settled (protocol section 10).

Which years are follows from the log alone (`hanse_ledger.destruction`). What is still needed stays: tokens,
months and whose the rows are, what was frozen, what is contested.
"""

import logging
from typing import Final

from hanse_ledger.destruction import closed_years, is_settled, reports_of
from hanse_ledger.ids import Month
from node.roles.freezing import Freezer
from node.roles.party import Standing
from node.storage.vault import destroy_shares

_log = logging.getLogger(__name__)

_YEAR: Final = 12


class Destroying:
    """One steward's years, each once after every start: a restored copy may have brought shares back."""

    def __init__(self, *, standing: Standing, freezer: Freezer) -> None:
        self._standing, self._freezer = standing, freezer
        self._done: set[Month] = set()

    def work(self) -> None:
        """Destroy the shares of settled years, in one transaction, once all that can be frozen is.

        Where others of a settled year are missing, nobody gives those any more: the close is got as windows,
        and the shares that are there are of no use.
        """
        if not self._freezer.has_looked:
            return
        state = self._standing.state
        settled = [year for year in closed_years(state) if year not in self._done and is_settled(state, year)]
        if not settled:
            return
        with self._standing.database.write() as connection:
            counts = [destroy_shares(connection, reports_of(state, year)) for year in settled]
        # Also where nothing was left to destroy: a crash may have come between the two.
        self._standing.database.forget()
        self._done.update(settled)
        for year, count in zip(settled, counts, strict=True):
            if count:
                _log.info("the row shares of %d reports of %d are destroyed", count, year // _YEAR)
