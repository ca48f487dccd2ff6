"""The own people's side of a node, as the HTTP interface sees it.

What concerns the log or other parties is left at the door of the node's thread, and a future comes back; what
only reads and writes the node's database is done at once, in the caller's thread.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import Month, PartyId, SubjectId
from hanse_ledger.subjects import parse_subject
from node.bootstrap import Surroundings
from node.own import inquiries, verbs
from node.own.api_keys import ApiKeys
from node.own.calls import Calls
from node.own.customers import Customer, Customers
from node.own.imports import Export, Imports, Reader
from node.own.matching import CANDIDATES_MOST, candidates
from node.storage.database import Database
from node.wire import Door


class OwnService:
    """What a party's own people and systems ask of its node."""

    def __init__(
        self,
        *,
        database: Database,
        party: PartyId,
        consortium: Callable[[], Consortium],
        door: Door,
        around: Surroundings,
        configured: Sequence[str] = (),
    ) -> None:
        """Use `database` from any thread; `configured` are the hashes of API keys that the settings name."""
        self._party, self._consortium, self._door = party, consortium, door
        self.clock = around.clock
        self.keys = ApiKeys(database, clock=around.clock, entropy=around.entropy, configured=configured)
        self.calls = Calls(database, clock=around.clock, entropy=around.entropy)
        self.imports = Imports(database, around.clock)
        self.customers = Customers(database, around.clock)

    def preview(self, export: Export, *, aliases: Mapping[str, str], import_id: str) -> dict[str, Any]:
        """Show what an import would take; slow for a large file, and in the caller's thread."""
        reader = Reader(
            policy=self._consortium().policy, primary_of=aliases, subject_of=self.customers.subject_of()
        )
        return self.imports.preview(export, reader, import_id=import_id)

    def match_id(self, text: str, aliases: Mapping[str, str]) -> tuple[SubjectId, list[Customer]]:
        """Return the primary id of an id, and the customers who are known to be that subject.

        Raises SubjectIdError for what no register could have given out.
        """
        subject = parse_subject(text).id
        primary = SubjectId(aliases.get(subject, subject))
        others = {other for other, of in aliases.items() if of == primary}
        return primary, self.customers.of_subjects({primary, *others})

    def match_name(self, name: str) -> list[tuple[Customer, float]]:
        """Return customers whom a name may mean, each with its confidence, the likeliest first."""
        found = candidates(name, self.customers.names(), limit=CANDIDATES_MOST)
        confidence = {one.number: one.confidence for one in found}
        return [(one, confidence[one.number]) for one in self.customers.some(list(confidence))]

    def aliases(self) -> Future[bytes]:
        """Ask for the log's aliases: a JSON object from other ids to primary ones."""
        return self._ask(verbs.ALIASES, b"")

    def confirm(self, import_id: str, *, skip_refused: bool) -> Future[bytes]:
        """Take a previewed import."""
        return self._ask(verbs.CONFIRM, verbs.confirm_body(import_id, skip_refused=skip_refused))

    def inquire(self, subjects: list[str], purpose: str, *, proof: bool, call: str) -> Future[bytes]:
        """Ask the network about subjects, once for a call; with `proof`, answers come as answer files."""
        body = inquiries.inquire_body(subjects, purpose, proof=proof, call=call)
        return self._ask(verbs.INQUIRE, body)

    def reported(self) -> Future[bytes]:
        """Ask how far the reporting of the log month is."""
        return self._ask(verbs.REPORTED, b"")

    def close_month(self, month: Month | None) -> Future[bytes]:
        """File this steward's close of a month."""
        return self._ask(verbs.CLOSE, verbs.close_body(month))

    def _ask(self, verb: str, body: bytes) -> Future[bytes]:
        return self._door.post(self._party, verb, body)
