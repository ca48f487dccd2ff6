import copy
import hashlib
import pickle
from typing import Any

import pytest
from support import vectors

from hanse_ledger.codec import decode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import ConsortiumId, Month, PartyId, RequestHash, StewardX, Token
from hanse_ledger.privacy import sealing
from hanse_ledger.privacy.sealing import SealingPrivateKey

CASES = vectors("sealing.json")
STEEL = ConsortiumId("hanse.example/steel")
KEY = SealingPrivateKey(bytes(range(96)))


def key_of(case: dict[str, Any]) -> SealingPrivateKey:
    return SealingPrivateKey.from_seeds(
        ml_kem_seed=bytes.fromhex(case["ml_kem_seed"]), x25519_private=bytes.fromhex(case["x25519_private"])
    )


def info_of(case: dict[str, Any]) -> bytes:
    kind, consortium, x, *rest = case["info"]
    match kind:
        case "hanse/v1/share":
            return sealing.share_info(consortium, x, *rest)
        case "hanse/v1/bulletin":
            return sealing.bulletin_info(consortium, x, *rest)
        case "hanse/v1/dispute":
            return sealing.dispute_info(consortium, x, *rest)
        case "hanse/v1/answer":
            return sealing.answer_info(consortium, x, RequestHash(bytes.fromhex(rest[0])))
    raise AssertionError(kind)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_sealed_bytes_of_the_vectors(case: dict[str, Any]) -> None:
    key = key_of(case)
    assert key.public_key.hex() == case["public_key"]
    assert key.key_id.hex() == case["key_id"]
    info, sealed = info_of(case), bytes.fromhex(case["sealed"])
    assert info.hex() == case["info_cbor"]
    if case["opens"]:
        assert key.open(info=info, sealed=sealed).hex() == case["plaintext"]
    else:
        with pytest.raises(VerificationError):
            key.open(info=info, sealed=sealed)


def test_bulletin_and_dispute_hashes_of_the_vectors() -> None:
    hashed = 0
    for case in CASES:
        if "bulletin_hash" in case:
            parts = decode(bytes.fromhex(case["plaintext"]), limit=10_000)
            assert sealing.bulletin_hash(*parts).hex() == case["bulletin_hash"]
            hashed += 1
        if "dispute_hash" in case:
            salt, token = decode(bytes.fromhex(case["plaintext"]), limit=10_000)
            assert sealing.dispute_hash(salt, Token(token)).hex() == case["dispute_hash"]
            hashed += 1
    assert hashed == 2


def test_seed_info_has_the_order_of_section_12() -> None:
    info = sealing.seed_info(
        STEEL,
        stewards=[StewardX(1), StewardX(2), StewardX(4)],
        y=StewardX(1),
        receiver=StewardX(4),
        quarter=Month(24_312),
    )
    assert info == b"\x86\x6dhanse/v1/seed\x73hanse.example/steel\x83\x01\x02\x04\x01\x04\x19\x5e\xf8"


def test_what_is_sealed_opens_with_this_key_and_info_alone() -> None:
    info = sealing.share_info(STEEL, StewardX(1), PartyId("acme"), 7)
    sealed = sealing.seal(public_key=KEY.public_key, info=info, plaintext=b"a row")
    assert len(sealed) == len(b"a row") + sealing.OVERHEAD_BYTES
    assert KEY.open(info=info, sealed=sealed) == b"a row"
    other = SealingPrivateKey(bytes(range(1, 97)))
    with pytest.raises(VerificationError):
        other.open(info=info, sealed=sealed)
    for wrong in (
        sealing.share_info(STEEL, StewardX(2), PartyId("acme"), 7),
        sealing.share_info(STEEL, StewardX(1), PartyId("acme"), 8),
        sealing.share_info(STEEL, StewardX(1), PartyId("birch"), 7),
        sealing.bulletin_info(STEEL, StewardX(1), PartyId("acme"), 7),
        b"",
    ):
        with pytest.raises(VerificationError):
            KEY.open(info=wrong, sealed=sealed)


def test_sealing_twice_gives_other_bytes() -> None:
    once, again = (sealing.seal(public_key=KEY.public_key, info=b"i", plaintext=b"p") for _ in range(2))
    assert once != again


@pytest.mark.parametrize("place", [0, 1_087, 1_088, 1_119, 1_120, -1])
def test_a_changed_byte_does_not_open(place: int) -> None:
    sealed = bytearray(sealing.seal(public_key=KEY.public_key, info=b"i", plaintext=b"plain"))
    sealed[place] ^= 1
    with pytest.raises(VerificationError):
        KEY.open(info=b"i", sealed=bytes(sealed))


@pytest.mark.parametrize("size", [0, 1_119, 1_120, 1_135])
def test_too_few_bytes_do_not_open(size: int) -> None:
    with pytest.raises(VerificationError):
        KEY.open(info=b"i", sealed=bytes(size))


def test_a_private_key_never_shows_itself() -> None:
    assert repr(KEY) == f"SealingPrivateKey({hashlib.sha256(KEY.public_key).hexdigest()[:8]}...)"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    with pytest.raises(TypeError):
        copy.copy(KEY)


def test_a_private_key_is_stored_and_read_back() -> None:
    assert KEY.to_bytes() == bytes(range(96))
    assert SealingPrivateKey(KEY.to_bytes()).public_key == KEY.public_key
    assert SealingPrivateKey.generate(bytes(range(96))).key_id == KEY.key_id


def test_a_private_key_has_its_sizes() -> None:
    with pytest.raises(MalformedError):
        SealingPrivateKey(bytes(95))
    with pytest.raises(MalformedError):
        SealingPrivateKey.from_seeds(ml_kem_seed=bytes(63), x25519_private=bytes(33))


@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        KEY.public_key[:-1],
        KEY.public_key + b"\0",
        b"\xff" * 1_184 + KEY.public_key[1_184:],
        KEY.public_key[:1_184] + bytes(32),
        KEY.public_key[:1_184] + b"\1" + bytes(31),
    ],
    ids=["empty", "short", "long", "no ML-KEM key", "X25519 zero", "X25519 one"],
)
def test_nothing_is_sealed_to_a_bad_key(public_key: bytes) -> None:
    with pytest.raises(MalformedError):
        sealing.check_sealing_key(public_key)
    with pytest.raises(MalformedError):
        sealing.seal(public_key=public_key, info=b"i", plaintext=b"p")


def test_a_good_key_passes() -> None:
    for case in CASES:
        sealing.check_sealing_key(bytes.fromhex(case["public_key"]))
