"""A party's card as it travels: signed with the statement key that it names.

The admission proof inside covers the key alone; the signature covers name, roles, URL and all other keys.
`signature` is raw Ed25519 over CBOR ["hanse/v1/card", SHA-256 of the card's RFC 8785 form without it].
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from consortium_config.draft import PartyCard, canonical_json, card_fields, encode_card, read_card
from hanse_ledger.codec import encode
from hanse_ledger.consortium import admission_message
from hanse_ledger.documents import Fields, parse_canonical
from hanse_ledger.errors import DocumentError, VerificationError
from hanse_ledger.signing import SIGNATURE_BYTES, SigningKey, verify_signature

_SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCard:
    """A card whose signature and admission proof hold."""

    card: PartyCard
    signature: bytes


def sign_card(card: PartyCard, key: SigningKey) -> SignedCard:
    """Sign a card with the statement key in it; raises DocumentError for another key."""
    if card.statement_key != key.public:
        raise DocumentError(field="statement_key", reason="is not the key that signs the card")
    return SignedCard(card=card, signature=key.sign(_card_message(card)))


def signed_card_fields(signed: SignedCard) -> dict[str, Any]:
    """Return a signed card as its JSON writes it."""
    return {**card_fields(signed.card), _SIGNATURE: signed.signature.hex()}


def encode_signed_card(signed: SignedCard) -> bytes:
    """Write a signed card as RFC 8785 JSON."""
    return canonical_json(signed_card_fields(signed))


def parse_signed_card(raw: bytes) -> SignedCard:
    """Read a card from untrusted bytes; raises DocumentError naming the field, also for a false signature."""
    return read_signed_card(parse_canonical(raw), "")


def read_signed_card(value: object, place: str) -> SignedCard:
    """Read a signed card from a JSON value that stands at `place`; raises as `parse_signed_card` does."""
    fields = Fields(value, place)
    signature = fields.hex(_SIGNATURE, SIGNATURE_BYTES)
    card = read_card(fields.left(), place)
    admission = admission_message(card.consortium, card.id, card.statement_key)
    for name, message, made in (
        ("proof", admission, card.proof),
        (_SIGNATURE, _card_message(card), signature),
    ):
        try:
            verify_signature(public=card.statement_key, message=message, signature=made)
        except VerificationError:
            fields.refuse(name, "is no signature of the card's statement key")
    return SignedCard(card=card, signature=signature)


def _card_message(card: PartyCard) -> bytes:
    return encode(["hanse/v1/card", hashlib.sha256(encode_card(card)).digest()])
