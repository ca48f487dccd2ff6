"""The group ristretto255 and the integers modulo its order (RFC 9496), as RFC 9497 uses them.

Elements and scalars are 32 bytes; arithmetic on scalars is done with ints modulo `ORDER`. No function here
takes or returns the identity element: protocol section 2 refuses it everywhere. Two facts of libsodium shape
the code: its validity check lets the identity through, and its addition turns an invalid operand silently
into the identity, so only elements that went through `parse_element` or `multiply` are ever added.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NewType, TypeVar

import rbcl

from hanse_ledger.errors import DocumentError, MalformedError
from hanse_ledger.ids import StewardX

Element = NewType("Element", bytes)
"""A canonical encoding of a group element that is not the identity."""
Scalar = NewType("Scalar", bytes)
"""A canonical little-endian encoding of an integer below `ORDER`."""

X = TypeVar("X", bound=int)

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
ELEMENT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
WIDE_BYTES: Final = 64
IDENTITY: Final = bytes(ELEMENT_BYTES)
CONTEXT: Final = b"OPRFV1-\x01-ristretto255-SHA512"
"""contextString of RFC 9497 section 3.1 for the verifiable mode 0x01."""

THRESHOLD: Final = 2
"""t of protocol section 1: this many points fix a line."""

_SHA512_BLOCK: Final = 128


def scalar_bytes(number: int) -> Scalar:
    """Encode an integer modulo the group order."""
    return Scalar((number % ORDER).to_bytes(SCALAR_BYTES, "little"))


def parse_scalar(raw: bytes) -> int:
    """Read a canonical scalar, zero included (SerializeScalar of RFC 9497 section 4.1).

    Raises MalformedError for another length and for anything from `ORDER` on.
    """
    number = int.from_bytes(raw, "little")
    if len(raw) != SCALAR_BYTES or number >= ORDER:
        raise MalformedError("a scalar that is not in its canonical encoding")
    return number


def parse_nonzero_scalar(raw: bytes) -> int:
    """Read a canonical scalar where zero has no place: keys, key shares, blinds and nonces."""
    number = parse_scalar(raw)
    if number == 0:
        raise MalformedError("a scalar that is zero")
    return number


def scalar_from_entropy(entropy: bytes) -> Scalar:
    """Make a uniform scalar that is not zero from 64 uniform bytes, by reduction (bias below 2^-250)."""
    if len(entropy) != WIDE_BYTES:
        raise MalformedError(f"a scalar is made from {WIDE_BYTES} bytes")
    scalar = scalar_bytes(int.from_bytes(entropy, "little"))
    parse_nonzero_scalar(scalar)
    return scalar


def parse_element(raw: bytes) -> Element:
    """Read a canonical element. Raises MalformedError for the identity and for all that is no element."""
    if len(raw) != ELEMENT_BYTES or raw == IDENTITY or not rbcl.crypto_core_ristretto255_is_valid_point(raw):
        raise MalformedError("no element of the group, or the identity")
    return Element(raw)


def multiply(scalar: int, element: bytes) -> Element:
    """Return scalar * element.

    Raises MalformedError where `element` is no element, or the product is the identity.
    """
    try:
        return Element(bytes(rbcl.crypto_scalarmult_ristretto255(scalar_bytes(scalar), element)))
    except (RuntimeError, ValueError) as error:
        raise MalformedError("no element of the group, or the identity") from error


def multiply_base(scalar: int) -> Element:
    """Return scalar * G; raises MalformedError where that is the identity."""
    try:
        return Element(bytes(rbcl.crypto_scalarmult_ristretto255_base(scalar_bytes(scalar))))
    except RuntimeError as error:
        raise MalformedError("the identity") from error


def add(one: Element, other: Element) -> Element:
    """Return the sum of two elements; raises MalformedError where that is the identity."""
    total = bytes(rbcl.crypto_core_ristretto255_add(one, other))
    if total == IDENTITY:
        raise MalformedError("the identity")
    return Element(total)


def hash_to_group(message: bytes) -> Element:
    """HashToGroup of RFC 9497 section 4.1; raises MalformedError where that is the identity."""
    wide = _expand(message, b"HashToGroup-" + CONTEXT)
    return parse_element(bytes(rbcl.crypto_core_ristretto255_from_hash(wide)))


def hash_to_scalar(message: bytes) -> int:
    """HashToScalar of RFC 9497 section 4.1."""
    return int.from_bytes(_expand(message, b"HashToScalar-" + CONTEXT), "little") % ORDER


def lagrange_at(xs: Iterable[X], at: int = 0, modulus: int = ORDER) -> dict[X, int]:
    """Return, for each x, the factor its value has in the interpolated value at `at`, modulo a prime.

    The xs are distinct modulo `modulus`, else ValueError.
    """
    points = list(xs)
    return {x: _lagrange_factor(points, x, at, modulus) for x in points}


def interpolate(points: Mapping[X, Element], at: int = 0) -> Element:
    """Return the element at `at` on the curve through `points`, taken in the exponent.

    Raises MalformedError for an invalid element, and where the sum is the identity on the way or at its end.
    """
    total: Element | None = None
    for x, factor in lagrange_at(points, at).items():
        # An x equal to `at` leaves factors of zero to the others; multiplying by zero gives the identity.
        if factor:
            term = multiply(factor, points[x])
            total = term if total is None else add(total, term)
    if total is None:
        raise ValueError("interpolation needs a point")
    return total


def public_key(public_shares: Mapping[StewardX, bytes]) -> Element:
    """Return K, the value at 0 of the line on which the K_x lie (its two lowest x are taken).

    Raises DocumentError when an element is invalid or one of them is the identity.
    """
    return _on_line(public_shares, sorted(public_shares)[:THRESHOLD], 0)


def check_public_shares(public_shares: Mapping[StewardX, bytes]) -> None:
    """Check protocol section 10: the K_x lie on one line in the exponent, neither they nor K the identity.

    Raises DocumentError. Two points always lie on a line; a consortium has at least three.
    """
    xs = sorted(public_shares)
    if len(xs) < THRESHOLD or xs[0] < 1:
        raise DocumentError(field="token_key", reason="fewer than two key shares, or one at 0")
    public_key(public_shares)
    for x in xs[THRESHOLD:]:
        if _on_line(public_shares, xs[:THRESHOLD], x) != public_shares[x]:
            raise DocumentError(field="token_key", reason="the public key shares do not lie on one line")


def _on_line(public_shares: Mapping[StewardX, bytes], xs: Sequence[StewardX], at: int) -> Element:
    try:
        return interpolate({x: parse_element(public_shares[x]) for x in xs}, at)
    except MalformedError as error:
        raise DocumentError(
            field="token_key", reason="a key share is no element, or one of them or K is the identity"
        ) from error


def _lagrange_factor(points: Sequence[int], x: int, at: int, modulus: int) -> int:
    above, below = 1, 1
    for other in points:
        if other != x:
            above = above * (at - other) % modulus
            below = below * (x - other) % modulus
    return above * pow(below, -1, modulus) % modulus


def _expand(message: bytes, tag: bytes) -> bytes:
    """expand_message_xmd of RFC 9380 section 5.3.1 with SHA-512, for one block of 64 bytes."""
    tag_prime = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(_SHA512_BLOCK) + message + b"\x00\x40\x00" + tag_prime).digest()
    return hashlib.sha512(first + b"\x01" + tag_prime).digest()
