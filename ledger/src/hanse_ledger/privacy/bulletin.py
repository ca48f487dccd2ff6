"""What a bulletin holds for each steward, and what its warnings come to (protocol sections 8, 9 and 12).

A bulletin always has 16 slots for warnings and 16 for withdrawals and responses to disputes, so that its size
says nothing. An unused warning slot clears a random token; an unused withdrawal slot has the code 0.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.fields import as_array, as_bytes
from hanse_ledger.ids import Token
from hanse_ledger.privacy.sealing import bulletin_hash, dispute_hash

SLOTS: Final = 16
SALT_BYTES: Final = 32
_TOKEN_BYTES: Final = 32
_WARNING: Final = struct.Struct("<32sB")
_WITHDRAWAL: Final = struct.Struct("<IIHB")
WARNINGS_BYTES: Final = SLOTS * _WARNING.size
WITHDRAWALS_BYTES: Final = SLOTS * _WITHDRAWAL.size
_NO_DISPUTE: Final = 2**32 - 1
_LIMIT: Final = 1_024


class Code(IntEnum):
    """Why a row is withdrawn, or what its contributor says of it in a dispute."""

    UNUSED = 0
    ERROR = 1
    WRONG_SUBJECT = 2
    CONFIRMED = 3
    CORRECTED = 4
    CANNOT_BE_CONFIRMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning slot: the subject of this token is warned of, or is no longer."""

    token: Token = field(repr=False)
    is_raised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A withdrawal slot: a row by its report's seq and its number from 0, and the dispute it answers."""

    dispute: int | None = None
    seq: int
    row: int
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinText:
    """A bulletin's plaintext, read: its slots in their order, without those that are unused or say nothing.

    The hash alone decides whether a bulletin takes effect, so a slot that no member's node writes spoils none
    of the others.
    """

    warnings: tuple[Warned, ...]
    withdrawals: tuple[Withdrawn, ...]


def encode_bulletin(
    *, salt: bytes, fill: bytes, warnings: Sequence[Warned] = (), withdrawals: Sequence[Withdrawn] = ()
) -> tuple[bytes, bytes]:
    """Return (plaintext, bulletin hash). `fill` are 512 fresh random bytes: the tokens of unused slots.

    Raises MalformedError for more than 16 of a kind, or a value that its slot has no room for.
    """
    as_bytes(salt, "a salt", size=SALT_BYTES)
    as_bytes(fill, "random tokens", size=SLOTS * _TOKEN_BYTES)
    if max(len(warnings), len(withdrawals)) > SLOTS:
        raise MalformedError(f"a bulletin has {SLOTS} slots of each kind")
    unused = (
        Warned(token=Token(fill[_TOKEN_BYTES * n : _TOKEN_BYTES * (n + 1)]), is_raised=False)
        for n in range(len(warnings), SLOTS)
    )
    warned = b"".join(_WARNING.pack(one.token, one.is_raised) for one in (*warnings, *unused))
    withdrawn = b"".join(map(_pack_withdrawal, withdrawals)) + _UNUSED * (SLOTS - len(withdrawals))
    return encode([salt, warned, withdrawn]), bulletin_hash(salt, warned, withdrawn)


def parse_bulletin(plaintext: bytes, *, expected_hash: bytes) -> BulletinText:
    """Read what a steward has opened.

    Raises VerificationError where it does not give the hash that the bulletin carries, MalformedError for
    what is none.
    """
    salt, warned, withdrawn = as_array(decode(plaintext, limit=_LIMIT), 3, "a bulletin")
    as_bytes(salt, "a salt", size=SALT_BYTES)
    as_bytes(warned, "warnings", size=WARNINGS_BYTES)
    as_bytes(withdrawn, "withdrawals", size=WITHDRAWALS_BYTES)
    if bulletin_hash(salt, warned, withdrawn) != expected_hash:
        raise VerificationError("the plaintext is not what the bulletin's hash names")
    return BulletinText(
        warnings=tuple(
            Warned(token=Token(token), is_raised=bool(raised))
            for token, raised in _WARNING.iter_unpack(warned)
            if raised in {0, 1}
        ),
        withdrawals=tuple(
            Withdrawn(dispute=None if dispute == _NO_DISPUTE else dispute, seq=seq, row=row, code=Code(code))
            for dispute, seq, row, code in _WITHDRAWAL.iter_unpack(withdrawn)
            if Code.UNUSED < code <= Code.CANNOT_BE_CONFIRMED
        ),
    )


def encode_dispute(*, salt: bytes, token: Token) -> tuple[bytes, bytes]:
    """Return (plaintext, dispute hash) for a subject's dispute. `salt` are 32 fresh random bytes."""
    as_bytes(salt, "a salt", size=SALT_BYTES)
    as_bytes(token, "a token", size=_TOKEN_BYTES)
    return encode([salt, token]), dispute_hash(salt, token)


def parse_dispute(plaintext: bytes, *, expected_hash: bytes) -> Token:
    """Return the token of a dispute that a steward has opened; raises as `parse_bulletin` does."""
    salt, token = as_array(decode(plaintext, limit=_LIMIT), 2, "a dispute")
    disputed = Token(as_bytes(token, "a token", size=_TOKEN_BYTES))
    if dispute_hash(as_bytes(salt, "a salt", size=SALT_BYTES), disputed) != expected_hash:
        raise VerificationError("the plaintext is not what the dispute's hash names")
    return disputed


def warning_level(groups: Iterable[str], *, inquirer: str, warnings_min: int) -> int:
    """Return 0, 1 or 2 for the groups whose members warn of a subject (section 8).

    The inquirer's own group does not count.
    """
    others = len(set(groups) - {inquirer})
    return (others >= warnings_min) + (others >= 2 * warnings_min)


def _pack_withdrawal(one: Withdrawn) -> bytes:
    dispute = _NO_DISPUTE if one.dispute is None else one.dispute
    try:
        return _WITHDRAWAL.pack(dispute, one.seq, one.row, one.code)
    except struct.error as error:
        raise MalformedError("a withdrawal's slot has no room for this") from error


_UNUSED: Final = _WITHDRAWAL.pack(_NO_DISPUTE, 0, 0, Code.UNUSED)
