"""Cosigning checkpoints of a log that this node has replayed (protocol section 6, C2SP tlog-witness).

A node never signs two checkpoints that do not fit together: what it signs is stored before the signature
leaves.
"""

from hanse_ledger.checkpoint import cosign, parse_add_checkpoint, verify_growth
from hanse_ledger.errors import CheckpointConflictError, VerificationError
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.witnessing import cosigner_name, policy_of
from node.roles.party import Standing


class Witness:
    """One party's cosigner."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def add_checkpoint(self, body: bytes) -> bytes:
        """Cosign the checkpoint of an add-checkpoint body and return the signature lines.

        Raises CheckpointConflictError, whose message is the size cosigned last, when the body names
        another; VerificationError for a tree that does not extend that one, or is not this node's.
        """
        request = parse_add_checkpoint(body)
        consortium = self._standing.in_force
        checkpoint = verify_log_signature(request.note, policy_of(consortium))
        log = self._standing.replica.log
        size, root = log.last_cosigned(checkpoint.origin) or (0, None)
        if request.old_size != size:
            raise CheckpointConflictError(str(size))
        if root is not None:
            verify_growth(size=size, root=root, checkpoint=checkpoint, path=request.path)
        if checkpoint.size > self._standing.state.size:
            self._standing.catch_up()
        if (
            checkpoint.size > self._standing.state.size
            or self._standing.replica.root(checkpoint.size) != checkpoint.root
        ):
            raise VerificationError("the checkpoint's tree is not the one that this node has replayed")
        line = cosign(
            request.note,
            name=cosigner_name(consortium.id, self._standing.id),
            key=self._standing.cosign_key,
            timestamp_s=int(self._standing.clock.now().timestamp()),
        ).encode()
        log.store_cosigned(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, lines=line)
        return line
