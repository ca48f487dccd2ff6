"""What every role of a node stands on: its identity, its database, its copy of the log, the sequencer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hanse_ledger.codec import Value, encode
from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.cose import sign
from hanse_ledger.ids import PartyId
from hanse_ledger.note import NoteVerifier
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import LedgerState
from node.keyring import KeyRing
from node.ports import Clock, Entropy, Sequencer
from node.sequencing.replica import Replica
from node.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One party's node, as its roles see it. Owned by one thread."""

    consortium: Consortium
    party: Party
    keys: KeyRing
    database: Database
    replica: Replica
    sequencer: Sequencer
    catch_up: Callable[[], None]
    """Bring the replica up to the sequencer."""
    see: Callable[[bytes], None] = lambda _note: None
    """Hold a checkpoint that the log's key has signed, from wherever, against the replica."""
    witnessed: Mapping[str, NoteVerifier] = field(default_factory=dict)
    """Keys of other logs, by origin, whose checkpoints this node cosigns too."""
    clock: Clock
    entropy: Entropy

    @property
    def id(self) -> PartyId:
        """The party's id."""
        return self.party.id

    @property
    def key(self) -> SigningKey:
        """The statement key that the document in force names; raises KeyMissingError."""
        return self.keys.key(self.in_force.parties[self.id].statement_key)

    @property
    def cosign_key(self) -> SigningKey:
        """The cosigner's key that the document in force names; raises KeyMissingError."""
        return self.keys.key(self.in_force.parties[self.id].cosign_key)

    def sign_message(self, name: str, payload: Value, *, key: SigningKey | None = None) -> bytes:
        """Return a message of section 12 (COSE_Sign1) over a payload, by the statement key in force.

        Another `key` is one that was in force at a position, for what is read as of that position.
        """
        return sign(
            key=key or self.key,
            party=self.id,
            consortium=self.consortium.id,
            name=name,
            payload=encode(payload),
        )

    @property
    def state(self) -> LedgerState:
        """The state after every statement that this node holds."""
        return self.replica.state

    @property
    def in_force(self) -> Consortium:
        """The consortium document in force, by this node's copy of the log."""
        return self.state.consortium if self.state.founded else self.consortium
