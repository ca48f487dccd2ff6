import dataclasses
import hashlib
import json
import random

import cbor2
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consortium_config.founding import (
    assemble_genesis,
    sign_document,
    verify_document_signature,
    verify_genesis_body,
)
from consortium_config.sample import demo_document
from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError, VerificationError
from hanse_ledger.ids import PartyId, month_of
from hanse_ledger.signing import SigningKey

DEMO = demo_document(
    members=[PartyId("alder")],
    currency="EUR",
    exponent=2,
    first_month=month_of(2027, 1),
    entropy=random.Random(5).randbytes,
)
CONSORTIUM = DEMO.consortium
KEYS = {party: SigningKey(keys.statement_seed) for party, keys in DEMO.keys.items()}
SIGNATURES = {party: sign_document(CONSORTIUM, party=party, key=key) for party, key in KEYS.items()}
ALDER, DESK = PartyId("alder"), PartyId("desk")


def test_what_is_signed_is_what_the_protocol_says() -> None:
    message = cbor2.dumps(["hanse/v1/genesis", hashlib.sha256(CONSORTIUM.raw).digest()], canonical=True)
    for party, signature in SIGNATURES.items():
        key = CONSORTIUM.parties[party].statement_key
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


def test_the_genesis_body_holds_the_signatures_by_party() -> None:
    genesis = assemble_genesis(CONSORTIUM, dict(reversed(SIGNATURES.items())))
    assert genesis == DEMO.genesis
    assert [party for party, _ in genesis.signatures] == sorted(SIGNATURES)
    assert genesis.document == CONSORTIUM.raw
    assert verify_genesis_body(Genesis.parse(genesis.fields())) == CONSORTIUM


def test_signing_with_a_key_that_the_document_does_not_name_is_refused() -> None:
    with pytest.raises(DocumentError, match="alder"):
        sign_document(CONSORTIUM, party=ALDER, key=KEYS[DESK])
    with pytest.raises(DocumentError, match="not among them"):
        sign_document(CONSORTIUM, party=PartyId("birch"), key=KEYS[ALDER])


def test_one_signature_is_checked_by_itself() -> None:
    verify_document_signature(CONSORTIUM, party=ALDER, signature=SIGNATURES[ALDER])
    with pytest.raises(VerificationError):
        verify_document_signature(CONSORTIUM, party=ALDER, signature=SIGNATURES[DESK])
    with pytest.raises(DocumentError):
        verify_document_signature(CONSORTIUM, party=PartyId("birch"), signature=SIGNATURES[ALDER])


def test_a_missing_signature_is_refused() -> None:
    with pytest.raises(DocumentError, match="signatures"):
        assemble_genesis(CONSORTIUM, {p: s for p, s in SIGNATURES.items() if p != DESK})


def test_a_surplus_signature_is_refused() -> None:
    with pytest.raises(DocumentError, match="signatures"):
        assemble_genesis(CONSORTIUM, {**SIGNATURES, PartyId("birch"): SIGNATURES[ALDER]})


def test_a_false_signature_is_refused() -> None:
    with pytest.raises(VerificationError):
        assemble_genesis(CONSORTIUM, {**SIGNATURES, DESK: SIGNATURES[ALDER]})


def test_another_document_under_the_same_signatures_is_refused() -> None:
    document = json.loads(CONSORTIUM.raw)
    document["policy"]["retention_months"] += 1
    with pytest.raises(VerificationError):
        verify_genesis_body(dataclasses.replace(DEMO.genesis, document=rfc8785.dumps(document)))


def test_a_later_document_is_no_first_one() -> None:
    document = json.loads(CONSORTIUM.raw)
    later = parse_document(rfc8785.dumps({**document, "previous": CONSORTIUM.hash.hex()}))
    signatures = {party: sign_document(later, party=party, key=key) for party, key in KEYS.items()}
    with pytest.raises(DocumentError, match="previous"):
        assemble_genesis(later, signatures)
