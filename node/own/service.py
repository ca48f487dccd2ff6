"""The own people's side of a node, as the HTTP interface sees it.

What concerns the log or other parties is left at the door of the node's thread, and a future comes back; what
only reads and writes the node's database is done at once, in the caller's thread.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import date

from hanse_ledger.ids import Month, PartyId
from node.bootstrap import Surroundings
from node.own import imports, inquiries, verbs
from node.own.api_keys import ApiKeys
from node.ports import Clock
from node.storage.database import Database
from node.wire import Door


class OwnService:
    """What a party's own people and systems ask of its node."""

    def __init__(self, *, party: PartyId, door: Door, keys: ApiKeys, clock: Clock) -> None:
        self._party, self._door = party, door
        self.keys, self.clock = keys, clock

    def import_export(self, export: bytes, as_of: date) -> Future[bytes]:
        """Bring an export of the party's own receivables."""
        return self._ask(verbs.IMPORT, imports.import_body(export, as_of))

    def inquire(self, subjects: list[str], purpose: str, *, proof: bool) -> Future[bytes]:
        """Ask the network about subjects; with `proof`, answers come as answer files."""
        return self._ask(verbs.INQUIRE, inquiries.inquire_body(subjects, purpose, proof=proof))

    def reported(self) -> Future[bytes]:
        """Ask how far the reporting of the log month is."""
        return self._ask(verbs.REPORTED, b"")

    def close_month(self, month: Month | None) -> Future[bytes]:
        """File this steward's close of a month."""
        return self._ask(verbs.CLOSE, verbs.close_body(month))

    def _ask(self, verb: str, body: bytes) -> Future[bytes]:
        return self._door.post(self._party, verb, body)


def open_own(
    *, database: Database, party: PartyId, door: Door, around: Surroundings, configured: Sequence[str]
) -> OwnService:
    """Put the own people's side together; `configured` are the hashes of keys that the settings name."""
    keys = ApiKeys(database, clock=around.clock, entropy=around.entropy, configured=configured)
    return OwnService(party=party, door=door, keys=keys, clock=around.clock)
