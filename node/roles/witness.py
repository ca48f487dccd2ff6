"""Cosigning checkpoints of the log that this node has replayed (protocol section 6, C2SP tlog-witness).

Of other logs, whose keys a setting names, it checks the signature and that they grow, and replays nothing.

A node never signs two checkpoints that do not fit together: what it signs is stored before the signature
leaves.
"""

from hanse_ledger.checkpoint import (
    Checkpoint,
    cosign,
    parse_add_checkpoint,
    parse_signed_checkpoint,
    verify_growth,
)
from hanse_ledger.errors import CheckpointConflictError, MalformedError, VerificationError
from hanse_ledger.ids import PartyId
from hanse_ledger.merkle import EMPTY_ROOT
from hanse_ledger.note import parse_note
from hanse_ledger.policy import NO_QUORUM, Policy, PolicyLog, verify_log_signature
from hanse_ledger.witnessing import cosigner_name, policy_of
from node.errors import LogSignatureError, NotFoundError
from node.roles.party import Standing
from node.wire import Handler


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
        policy = self._policy(parse_signed_checkpoint(request.note).origin)
        checkpoint = _signed_checkpoint(request.note, policy)
        is_own = checkpoint.origin == consortium.id
        log_lines = _log_lines(request.note, policy)
        if is_own:
            self._standing.see(parse_note(request.note).text + b"\n" + log_lines)
        log = self._standing.replica.log
        size, root = log.last_cosigned(checkpoint.origin) or (0, EMPTY_ROOT)
        if request.old_size != size:
            raise CheckpointConflictError(str(size))
        verify_growth(size=size, root=root, checkpoint=checkpoint, path=request.path)
        if is_own:
            self._check_replayed(checkpoint)
        line = cosign(
            request.note,
            name=cosigner_name(consortium.id, self._standing.id),
            key=self._standing.cosign_key,
            timestamp_s=int(self._standing.clock.now().timestamp()),
        ).encode()
        # Compared once more as it is stored: another may have cosigned between the two.
        log.store_cosigned(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            lines=log_lines + line,
            expected_size=size,
        )
        return line

    def _policy(self, origin: str) -> Policy:
        """Return which keys sign for a log: the consortium's, or the one that a setting has for another."""
        consortium = self._standing.in_force
        if origin == consortium.id:
            return policy_of(consortium)
        if origin not in self._standing.witnessed:
            raise NotFoundError("a checkpoint of a log that this node does not follow")
        key = PolicyLog(key=self._standing.witnessed[origin])
        return Policy(logs=(key,), witnesses=(), groups=(), quorum=NO_QUORUM)

    def _check_replayed(self, checkpoint: Checkpoint) -> None:
        """Check that a tree of the consortium's own log is the one that this node holds."""
        if checkpoint.size > self._standing.state.size:
            self._standing.catch_up()
        if (
            checkpoint.size > self._standing.state.size
            or self._standing.replica.root(checkpoint.size) != checkpoint.root
        ):
            raise VerificationError("the checkpoint's tree is not the one that this node has replayed")


def _signed_checkpoint(note: bytes, policy: Policy) -> Checkpoint:
    if parse_signed_checkpoint(note).extensions:
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


def cosigner(standing: Standing) -> Handler:
    """Return what a party that is no steward does for others: it cosigns."""
    witness = Witness(standing)

    def handle(_caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb != "add-checkpoint":
            raise NotFoundError("this node's party has no such role")
        return witness.add_checkpoint(body)

    return handle
