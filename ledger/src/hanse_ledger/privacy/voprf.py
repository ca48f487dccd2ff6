"""Tokens: the verifiable oblivious PRF of RFC 9497, ristretto255-SHA512, mode 0x01, under a shared key.

The stewards hold the key k as Shamir shares of degree 1 over the group order. A node blinds a subject id,
stewards evaluate under their shares and prove it against their public shares K_x, the node combines at 0,
unblinds and finalizes (protocol section 2). The identity element is refused everywhere. A steward sees
blinded elements only, a node sees no key. Blinds and nonces are arguments: uniform, and never used twice.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, cast

from hanse_ledger.codec import Value, decode, encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_text, as_uint
from hanse_ledger.ids import ConsortiumId, PartyId, RequestHash, StewardX, Token
from hanse_ledger.privacy.group import (
    CONTEXT,
    ELEMENT_BYTES,
    ORDER,
    SCALAR_BYTES,
    THRESHOLD,
    Element,
    Scalar,
    add,
    hash_to_group,
    hash_to_scalar,
    interpolate,
    multiply,
    multiply_base,
    parse_element,
    parse_nonzero_scalar,
    parse_scalar,
    scalar_bytes,
)

TOKEN_BYTES: Final = 32
PROOF_BYTES: Final = 2 * SCALAR_BYTES
NONCE_BYTES: Final = 16
ELEMENTS_LIMIT: Final = 1_000
PAIR_ELEMENTS_LIMIT: Final = 8
"""The most elements for which two stewards do: the batched proof alone does not bind large batches."""
AGREEING_STEWARDS: Final = 3
REQUEST_LIMIT: Final = 65_535

_SEED_TAG: Final = b"Seed-" + CONTEXT
_INPUT_LIMIT: Final = 65_535
_X_LIMIT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What a node sends to each steward: 1 to 1,000 blinded elements and 16 random bytes."""

    consortium: ConsortiumId
    party: PartyId
    nonce: bytes
    elements: tuple[Element, ...]

    @property
    def hash(self) -> RequestHash:
        """SHA-256 of the request's bytes, which an evaluation is bound to."""
        return RequestHash(hashlib.sha256(encode_evaluation_request(self)).digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What steward `x` answers, and signs: an element for each one asked, and one proof for all."""

    request_hash: RequestHash
    x: StewardX
    elements: tuple[Element, ...]
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Combined elements that three stewards bear out, and who of four deviated from the other three."""

    elements: tuple[Element, ...]
    deviating: tuple[StewardX, ...]


def blind(subject_id: bytes, scalar: bytes) -> Element:
    """Return the blinded element that goes to the stewards (Blind of RFC 9497 section 3.3.1).

    `scalar` is the blind, to be kept for `finalize`. Raises MalformedError for an input of more than
    65,535 bytes, one that hashes to the identity, and a blind that is zero or not canonical.
    """
    if len(subject_id) > _INPUT_LIMIT:
        raise MalformedError(f"an input has at most {_INPUT_LIMIT} bytes")
    return multiply(parse_nonzero_scalar(scalar), hash_to_group(subject_id))


def evaluate(
    *, key_share: bytes, public_share: bytes, elements: Sequence[bytes], nonce: bytes
) -> tuple[tuple[Element, ...], bytes]:
    """BlindEvaluate of RFC 9497 section 3.3.2 for a batch: (evaluations, proof of 64 bytes).

    `nonce` is the proof's r: a scalar drawn afresh for each call, as two proofs with one r give the key
    share away. Raises MalformedError for a batch outside 1 to 1,000 and for what is no element.
    """
    _check_count(elements)
    key, r = parse_nonzero_scalar(key_share), parse_nonzero_scalar(nonce)
    evaluations = tuple(multiply(key, element) for element in elements)
    weights = _weights(public_share, elements, evaluations)
    # ComputeCompositesFast of section 2.2.1: with the key, Z needs no sum of its own.
    m = _weighted_sum(weights, elements)
    z = multiply(key, m)
    c = _challenge(public_share, m, z, multiply_base(r), multiply(r, m))
    return evaluations, scalar_bytes(c) + scalar_bytes(r - c * key)


def verify_evaluation(
    *, public_share: bytes, elements: Sequence[bytes], evaluations: Sequence[bytes], proof: bytes
) -> None:
    """Check a steward's batched proof against its K_x (VerifyProof of RFC 9497 section 2.2.2).

    Raises VerificationError, also for another number of elements, invalid ones and the identity.
    A batch of one binds its element; a large batch needs a third steward besides (protocol section 2).
    """
    try:
        _check_count(elements)
        if len(evaluations) != len(elements) or len(proof) != PROOF_BYTES:
            raise VerificationError("an evaluation does not have the shape that was asked for")
        c, s = parse_scalar(proof[:SCALAR_BYTES]), parse_scalar(proof[SCALAR_BYTES:])
        weights = _weights(parse_element(public_share), elements, evaluations)
        m, z = _weighted_sum(weights, elements), _weighted_sum(weights, evaluations)
        t2 = add(multiply_base(s), multiply(c, public_share))
        t3 = add(multiply(s, m), multiply(c, z))
        expected = _challenge(public_share, m, z, t2, t3)
    except MalformedError as error:
        raise VerificationError("an evaluation or its proof is malformed") from error
    if expected != c:
        raise VerificationError("the proof of an evaluation does not hold")


def combine(evaluations: Mapping[StewardX, Sequence[bytes]]) -> tuple[Element, ...]:
    """Combine what exactly two stewards evaluated, at most 8 elements, into evaluations under k.

    Their proofs are the caller's to check first. Raises VerificationError for another number of stewards
    or elements, and for the identity.
    """
    if len(evaluations) != THRESHOLD:
        raise VerificationError("the evaluations of two stewards are combined")
    rows = _rows(evaluations, PAIR_ELEMENTS_LIMIT)
    return tuple(_combined(row) for row in rows)


def agreed_elements(evaluations: Mapping[StewardX, Sequence[bytes]]) -> Agreement:
    """Combine what three or four stewards evaluated, so far as three agree on each element.

    Two pairs of three give the same element only if all three lie on one line, so of three that do not
    agree none can be named; a fourth tells. Raises VerificationError where no three agree on an element.
    Proofs are the caller's to check first.
    """
    if not AGREEING_STEWARDS <= len(evaluations) <= AGREEING_STEWARDS + 1:
        raise VerificationError("the evaluations of three or four stewards are compared")
    agreed = [_agreed(row) for row in _rows(evaluations, ELEMENTS_LIMIT)]
    named = {odd for _, odd in agreed if odd is not None}
    return Agreement(elements=tuple(element for element, _ in agreed), deviating=tuple(sorted(named)))


def finalize(subject_id: bytes, blind: bytes, element: bytes) -> Token:
    """Unblind and hash (Finalize of RFC 9497 section 3.3.1); the token is its first 32 bytes."""
    return Token(full_output(subject_id, blind, element)[:TOKEN_BYTES])


def full_output(subject_id: bytes, blind: bytes, element: bytes) -> bytes:
    """Return all 64 bytes of the VOPRF output. Raises MalformedError for an invalid element or blind."""
    unblinded = multiply(pow(parse_nonzero_scalar(blind), -1, ORDER), element)
    return hashlib.sha512(_prefixed(subject_id, unblinded) + b"Finalize").digest()


def deal_key(k: bytes, coefficient: bytes, xs: Iterable[StewardX]) -> dict[StewardX, Scalar]:
    """Deal shares k_x = k + coefficient x, for a demo and for tests only: a dealer knows k.

    Raises MalformedError where a scalar or a share is zero.
    """
    key, slope = parse_nonzero_scalar(k), parse_nonzero_scalar(coefficient)
    shares = {x: scalar_bytes(key + slope * x) for x in xs}
    for share in shares.values():
        parse_nonzero_scalar(share)
    return shares


def public_share(key_share: bytes) -> Element:
    """Return K_x = k_x G."""
    return multiply_base(parse_nonzero_scalar(key_share))


def encode_evaluation_request(request: EvaluationRequest) -> bytes:
    """Encode a request (protocol section 12)."""
    return encode([request.consortium, request.party, request.nonce, list(request.elements)])


def parse_evaluation_request(raw: bytes) -> EvaluationRequest:
    """Read a request; every element is valid. Raises MalformedError.

    Whether consortium and party are the ones that the caller serves is for the caller to compare.
    """
    consortium, party, nonce, elements = as_array(
        decode(raw, limit=REQUEST_LIMIT), 4, "an evaluation request"
    )
    return EvaluationRequest(
        consortium=ConsortiumId(as_text(consortium, "a consortium id", most=100)),
        party=PartyId(as_text(party, "a party id", most=32)),
        nonce=as_bytes(nonce, "the nonce of a request", size=NONCE_BYTES),
        elements=_parse_elements(elements),
    )


def encode_evaluation(evaluation: Evaluation) -> list[Value]:
    """Return the payload that a steward signs (protocol section 12)."""
    return [evaluation.request_hash, evaluation.x, list(evaluation.elements), evaluation.proof]


def parse_evaluation(payload: Value) -> Evaluation:
    """Read the decoded payload of an evaluation; its proof is not checked here. Raises MalformedError."""
    request_hash, x, elements, proof = as_array(payload, 4, "an evaluation")
    return Evaluation(
        request_hash=RequestHash(as_bytes(request_hash, "a request hash")),
        x=StewardX(as_uint(x, "a steward's x", limit=_X_LIMIT, least=1)),
        elements=_parse_elements(elements),
        proof=as_bytes(proof, "a proof", size=PROOF_BYTES),
    )


def _parse_elements(value: Any) -> tuple[Element, ...]:
    elements = as_list(value, 1, ELEMENTS_LIMIT, "elements")
    return tuple(parse_element(as_bytes(item, "an element", size=ELEMENT_BYTES)) for item in elements)


def _check_count(elements: Sequence[bytes]) -> None:
    if not 1 <= len(elements) <= ELEMENTS_LIMIT:
        raise MalformedError(f"a batch has 1 to {ELEMENTS_LIMIT} elements")


def _rows(evaluations: Mapping[StewardX, Sequence[bytes]], limit: int) -> list[dict[StewardX, Element]]:
    """Turn lists by steward into mappings by element. Raises VerificationError for uneven lists."""
    counts = {len(elements) for elements in evaluations.values()}
    if len(counts) != 1 or not 1 <= min(counts) <= limit:
        raise VerificationError(f"each steward evaluates the same 1 to {limit} elements")
    columns = cast("Iterable[tuple[Element, ...]]", zip(*evaluations.values(), strict=True))
    return [dict(zip(evaluations, column, strict=True)) for column in columns]


def _combined(row: Mapping[StewardX, Element]) -> Element:
    try:
        return interpolate(row)
    except MalformedError as error:
        raise VerificationError("evaluations that are invalid or combine to the identity") from error


def _agreed(row: Mapping[StewardX, Element]) -> tuple[Element, StewardX | None]:
    """Find three that agree, and the one beside them that does not."""

    def pair(x: StewardX, y: StewardX) -> Element | None:
        try:
            return interpolate({x: row[x], y: row[y]})
        except MalformedError:
            # A steward may have chosen its element so; it agrees with nobody then.
            return None

    for first, *others in combinations(sorted(row), AGREEING_STEWARDS):
        element = pair(first, others[0])
        if element is not None and pair(first, others[1]) == element:
            # Two lines that share their point at 0 and that at `first` are one: the third pair agrees too.
            beside = [x for x in row if x not in (first, *others) and pair(first, x) != element]
            return element, beside[0] if beside else None
    raise VerificationError("no three stewards agree on an evaluation")


def _weights(public_share: bytes, elements: Sequence[bytes], evaluations: Sequence[bytes]) -> list[int]:
    """Return the d_i of ComputeComposites, RFC 9497 section 2.2.1."""
    seed = hashlib.sha512(_prefixed(public_share, _SEED_TAG)).digest()
    return [
        hash_to_scalar(_prefixed(seed) + i.to_bytes(2, "big") + _prefixed(c, d) + b"Composite")
        for i, (c, d) in enumerate(zip(elements, evaluations, strict=True))
    ]


def _weighted_sum(weights: Sequence[int], elements: Sequence[bytes]) -> Element:
    terms = [multiply(weight, element) for weight, element in zip(weights, elements, strict=True)]
    total = terms[0]
    for term in terms[1:]:
        total = add(total, term)
    return total


def _challenge(public_share: bytes, *points: bytes) -> int:
    return hash_to_scalar(_prefixed(public_share, *points) + b"Challenge")


def _prefixed(*parts: bytes) -> bytes:
    """Join parts, each behind its length as two bytes big-endian."""
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)
