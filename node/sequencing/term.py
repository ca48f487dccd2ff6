"""Whose turn it is to order the log: a setting that all nodes of a consortium share (docs/operation.md)."""

from dataclasses import dataclass

from hanse_ledger.checkpoint import parse_checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from hanse_ledger.note import NoteVerifier, SignatureType, parse_note
from node.documents import founding_document
from node.errors import SettingsError
from node.settings import NodeSettings

AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The party that orders, and the size of the log from which on it does.

    None orders where those that the document names agree on the order: each signs then what was agreed.
    Whether a party is active is not asked here: a document names only active ones under `ordering`, or it is
    refused; and an orderer that votes have put out stays the setting's until all nodes are set to another,
    while nobody takes what it signs then (`policy_of` has no key of its).
    """

    orderer: PartyId | None
    since: int = 0

    @classmethod
    def of(cls, settings: NodeSettings, consortium: Consortium) -> "Term":
        """Return the term that a node is set to; SettingsError for a party that may not order."""
        if settings.engine == "cometbft":
            if settings.orderer is not None or settings.orderer_since:
                raise SettingsError("orderer: nobody orders alone where the parties agree (engine)")
            return cls(orderer=None)
        # Without a setting the founder orders, whoever stands first in a later document.
        orderer = PartyId(settings.orderer or founding_document(settings.genesis.read_bytes()).ordering[0])
        if orderer not in consortium.ordering:
            raise SettingsError("orderer: not a party that may order by the consortium document")
        return cls(orderer=orderer, since=settings.orderer_since)

    def __str__(self) -> str:
        """Return how evidence is filed: by the term in which it was found."""
        return f"{self.orderer or AGREEMENT}@{self.since}"

    def orders(self, party: PartyId, consortium: Consortium) -> bool:
        """Return whether a party's node shows a log that it has ordered itself."""
        return party == self.orderer if self.orderer is not None else party in consortium.ordering

    def sources(self, consortium: Consortium) -> tuple[PartyId, ...]:
        """Return whose nodes take statements and show the log first, in the order in which to ask them."""
        return consortium.ordering if self.orderer is None else (self.orderer,)

    def covers(self, note: bytes, consortium: Consortium) -> bool:
        """Return whether a checkpoint that the log has signed binds in this term.

        All do up to its beginning, and beyond it those alone which its orderer has signed: what a former one
        still signs is nobody's log. Where parties agree, whatever any of them signs binds. The caller has
        verified the note.
        """
        if self.orderer is None:
            return True
        parsed = parse_note(note)
        public = consortium.parties[self.orderer].log_key
        if parse_checkpoint(parsed.text).size <= self.since or public is None:
            return public is not None
        key = NoteVerifier(name=consortium.id, public=public, type=SignatureType.ED25519)
        return any((line.name, line.key_id) == (key.name, key.key_id) for line in parsed.signatures)
