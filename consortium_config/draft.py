"""Drafting a consortium document from what each party hands in (its card) and the policy agreed on.

A card holds public things only. The document that comes out has been parsed: it keeps every limit.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hanse_ledger.consortium import FORMAT, Consortium, Policy, admission_message, parse_document
from hanse_ledger.documents import Fields, parse_canonical, text_item
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import ConsortiumId, Month, PartyId, StewardX, month_text
from hanse_ledger.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, SigningKey

CARD_FORMAT: Final = "hanse-party/1"
_X_MOST: Final = 255
PEER_ADDRESS: Final = re.compile(r"[^\s/@,:]+:[0-9]{1,5}|\[[0-9a-f:]+\]:[0-9]{1,5}")
"""Host and port at which a validator's CometBFT listens for the others."""
_PEER: Final = re.compile(rf"[0-9a-f]{{40}}@(?:{PEER_ADDRESS.pattern})")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCard:
    """What a party hands in to take part in one consortium; `proof` is its admission signature."""

    consortium: ConsortiumId
    id: PartyId
    name: str
    roles: tuple[str, ...]
    group: str = ""
    url: str = ""
    statement_key: bytes
    proof: bytes
    cosign_key: bytes
    log_key: bytes | None = None
    x: StewardX | None = None
    token_key: bytes | None = None
    peer: str = ""
    """Where its CometBFT is for other validators', as these name it: node id, `@`, host and port. In no
    document."""


def admission_proof(key: SigningKey, *, consortium: ConsortiumId, party: PartyId) -> bytes:
    """Sign a statement key's admission with the key itself (protocol section 12)."""
    return key.sign(admission_message(consortium, party, key.public))


def encode_card(card: PartyCard) -> bytes:
    """Write a card as RFC 8785 JSON."""
    return canonical_json(card_fields(card))


def parse_card(raw: bytes) -> PartyCard:
    """Read a card from untrusted bytes; raises DocumentError naming the field.

    Keys and proof are checked when the document is drafted.
    """
    return read_card(parse_canonical(raw), "")


def read_card(value: object, place: str) -> PartyCard:
    """Read a card from a JSON value that stands at `place`; raises as `parse_card` does."""
    fields = Fields(value, place)
    if fields.text("format") != CARD_FORMAT:
        fields.refuse("format", f"must be {CARD_FORMAT}")
    card = PartyCard(
        consortium=ConsortiumId(fields.text("consortium")),
        id=PartyId(fields.text("id")),
        name=fields.text("name"),
        roles=fields.list_of("roles", text_item),
        group=fields.text("group", empty=True),
        url=fields.text("url", empty=True),
        statement_key=fields.hex("statement_key", PUBLIC_KEY_BYTES),
        proof=fields.hex("proof", SIGNATURE_BYTES),
        cosign_key=fields.hex("cosign_key", PUBLIC_KEY_BYTES),
        log_key=fields.hex("log_key", PUBLIC_KEY_BYTES) if fields.has("log_key") else None,
        x=StewardX(fields.number("x", least=1, most=_X_MOST)) if fields.has("x") else None,
        token_key=fields.hex("token_key", PUBLIC_KEY_BYTES) if fields.has("token_key") else None,
        peer=fields.text("peer") if fields.has("peer") else "",
    )
    if card.peer and not (card.log_key and _PEER.fullmatch(card.peer)):
        fields.refuse("peer", "is not NODE_ID@HOST:PORT of a party that may order")
    fields.done()
    return card


def draft_document(
    *,
    consortium: ConsortiumId,
    first_month: Month,
    cards: Iterable[PartyCard],
    ordering: Sequence[PartyId],
    policy: Policy,
    demo: bool = False,
) -> Consortium:
    """Put a first document together, in any order of cards; `raw` of the result is its bytes.

    Raises DocumentError for a card of another consortium, and where the document would break a limit.
    """
    parties = sorted(cards, key=lambda card: card.id)
    for card in parties:
        if card.consortium != consortium:
            raise DocumentError(field="consortium", reason=f"the card of {card.id} is for another one")
    document = {
        "format": FORMAT,
        "consortium": consortium,
        "demo": demo,
        "first_month": month_text(first_month),
        "previous": "",
        "parties": [{**party_fields(card), "active": True} for card in parties],
        "ordering": list(ordering),
        "policy": policy_fields(policy),
    }
    return parse_document(canonical_json(document))


def policy_fields(policy: Policy) -> dict[str, Any]:
    """Return a policy as the document writes it."""
    return {
        "contributors_min": policy.contributors_min,
        "warnings_min": policy.warnings_min,
        "currency": policy.currency,
        "exponent": policy.exponent,
        "bounds": list(policy.bounds),
        "rates": {
            currency: {month_text(month): rate for month, rate in table.items()}
            for currency, table in policy.rates.items()
        },
        "retention_months": policy.retention_months,
        "purposes": list(policy.purposes),
        "inquiries_base": policy.inquiries_base,
        "inquiries_per_subject": policy.inquiries_per_subject,
        "tokens_per_day": policy.tokens_per_day,
        "share_hours": policy.share_hours,
        "dispute_months": policy.dispute_months,
        "bulletin_hours": policy.bulletin_hours,
    }


def card_fields(card: PartyCard) -> dict[str, Any]:
    """Return a card as its JSON writes it."""
    peer = {"peer": card.peer} if card.peer else {}
    return {"format": CARD_FORMAT, "consortium": card.consortium, **party_fields(card), **peer}


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """Write a JSON value of text, booleans and integers under ASCII names in its RFC 8785 form."""
    # With ASCII names, text and integers, sorted JSON without spaces is the RFC 8785 form; both parsers
    # compare with that form, so nothing else gets past them.
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DocumentError(field="document", reason="text that is not Unicode") from error


def party_fields(card: PartyCard) -> dict[str, Any]:
    """Return what a document says of a card's party, but for whether it is active."""
    fields: dict[str, Any] = {
        "id": card.id,
        "name": card.name,
        "roles": list(card.roles),
        "group": card.group,
        "url": card.url,
        "statement_key": card.statement_key.hex(),
        "proof": card.proof.hex(),
        "cosign_key": card.cosign_key.hex(),
    }
    # What does not apply is absent, never null (section 12).
    if card.log_key is not None:
        fields["log_key"] = card.log_key.hex()
    if card.x is not None:
        fields["x"] = card.x
    if card.token_key is not None:
        fields["token_key"] = card.token_key.hex()
    return fields
