"""What a validator of CometBFT signs when it votes, rebuilt from a vote's fields.

The bytes are `CanonicalVote` of CometBFT's `types/canonical.proto` with their length before them: protocol
buffers in the order of the fields, in which what is zero or empty is left out.
"""

from dataclasses import dataclass
from typing import Final

_VARINT, _FIXED64, _BYTES = 0, 1, 2
_SEVEN_BITS: Final = 0x7F


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One vote. `block_hash` is empty for a vote for no block."""

    type: int
    """1 before, 2 after two thirds were seen to prefer a block."""
    height: int
    round: int
    block_hash: bytes
    parts_total: int
    parts_hash: bytes
    seconds: int
    nanos: int
    signature: bytes

    def signed_bytes(self, chain_id: str) -> bytes:
        """Return what the signature is over, on the chain of a name."""
        canonical = (
            _number(1, self.type)
            + _fixed(2, self.height)
            + _fixed(3, self.round)
            + self._block_id()
            + _field(5, _number(1, self.seconds) + _number(2, self.nanos))
            + _text(6, chain_id.encode())
        )
        return _varint(len(canonical)) + canonical

    def _block_id(self) -> bytes:
        if not self.block_hash:
            return b""
        parts = _number(1, self.parts_total) + _text(2, self.parts_hash)
        return _field(4, _text(1, self.block_hash) + _field(2, parts))


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > _SEVEN_BITS:
        written.append(number & _SEVEN_BITS | 0x80)
        number >>= 7
    return bytes([*written, number])


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(number) if number else b""


def _fixed(field: int, number: int) -> bytes:
    return _varint(field << 3 | _FIXED64) + number.to_bytes(8, "little") if number else b""


def _text(field: int, raw: bytes) -> bytes:
    return _field(field, raw) if raw else b""


def _field(field: int, raw: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(raw)) + raw
