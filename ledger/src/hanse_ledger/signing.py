"""Ed25519 keys: signing, strict verification and the admission of a public key (protocol sections 5, 12)."""

import hashlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import KeyId

SEED_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
REMEMBERED: Final = 512
"""How many of the last signatures that held need no second look."""

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)


class SigningKey:
    """An Ed25519 private key that never shows itself. Made from a seed of 32 bytes."""

    __slots__ = ("_private", "key_id", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise MalformedError(f"a signing seed has {SEED_BYTES} bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of RFC 8032; the same message always gives the same bytes."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id.hex()[:8]}...)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a signing key is not pickled")


def key_id_of(public: bytes) -> KeyId:
    """Return SHA-256 of a public key."""
    return KeyId(hashlib.sha256(public).digest())


def verify_signature(*, public: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature without cofactor; raises VerificationError.

    OpenSSL refuses S >= L and compares the encoding of [S]B - [h]A with R byte for byte, which is
    the rule of protocol section 5. What held lately is remembered: several threads can verify what one is
    about to accept.
    """
    try:
        _verify(public, message, signature)
    except (InvalidSignature, ValueError) as error:
        raise VerificationError("an Ed25519 signature does not hold") from error


@lru_cache(maxsize=REMEMBERED)
def _verify(public: bytes, message: bytes, signature: bytes) -> None:
    _loaded(public).verify(signature, message)


@lru_cache(maxsize=1_024)
def _loaded(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=1_024)
def check_public_key(public: bytes) -> None:
    """Refuse encodings that are not canonical, off the curve, or of small order.

    Done at admission (protocol section 5); a document is read more than once, so what passed lately is
    remembered. Raises MalformedError.
    """
    if len(public) != PUBLIC_KEY_BYTES:
        raise MalformedError(f"a public key has {PUBLIC_KEY_BYTES} bytes")
    encoded = int.from_bytes(public, "little")
    sign, y = encoded >> 255, encoded & ((1 << 255) - 1)
    if y >= _P:
        raise MalformedError("a public key that is not in its canonical encoding")
    x = _recover_x(y, sign)
    # Order 1, 2, 4 or 8 is exactly what three doublings take to the identity (0, 1).
    for _ in range(3):
        x, y = _double(x, y)
    if (x, y) == (0, 1):
        raise MalformedError("a public key of small order")


def _recover_x(y: int, sign: int) -> int:
    """RFC 8032 section 5.1.3: the x of a point from its y and the sign bit."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_MINUS_ONE % _P
    if (x * x - square) % _P:
        raise MalformedError("a public key that is no point of the curve")
    if x == 0 and sign:
        raise MalformedError("a public key that is not in its canonical encoding")
    return x if x & 1 == sign else _P - x


def _double(x: int, y: int) -> tuple[int, int]:
    """Affine doubling on -x^2 + y^2 = 1 + d x^2 y^2 (complete: the denominators are never 0)."""
    t = _D * x * x * y * y % _P
    return (
        2 * x * y * pow(1 + t, -1, _P) % _P,
        (y * y + x * x) * pow(1 - t, -1, _P) % _P,
    )
