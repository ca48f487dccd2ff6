"""COSE_Sign1 (RFC 9052) in the one form that this protocol uses, for statements and messages alike.

Protected header {1: -19 (Ed25519, RFC 9864), 3: content type, 4: key id, 15: {1: party, 3: consortium}};
unprotected header and external_aad empty.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cbor2

from hanse_ledger.codec import byte_string, compare, decode, decode_loosely, encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.fields import as_bytes, as_text
from hanse_ledger.ids import ConsortiumId, KeyId, PartyId
from hanse_ledger.signing import SIGNATURE_BYTES, SigningKey, key_id_of, verify_signature

ED25519: Final = -19
_ALG, _CONTENT_TYPE, _KEY_ID, _CWT_CLAIMS = 1, 3, 4, 15
_ISSUER, _AUDIENCE = 1, 3
_PREFIX, _SUFFIX = "application/vnd.hanse.", "+cbor"
# Tag 18 over an array of four; the empty unprotected header; "Signature1" and the empty external_aad.
_TAGGED_ARRAY, _EMPTY_MAP = b"\xd2\x84", b"\xa0"
_SIGNATURE1, _EMPTY_BYTES = b"\x84\x6aSignature1", b"\x40"
_KNOWN_HEADERS: Final = 1_024
_KNOWN_HEADER_BYTES: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A parsed COSE_Sign1 whose signature has not been checked yet."""

    name: str
    key_id: KeyId
    party: PartyId
    consortium: ConsortiumId
    payload: bytes
    signature: bytes
    protected: bytes
    raw: bytes

    def verify(self, public: bytes) -> None:
        """Check the signature under `public`; raises VerificationError."""
        signed = _to_be_signed(self.protected, self.payload)
        verify_signature(public=public, message=signed, signature=self.signature)


def sign(*, key: SigningKey, party: PartyId, consortium: ConsortiumId, name: str, payload: bytes) -> bytes:
    """Sign `payload` as `application/vnd.hanse.<name>+cbor` and return the tagged bytes."""
    protected = encode(
        {
            _ALG: ED25519,
            _CONTENT_TYPE: f"{_PREFIX}{name}{_SUFFIX}",
            _KEY_ID: key.key_id,
            _CWT_CLAIMS: {_ISSUER: party, _AUDIENCE: consortium},
        }
    )
    signature = key.sign(_to_be_signed(protected, payload))
    return _join(protected, payload, signature)


def parse(raw: bytes, *, limit: int) -> Signed:
    """Read one canonical COSE_Sign1 of at most `limit` bytes; raises MalformedError."""
    outer = decode_loosely(raw, limit=limit)
    match outer.value if isinstance(outer, cbor2.CBORTag) else None:
        case [bytes() as protected, _, bytes() as payload, bytes() as signature]:
            compare(raw, _join(protected, payload, signature))
        case _:
            raise MalformedError("no tagged COSE_Sign1 of four fields")
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedError(f"a signature has {SIGNATURE_BYTES} bytes")
    is_short = len(protected) <= _KNOWN_HEADER_BYTES
    name, key_id, party, consortium = (_known_header if is_short else _read_header)(protected)
    return Signed(
        name=name,
        key_id=key_id,
        party=party,
        consortium=consortium,
        payload=payload,
        signature=signature,
        protected=protected,
        raw=raw,
    )


def open_message(
    raw: bytes, *, name: str, consortium: ConsortiumId, party: PartyId, public: bytes, limit: int
) -> Any:
    """Read a signed message beside the log and return its decoded payload.

    Raises MalformedError for a wrong form, VerificationError when it is not this party's message of
    this name, or the signature does not hold under `public`.
    """
    signed = parse(raw, limit=limit)
    if (signed.name, signed.consortium, signed.party) != (name, consortium, party):
        raise VerificationError(f"not a {name} message of that party")
    if signed.key_id != key_id_of(public):
        raise VerificationError("signed with a key that is not the party's current one")
    signed.verify(public)
    return decode(signed.payload, limit=limit)


def _read_header(protected: bytes) -> tuple[str, KeyId, PartyId, ConsortiumId]:
    header = decode(protected, limit=len(protected))
    if not isinstance(header, dict) or set(header) != {_ALG, _CONTENT_TYPE, _KEY_ID, _CWT_CLAIMS}:
        raise MalformedError("a protected header with other fields")
    if header[_ALG] != ED25519:
        raise MalformedError("an algorithm other than Ed25519 (-19)")
    claims = header[_CWT_CLAIMS]
    if not isinstance(claims, dict) or set(claims) != {_ISSUER, _AUDIENCE}:
        raise MalformedError("claims other than party and consortium")
    content_type = as_text(header[_CONTENT_TYPE], "content type")
    if not (content_type.startswith(_PREFIX) and content_type.endswith(_SUFFIX)):
        raise MalformedError("a content type of another protocol")
    return (
        content_type[len(_PREFIX) : -len(_SUFFIX)],
        KeyId(as_bytes(header[_KEY_ID], "key id")),
        PartyId(as_text(claims[_ISSUER], "party")),
        ConsortiumId(as_text(claims[_AUDIENCE], "consortium")),
    )


# A party's statements of one kind all have the same header.
_known_header = lru_cache(_KNOWN_HEADERS)(_read_header)


def _join(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    # RFC 9052 section 4.2, COSE_Sign1_Tagged with an empty unprotected header.
    parts = _TAGGED_ARRAY, byte_string(protected), _EMPTY_MAP, byte_string(payload), byte_string(signature)
    return b"".join(parts)


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    # RFC 9052 section 4.4, Sig_structure with empty external_aad.
    return b"".join((_SIGNATURE1, byte_string(protected), _EMPTY_BYTES, byte_string(payload)))
