"""Founding: every party signs the document, and the signed document becomes entry 0 of the log.

A genesis signature is raw Ed25519 by the statement key over CBOR ["hanse/v1/genesis", SHA-256 of the
document] (protocol section 12). It is the proof that each party holds its key and agrees to each field.
"""

from collections.abc import Mapping
from typing import Final

from consortium_config.draft import canonical_json
from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import Consortium, genesis_message, parse_document, verify_genesis
from hanse_ledger.documents import Fields, parse_canonical
from hanse_ledger.errors import DocumentError, VerificationError
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SIGNATURE_BYTES, SigningKey, verify_signature

SIGNATURE_FORMAT: Final = "hanse-signature/1"


def sign_document(consortium: Consortium, *, party: PartyId, key: SigningKey) -> bytes:
    """Return a party's genesis signature.

    Raises DocumentError where the document names another statement key for that party, or not the party:
    a signature that nobody could use is a mistake to notice at once.
    """
    if _statement_key(consortium, party) != key.public:
        raise DocumentError(field="statement_key", reason=f"is not the key at hand for {party}")
    return key.sign(genesis_message(consortium.hash))


def verify_document_signature(consortium: Consortium, *, party: PartyId, signature: bytes) -> None:
    """Check one party's genesis signature; raises VerificationError, or DocumentError for no party."""
    key = _statement_key(consortium, party)
    verify_signature(public=key, message=genesis_message(consortium.hash), signature=signature)


def encode_signature(consortium: Consortium, *, party: PartyId, signature: bytes) -> bytes:
    """Write a party's genesis signature as the RFC 8785 JSON that travels."""
    return canonical_json(
        {
            "format": SIGNATURE_FORMAT,
            "consortium": consortium.id,
            "document": consortium.hash.hex(),
            "party": party,
            "signature": signature.hex(),
        }
    )


def parse_signature(raw: bytes, consortium: Consortium, *, party: PartyId) -> bytes:
    """Return a party's signature of this document from untrusted bytes, checked.

    Raises DocumentError naming the field: `document` where the party has signed another one.
    """
    fields = Fields(parse_canonical(raw), "")
    expected = (
        ("format", SIGNATURE_FORMAT, "is none of a signature"),
        ("consortium", consortium.id, "is another one"),
        ("party", party, "is another one"),
        ("document", consortium.hash.hex(), "is the hash of another document than the one at hand"),
    )
    for name, value, reason in expected:
        if fields.text(name) != value:
            fields.refuse(name, reason)
    signature = fields.hex("signature", SIGNATURE_BYTES)
    fields.done()
    try:
        verify_document_signature(consortium, party=party, signature=signature)
    except VerificationError as error:
        raise DocumentError(field="signature", reason="is none of the party's statement key") from error
    return signature


def assemble_genesis(consortium: Consortium, signatures: Mapping[PartyId, bytes]) -> Genesis:
    """Return the body of entry 0, verified.

    Raises DocumentError where a signature is missing or too many, or the document is not a first one;
    VerificationError for a signature that does not hold.
    """
    pairs = tuple(sorted(signatures.items()))
    verify_genesis(consortium, pairs)
    return Genesis(document=consortium.raw, signatures=pairs)


def verify_genesis_body(genesis: Genesis) -> Consortium:
    """Return the document of a genesis body after checking it and every signature; raises as above."""
    consortium = parse_document(genesis.document)
    verify_genesis(consortium, genesis.signatures)
    return consortium


def _statement_key(consortium: Consortium, party: PartyId) -> bytes:
    found = consortium.parties.get(party)
    if found is None:
        raise DocumentError(field="parties", reason=f"{party} is not among them")
    return found.statement_key
