"""The fake's log: real statements, really accepted, in a real tree with cosigned checkpoints."""

from collections.abc import Callable

from hanse_client.testing.founding import DESK, STEWARDS, Dealt, Entropy
from hanse_ledger.bodies import Body, Close, Propose, Vote
from hanse_ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from hanse_ledger.ids import Month, NodeHash, PartyId, month_text
from hanse_ledger.merkle import prove_consistency, prove_inclusion, root_at
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import sign_statement
from hanse_ledger.witnessing import answer_checkpoint, cosigner_name

_CLOSERS = tuple(STEWARDS.values())[:2]


class Log:
    """A log that begins with the genesis of a dealt consortium."""

    def __init__(self, dealt: Dealt, now_s: Callable[[], float]) -> None:
        self.dealt, self._now_s = dealt, now_s
        self.state = LedgerState()
        self.entries: list[bytes] = []
        self._nodes: dict[tuple[int, int], NodeHash] = {}
        self.accept(DESK, dealt.genesis())

    def accept(self, party: PartyId, body: Body) -> int:
        """Sign a statement at its party's head, append it and return its index."""
        head = self.state.head(party)
        raw = sign_statement(
            key=self.dealt.keys[party].statement,
            party=party,
            consortium=self.dealt.consortium.id,
            seq=head.seq,
            prev=head.prev,
            body=body,
        )
        accepted = self.state.apply(raw)
        self._nodes.update(((level, place), node) for level, place, node in accepted.completed)
        self.entries.append(raw)
        return accepted.index

    def close(self, month: Month) -> None:
        """Let two stewards close a month."""
        for steward in _CLOSERS:
            self.accept(steward, Close(month=month))

    def replace_document(self, entropy: Entropy) -> None:
        """Let votes put a document in force in which every steward has new keys."""
        following = self.dealt.successor(entropy)
        members = [party.id for party in self.dealt.consortium.parties.values() if "member" in party.roles]
        self.accept(members[0], Propose(document=following.consortium.raw))
        for party in (*members, *list(STEWARDS.values())[:3]):
            self.accept(party, Vote(document_hash=following.consortium.hash))
        self.dealt = following

    def month(self) -> str:
        """Return the log month."""
        last = self.state.last_closed(len(self.entries))
        return month_text(Month(self.dealt.consortium.first_month if last is None else last + 1))

    def root(self, size: int) -> NodeHash:
        """Return the root over the first `size` statements."""
        return root_at(size, self._read)

    def inclusion(self, index: int) -> tuple[NodeHash, ...]:
        """Prove that a statement stands in the log as it is."""
        return tuple(prove_inclusion(index=index, tree_size=len(self.entries), read=self._read))

    def consistency(self, size: int) -> tuple[NodeHash, ...]:
        """Prove that the log as it is extends its first `size` statements."""
        return tuple(prove_consistency(size1=size, size2=len(self.entries), read=self._read))

    def checkpoint(self) -> str:
        """Return the newest checkpoint, signed by the desk and cosigned by three stewards, now."""
        size = len(self.entries)
        consortium = self.dealt.consortium
        checkpoint = Checkpoint(origin=consortium.id, size=size, root=self.root(size))
        raw = sign_checkpoint(checkpoint, self.dealt.keys[DESK].log)
        lines = [
            cosign(
                raw,
                name=cosigner_name(consortium.id, steward),
                key=self.dealt.keys[steward].cosign,
                timestamp_s=int(self._now_s()),
            )
            for steward in STEWARDS.values()
        ]
        return answer_checkpoint(raw + b"".join(line.encode() for line in lines), consortium)

    def _read(self, level: int, index: int) -> NodeHash:
        return self._nodes[level, index]
