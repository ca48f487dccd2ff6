"""C2SP checkpoints: what a log says its tree is, signed and cosigned, and the add-checkpoint request.

A checkpoint is a note whose text names the log (its origin), the size and the root. Signing is the
last step of keeping one's word: the caller has stored what it signs before the line leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import HASH_BYTES, NodeHash
from hanse_ledger.merkle import EMPTY_ROOT, verify_consistency
from hanse_ledger.note import (
    Note,
    NoteSigner,
    SignatureLine,
    SignatureType,
    decode_base64,
    encode_base64,
    parse_decimal,
    parse_note,
)
from hanse_ledger.signing import SigningKey

PATH_MAX: Final = 63
"""No proof in a tree of fewer than 2^63 leaves is longer."""
ADD_CHECKPOINT_BYTES_MAX: Final = 16 * 1024
"""Deployed witnesses refuse longer bodies: send log signatures only."""

_SIZE_LIMIT: Final = 1 << 63
_LINES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The root over the first `size` entries of the log named `origin`."""

    origin: str
    size: int
    root: NodeHash
    extensions: tuple[str, ...] = ()
    """Lines that other logs may add; ours has none."""

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or any(char < " " for char in line):
                raise MalformedError("a checkpoint has no empty lines and no control characters")
        if not 0 <= self.size < _SIZE_LIMIT:
            raise MalformedError("a checkpoint's size is below 2^63")
        if len(self.root) != HASH_BYTES:
            raise MalformedError(f"a checkpoint's root has {HASH_BYTES} bytes")

    def encode(self) -> bytes:
        """Return the note text."""
        lines = [self.origin, str(self.size), encode_base64(self.root), *self.extensions]
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """The body of tlog-witness `add-checkpoint`; nothing in it has been verified."""

    old_size: int
    path: tuple[NodeHash, ...]
    """The consistency proof from `old_size` to the checkpoint's size."""
    note: bytes
    """The signed checkpoint as sent."""

    def encode(self) -> bytes:
        """Return the body; raises MalformedError where witnesses would refuse its length."""
        lines = [f"old {self.old_size}", *map(encode_base64, self.path), ""]
        raw = "".join(f"{line}\n" for line in lines).encode() + self.note
        if len(raw) > ADD_CHECKPOINT_BYTES_MAX or len(self.path) > PATH_MAX:
            raise MalformedError("an add-checkpoint body that is too long")
        return raw


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint note (without its signatures); raises MalformedError."""
    try:
        *lines, rest = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError("a checkpoint that is not UTF-8") from error
    if rest or len(lines) < _LINES:
        raise MalformedError("a checkpoint has three lines or more, each ended by a newline")
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin=origin,
        size=parse_decimal(size),
        root=NodeHash(decode_base64(root)),
        extensions=tuple(extensions),
    )


def parse_signed_checkpoint(raw: bytes) -> Checkpoint:
    """Read what a checkpoint note says, whoever signed it; raises MalformedError."""
    return parse_checkpoint(parse_note(raw).text)


def log_signed(raw: bytes) -> bytes:
    """Return a checkpoint note with the lines under its origin's name alone: what goes to a witness.

    Without cosignatures, which come later, one tree has one note. Raises MalformedError.
    """
    note = parse_note(raw)
    origin = parse_checkpoint(note.text).origin
    own = tuple(line for line in note.signatures if line.name == origin)
    return Note(text=note.text, signatures=own).encode()


def log_keys(raw: bytes) -> frozenset[bytes]:
    """Return the key ids under its origin's name: who signed a checkpoint as the log. Verifies nothing."""
    return frozenset(line.key_id for line in parse_note(log_signed(raw)).signatures)


def cosignatures(note: Note) -> tuple[SignatureLine, ...]:
    """Return the lines of a checkpoint note that are not the log's own. Verifies nothing."""
    origin = parse_checkpoint(note.text).origin
    return tuple(line for line in note.signatures if line.name != origin)


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> bytes:
    """Return the checkpoint as a note with the log's signature by each key, under the origin's name."""
    text = checkpoint.encode()
    signers = [NoteSigner(name=checkpoint.origin, key=key, type=SignatureType.ED25519) for key in keys]
    return Note(text=text, signatures=tuple(signer.sign(text) for signer in signers)).encode()


def cosign(note: bytes, *, name: str, key: SigningKey, timestamp_s: int) -> SignatureLine:
    """Return a cosignature/v1 line over a checkpoint note.

    The caller has verified the note and that its tree extends the last one it cosigned. Raises
    MalformedError when the note is no checkpoint.
    """
    text = parse_note(note).text
    parse_checkpoint(text)
    return NoteSigner(name=name, key=key, type=SignatureType.COSIGNATURE_V1).sign(
        text, timestamp_s=timestamp_s
    )


def verify_growth(*, size: int, root: NodeHash, checkpoint: Checkpoint, path: Sequence[NodeHash]) -> None:
    """Check that a checkpoint extends the tree (size, root), as a witness does before it cosigns.

    From size 0 everything grows, without a proof (tlog-witness). Raises VerificationError also for an
    empty tree with a root of its own.
    """
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise VerificationError("an empty tree with another root than that of nothing")
    if size > 0:
        verify_consistency(size1=size, size2=checkpoint.size, root1=root, root2=checkpoint.root, path=path)
    elif path:
        raise VerificationError("a consistency path from an empty tree")


def parse_add_checkpoint(raw: bytes) -> AddCheckpoint:
    """Read an add-checkpoint body.

    Raises MalformedError, also when the old size is above the checkpoint's: status 400 of tlog-witness.
    """
    if len(raw) > ADD_CHECKPOINT_BYTES_MAX:
        raise MalformedError(f"an add-checkpoint body of more than {ADD_CHECKPOINT_BYTES_MAX} bytes")
    head, separator, note = raw.partition(b"\n\n")
    first, *lines = split_ascii_lines(head)
    if not separator or not first.startswith("old "):
        raise MalformedError("an add-checkpoint body is an old size, hashes, a blank line, a checkpoint")
    old_size = parse_decimal(first.removeprefix("old "))
    path = parse_path(lines)
    if old_size > parse_checkpoint(parse_note(note).text).size:
        raise MalformedError("an old size above that of the checkpoint")
    return AddCheckpoint(old_size=old_size, path=path, note=note)


def parse_path(lines: Sequence[str]) -> tuple[NodeHash, ...]:
    """Read the hashes of a proof, one base64 line each; raises MalformedError."""
    path = tuple(NodeHash(decode_base64(line)) for line in lines)
    if len(path) > PATH_MAX or any(len(node) != HASH_BYTES for node in path):
        raise MalformedError(f"a proof is at most {PATH_MAX} hashes of {HASH_BYTES} bytes")
    return path


def split_ascii_lines(head: bytes) -> list[str]:
    """Split the lines before a checkpoint, which are ASCII only; raises MalformedError."""
    if not head.isascii():
        raise MalformedError("only ASCII stands before a checkpoint")
    return head.decode("ascii").split("\n")
