"""Sealing to one receiver: HPKE (RFC 9180) base mode with the hybrid KEM 0x647A, ML-KEM-768 with X25519.

KDF 0x0001 (HKDF-SHA256), AEAD 0x0002 (AES-256-GCM), aad empty. Sealed bytes are enc (1,120) || ciphertext.
`seal` is the core's one exception from purity: the library draws its encapsulation randomness by itself.
What is sealed is bound to its place by `info`, which the functions below make for each kind.
"""

from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from hanse_ledger.codec import digest, encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import ConsortiumId, KeyId, Month, PartyId, RequestHash, StewardX, Token
from hanse_ledger.signing import key_id_of

ML_KEM_SEED_BYTES: Final = 64
X25519_BYTES: Final = 32
PRIVATE_KEY_BYTES: Final = ML_KEM_SEED_BYTES + X25519_BYTES
ML_KEM_PUBLIC_BYTES: Final = 1_184
PUBLIC_KEY_BYTES: Final = ML_KEM_PUBLIC_BYTES + X25519_BYTES
ENC_BYTES: Final = 1_120
OVERHEAD_BYTES: Final = ENC_BYTES + 16
"""What sealing adds to a plaintext: the encapsulation and the tag."""

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_PROBE: Final = X25519PrivateKey.from_private_bytes(bytes(X25519_BYTES))


class SealingPrivateKey:
    """A private sealing key that never shows itself. Made from 96 bytes, ML-KEM seed and X25519 key.

    `public_key` are its 1,216 public bytes, `key_id` their SHA-256.
    """

    __slots__ = ("_private", "_raw", "key_id", "public_key")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != PRIVATE_KEY_BYTES:
            raise MalformedError(f"a private sealing key has {PRIVATE_KEY_BYTES} bytes")
        ml_kem = MLKEM768PrivateKey.from_seed_bytes(raw[:ML_KEM_SEED_BYTES])
        x25519 = X25519PrivateKey.from_private_bytes(raw[ML_KEM_SEED_BYTES:])
        self._raw = raw
        self._private = MLKEM768X25519PrivateKey(ml_kem, x25519)
        self.public_key: bytes = (
            ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )
        self.key_id: KeyId = key_id_of(self.public_key)

    @classmethod
    def generate(cls, entropy: bytes) -> "SealingPrivateKey":
        """Make a key from 96 uniform bytes, used for nothing else."""
        return cls(entropy)

    @classmethod
    def from_seeds(cls, *, ml_kem_seed: bytes, x25519_private: bytes) -> "SealingPrivateKey":
        """Make a key from its two parts, 64 bytes (d || z of FIPS 203) and 32 bytes (RFC 7748)."""
        if len(ml_kem_seed) != ML_KEM_SEED_BYTES:
            raise MalformedError(f"an ML-KEM seed has {ML_KEM_SEED_BYTES} bytes")
        return cls(ml_kem_seed + x25519_private)

    def to_bytes(self) -> bytes:
        """Return the 96 secret bytes, for storage; the constructor takes them back."""
        return self._raw

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        """Return the plaintext. Raises VerificationError for another key, info or a changed byte."""
        try:
            return _SUITE.decrypt(sealed, self._private, info=info)
        except (InvalidTag, ValueError) as error:
            raise VerificationError("sealed bytes do not open") from error

    def __repr__(self) -> str:
        return f"SealingPrivateKey({self.key_id.hex()[:8]}...)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a private sealing key is not pickled")


def check_sealing_key(public_key: bytes) -> None:
    """Refuse bytes that nothing can be sealed to; raises MalformedError.

    That is another length, no ML-KEM key, or an X25519 point of small order.
    """
    _load(public_key)
    try:
        _PROBE.exchange(X25519PublicKey.from_public_bytes(public_key[ML_KEM_PUBLIC_BYTES:]))
    except ValueError as error:
        raise MalformedError("no sealing key") from error


def seal(*, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
    """Seal to a public key; every call gives other bytes, 1,136 more than the plaintext.

    Draws from the operating system, through the library: the core's one exception. Raises MalformedError
    for a key to which nothing can be sealed.
    """
    loaded = _load(public_key)
    try:
        return _SUITE.encrypt(plaintext, loaded, info=info)
    except ValueError as error:
        raise MalformedError("no sealing key") from error


def share_info(consortium: ConsortiumId, x: StewardX, member: PartyId, seq: int) -> bytes:
    """Bind a share to its steward and to its report's place in the member's chain."""
    return encode(["hanse/v1/share", consortium, x, member, seq])


def bulletin_info(consortium: ConsortiumId, x: StewardX, member: PartyId, seq: int) -> bytes:
    """Bind a bulletin to its steward and to its place in the member's chain."""
    return encode(["hanse/v1/bulletin", consortium, x, member, seq])


def dispute_info(consortium: ConsortiumId, x: StewardX, desk: PartyId, seq: int) -> bytes:
    """Bind a dispute to its steward and to its place in the desk's chain."""
    return encode(["hanse/v1/dispute", consortium, x, desk, seq])


def answer_info(consortium: ConsortiumId, x: StewardX, request_hash: RequestHash) -> bytes:
    """Bind an answer to the steward that gives it and to its request."""
    return encode(["hanse/v1/answer", consortium, x, request_hash])


def seed_info(
    consortium: ConsortiumId,
    *,
    stewards: Sequence[StewardX],
    y: StewardX,
    receiver: StewardX,
    quarter: Month,
) -> bytes:
    """Bind seed_y to its set X, to its receiver and to the first month of its quarter."""
    return encode(["hanse/v1/seed", consortium, list(stewards), y, receiver, quarter])


def bulletin_hash(salt: bytes, warnings: bytes, withdrawals: bytes) -> bytes:
    """Return H["hanse/v1/bulletin", salt, warnings, withdrawals], which a bulletin carries."""
    return digest("hanse/v1/bulletin", salt, warnings, withdrawals)


def dispute_hash(salt: bytes, token: Token) -> bytes:
    """Return H["hanse/v1/dispute", salt, token], which a dispute carries."""
    return digest("hanse/v1/dispute", salt, token)


def _load(public_key: bytes) -> MLKEM768X25519PublicKey:
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise MalformedError(f"a sealing key has {PUBLIC_KEY_BYTES} bytes")
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public_key[:ML_KEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public_key[ML_KEM_PUBLIC_BYTES:]),
        )
    except ValueError as error:
        raise MalformedError("no sealing key") from error
