"""Getting a checkpoint cosigned by the stewards, as the consortium's policy asks (protocol section 6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hanse_ledger.checkpoint import AddCheckpoint, log_signed
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import CheckpointConflictError, LedgerError, UnavailableError
from hanse_ledger.ids import NodeHash, StewardX
from hanse_ledger.merkle import prove_consistency
from hanse_ledger.note import SignatureLine, merge_signatures, parse_note, parse_signature_lines
from hanse_ledger.policy import verify_checkpoint
from hanse_ledger.witnessing import answer_checkpoint, policy_of
from node.ports import StewardLink, StewardLinks
from node.roles.gathering import arriving
from node.roles.party import Standing
from node.storage.log import LogStore
from node.wire import reply_of

_ROUNDS: Final = 4
"""How often a checkpoint is tried anew while others have newer ones cosigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCopy:
    """The copy of the log whose checkpoint is cosigned. Used by one thread."""

    log: LogStore
    size: Callable[[], int]
    in_force: Callable[[], Consortium]
    catch_up: Callable[[], None] = lambda: None
    """Bring it up to the sequencer, where nobody else does."""

    @classmethod
    def of(cls, standing: Standing) -> "LogCopy":
        """Return a node's own, for the node's thread."""
        return cls(
            log=standing.replica.log,
            size=lambda: standing.state.size,
            in_force=lambda: standing.in_force,
            catch_up=standing.catch_up,
        )


class Cosigned:
    """The newest cosigned checkpoint that this node has; asked for anew when the log has grown."""

    def __init__(self, *, copy: LogCopy, links: StewardLinks) -> None:
        self._copy, self._links = copy, links
        self._last: tuple[int, str] | None = None
        self._cosigned_sizes: dict[StewardX, int] = {}

    def checkpoint(self) -> tuple[int, str]:
        """Return (size, note) of a checkpoint that covers this node's copy of the log.

        Raises UnavailableError when fewer than the policy's quorum of stewards cosign.
        """
        self._copy.catch_up()
        for _ in range(_ROUNDS):
            size = self._copy.size()
            if self._last is None or self._last[0] != size:
                self._last = self._collect(size)
            if self._last is not None:
                return self._last
            self._copy.catch_up()
        raise UnavailableError("too few stewards cosign the checkpoint")

    def _collect(self, size: int) -> tuple[int, str] | None:
        stored = self._copy.log.checkpoint()
        if stored is None:
            raise UnavailableError("the log has no checkpoint yet")
        # The stored one may carry cosignatures already.
        note = log_signed(stored)
        signed: dict[StewardX, Sequence[SignatureLine]] = {}
        asked = self._links()
        # The second round names the sizes that the first one learned.
        for _ in range(2):
            again = self._ask(asked, note, size, signed)
            asked = {x: asked[x] for x in again if self._cosigned_sizes[x] <= size}
        lines = [line for x in sorted(signed) for line in signed[x]]
        consortium = self._copy.in_force()
        merged = merge_signatures(parse_note(note), lines).encode()
        try:
            verify_checkpoint(merged, policy_of(consortium))
        except LedgerError:
            return None
        return size, answer_checkpoint(merged, consortium)

    def _ask(
        self,
        links: Mapping[StewardX, StewardLink],
        note: bytes,
        size: int,
        signed: dict[StewardX, Sequence[SignatureLine]],
    ) -> list[StewardX]:
        """Add what stewards sign; return those that have cosigned another size than was named."""
        again: list[StewardX] = []
        quorum = len(self._copy.in_force().stewards) - 1
        futures = {x: link.ask("add-checkpoint", self._body(link, note, size)) for x, link in links.items()}
        for x, future in arriving(futures, lambda: len(signed) + len(again) >= quorum):
            try:
                signed[x] = parse_signature_lines(reply_of(future))
                self._cosigned_sizes[x] = size
            except CheckpointConflictError as error:
                self._cosigned_sizes[x] = int(str(error))
                again.append(x)
            except LedgerError:
                continue
        return sorted(again)

    def _body(self, link: StewardLink, note: bytes, size: int) -> bytes:
        old = min(self._cosigned_sizes.get(link.x, 0), size)
        path: tuple[NodeHash, ...] = ()
        if 0 < old < size:
            path = tuple(prove_consistency(size1=old, size2=size, read=self._copy.log.node))
        return AddCheckpoint(old_size=old, path=path, note=note).encode()
