"""Cosigning checkpoints of a log that this node has replayed (protocol section 6, C2SP tlog-witness).

A node never signs two checkpoints that do not fit together: what it signs is stored before the signature
leaves.
"""

from hanse_ledger.checkpoint import (
    Checkpoint,
    cosign,
    parse_add_checkpoint,
    parse_checkpoint,
    verify_growth,
)
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import CheckpointConflictError, MalformedError, VerificationError
from hanse_ledger.merkle import EMPTY_ROOT
from hanse_ledger.note import parse_note
from hanse_ledger.policy import Policy, verify_log_signature
from hanse_ledger.witnessing import cosigner_name, policy_of
from node.errors import LogSignatureError, NotFoundError
from node.roles.party import Standing


class Witness:
    """One party's cosigner."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def add_checkpoint(self, body: bytes) -> bytes:
        """Cosign the checkpoint of an add-checkpoint body and return the signature lines.

        Raises CheckpointConflictError, whose message is the size cosigned last, when the body names
        another; NotFoundError for another log's, LogSignatureError for one that its log has not signed,
        VerificationError for a tree that does not extend the last one, or is not this node's.
        """
        request = parse_add_checkpoint(body)
        consortium = self._standing.in_force
        policy = policy_of(consortium)
        checkpoint = _signed_checkpoint(request.note, consortium, policy)
        log_lines = _log_lines(request.note, policy)
        self._standing.see(parse_note(request.note).text + b"\n" + log_lines)
        log = self._standing.replica.log
        size, root = log.last_cosigned(checkpoint.origin) or (0, EMPTY_ROOT)
        if request.old_size != size:
            raise CheckpointConflictError(str(size))
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
        lines = log_lines + line
        # Compared once more as it is stored: another may have cosigned between the two.
        log.store_cosigned(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            lines=lines,
            expected_size=size,
        )
        return line


def _signed_checkpoint(note: bytes, consortium: Consortium, policy: Policy) -> Checkpoint:
    claimed = parse_checkpoint(parse_note(note).text)
    if claimed.origin != consortium.id:
        raise NotFoundError("a checkpoint of a log that this node does not follow")
    if claimed.extensions:
        # This log has none, and what is stored to be shown again has no room for them.
        raise MalformedError("a checkpoint with extension lines")
    try:
        return verify_log_signature(note, policy)
    except VerificationError as error:
        raise LogSignatureError("no key that may order this log has signed the checkpoint") from error


def _log_lines(note: bytes, policy: Policy) -> bytes:
    """Return the lines of the log's own keys."""
    keys = {(log.key.name, log.key.key_id) for log in policy.logs}
    lines = parse_note(note).signatures
    return b"".join(line.encode() for line in lines if (line.name, line.key_id) in keys)
