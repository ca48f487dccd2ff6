"""`.tlog-proof` files: that an entry stands in the log, for checking without a network."""

from dataclasses import dataclass
from typing import Final

from hanse_ledger.checkpoint import Checkpoint, parse_checkpoint, parse_path, split_ascii_lines
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import verify_inclusion
from hanse_ledger.note import decode_base64, encode_base64, parse_decimal, parse_note
from hanse_ledger.policy import Policy, verify_checkpoint

EXTRA_BYTES_MAX: Final = 40 * 1024
"""Go readers stop at a line of 64 KiB, which is 48 KiB before base64."""
PROOF_BYTES_MAX: Final = 1_100_000

_HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """An entry's index and audit path with a signed checkpoint; nothing in it has been verified."""

    index: int
    path: tuple[NodeHash, ...]
    """From the leaf's sibling up."""
    note: bytes
    """The checkpoint verbatim, with its cosignatures."""
    extra: bytes = b""
    """What an application adds. Nothing vouches for it."""

    def encode(self) -> bytes:
        """Return the file; raises MalformedError for extra bytes that other readers would refuse."""
        if len(self.extra) > EXTRA_BYTES_MAX:
            raise MalformedError(f"a proof carries at most {EXTRA_BYTES_MAX} extra bytes")
        extra = [f"extra {encode_base64(self.extra)}"] if self.extra else []
        lines = [_HEADER, *extra, f"index {self.index}", *map(encode_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note


def parse_proof(raw: bytes) -> TlogProof:
    """Read a `.tlog-proof` file; raises MalformedError."""
    if len(raw) > PROOF_BYTES_MAX:
        raise MalformedError(f"a proof of more than {PROOF_BYTES_MAX} bytes")
    head, separator, note = raw.partition(b"\n\n")
    header, *lines = split_ascii_lines(head)
    if not separator or header != _HEADER:
        raise MalformedError("not a transparency log proof of version 1")
    extra = _parse_extra(lines.pop(0)) if lines and lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index "):
        raise MalformedError("a proof without an index")
    index, path = parse_decimal(lines[0].removeprefix("index ")), parse_path(lines[1:])
    parse_checkpoint(parse_note(note).text)
    return TlogProof(index=index, path=path, note=note, extra=extra)


def verify_proof(proof: TlogProof, *, leaf: NodeHash, policy: Policy, strict: bool = False) -> Checkpoint:
    """Check that `leaf` stands at the proof's index in a log that the policy accepts.

    Returns the checkpoint under which it stands; raises VerificationError. `strict` as in
    `policy.verify_checkpoint`.
    """
    checkpoint = verify_checkpoint(proof.note, policy, strict=strict)
    verify_inclusion(
        leaf=leaf,
        index=proof.index,
        tree_size=checkpoint.size,
        root=checkpoint.root,
        path=proof.path,
    )
    return checkpoint


def _parse_extra(line: str) -> bytes:
    extra = decode_base64(line.removeprefix("extra "))
    if not 0 < len(extra) <= EXTRA_BYTES_MAX:
        raise MalformedError(f"extra bytes are 1 to {EXTRA_BYTES_MAX}, or the line is left out")
    return extra
