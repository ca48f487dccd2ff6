import pickle
from itertools import count

import pytest
from support import vectors
from support_edwards import (
    BASE,
    IDENTITY,
    TORSION,
    L,
    P,
    add,
    challenge,
    decode,
    encode,
    multiply,
    secret_scalar,
)

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.signing import SigningKey, check_public_key, key_id_of, verify_signature

SEED = bytes(range(32))
KEY = SigningKey(SEED)
MESSAGE = b"message"


def refused(public: bytes, signature: bytes, message: bytes = MESSAGE) -> None:
    with pytest.raises(VerificationError):
        verify_signature(public=public, message=message, signature=signature)


def scalar_bytes(scalar: int) -> bytes:
    return scalar.to_bytes(32, "little")


def test_rfc_8032_test_1() -> None:
    key = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


def test_the_vectors_key() -> None:
    given = vectors("statements.json")
    key = SigningKey(bytes.fromhex(given["private_key"]))
    assert key.public.hex() == given["public_key"]
    assert key.key_id == key_id_of(key.public)


def test_a_key_never_shows_itself() -> None:
    assert SEED.hex() not in repr(KEY)
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(length: int) -> None:
    with pytest.raises(MalformedError):
        SigningKey(bytes(length))


def test_what_was_signed_holds_and_nothing_else() -> None:
    signature = KEY.sign(MESSAGE)
    verify_signature(public=KEY.public, message=MESSAGE, signature=signature)
    refused(KEY.public, signature, b"massage")
    refused(SigningKey(bytes(32)).public, signature)
    for length in (0, 63, 65):
        refused(KEY.public, signature.ljust(65, b"\0")[:length])
    for length in (0, 31, 33):
        refused(KEY.public.ljust(33, b"\0")[:length], signature)


@pytest.mark.parametrize("byte", range(64))
def test_no_bit_of_a_signature_can_be_flipped(byte: int) -> None:
    signature = KEY.sign(MESSAGE)
    for bit in range(8):
        refused(KEY.public, signature[:byte] + bytes([signature[byte] ^ 1 << bit]) + signature[byte + 1 :])


def test_s_is_below_the_order() -> None:
    signature = KEY.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little")
    for more in range(1, 15):
        # [s + more L]B is the same point, and a verifier that reduces would take it.
        assert multiply(s + more * L, BASE) == multiply(s, BASE)
        refused(KEY.public, signature[:32] + scalar_bytes(s + more * L))


def test_r_is_compared_byte_for_byte() -> None:
    a = secret_scalar(SEED)
    assert encode(multiply(a, BASE)) == KEY.public
    canonical = encode(IDENTITY)
    s = challenge(canonical, KEY.public, MESSAGE) * a % L
    verify_signature(public=KEY.public, message=MESSAGE, signature=canonical + scalar_bytes(s))
    sign_bit = (1 | 1 << 255).to_bytes(32, "little")
    beyond = (P + 1).to_bytes(32, "little")
    for other in (sign_bit, beyond, (P + 1 | 1 << 255).to_bytes(32, "little")):
        # The same point, spelled otherwise: the equation holds, the bytes differ.
        s = challenge(other, KEY.public, MESSAGE) * a % L
        refused(KEY.public, other + scalar_bytes(s))


@pytest.mark.parametrize("torsion", TORSION[1:], ids=lambda raw: raw.hex()[-4:])
def test_a_signature_is_verified_without_cofactor(torsion: bytes) -> None:
    a = secret_scalar(SEED)
    mixed = add(multiply(a, BASE), decode(torsion))
    public = encode(mixed)
    check_public_key(public)  # its order is 2 L and more, so it is admitted
    r = encode(multiply(12_345, BASE))
    verdicts = set()
    for number in count():
        message = b"message %d" % number
        # Reduced by L first, as in every implementation: for a key of mixed order that is part of the rule.
        h = challenge(r, public, message) % L
        s = (12_345 + h * a) % L
        left, right = multiply(s, BASE), add(decode(r), multiply(h, mixed))
        assert multiply(8, left) == multiply(8, right)  # with cofactor every one of them holds
        if left == right:
            verify_signature(public=public, message=message, signature=r + scalar_bytes(s))
        else:
            refused(public, r + scalar_bytes(s), message)
        verdicts.add(left == right)
        if len(verdicts) == 2:
            break


def test_honest_keys_are_admitted() -> None:
    for number in range(20):
        check_public_key(SigningKey(bytes([number]) * 32).public)


@pytest.mark.parametrize("public", TORSION, ids=lambda raw: raw.hex()[-4:])
def test_points_of_small_order_are_refused(public: bytes) -> None:
    assert multiply(8, decode(public)) == IDENTITY
    with pytest.raises(MalformedError, match="small order"):
        check_public_key(public)


def test_encodings_from_p_on_are_refused_for_their_form() -> None:
    on_curve = 0
    for y in range(19):
        for sign in (0, 1 << 255):
            with pytest.raises(MalformedError, match="canonical"):
                check_public_key((P + y | sign).to_bytes(32, "little"))
            try:
                check_public_key((y | sign).to_bytes(32, "little"))
            except MalformedError:
                continue
            on_curve += 1
    assert on_curve > 2  # so some of them would be good keys but for their spelling


@pytest.mark.parametrize("y", [1, P - 1])
def test_a_sign_for_an_x_of_0_is_refused(y: int) -> None:
    with pytest.raises(MalformedError, match="canonical"):
        check_public_key((y | 1 << 255).to_bytes(32, "little"))


def test_what_is_no_point_is_refused() -> None:
    with pytest.raises(MalformedError, match="no point"):
        check_public_key((2).to_bytes(32, "little"))
    for length in (0, 31, 33):
        with pytest.raises(MalformedError, match="32 bytes"):
            check_public_key(KEY.public.ljust(33, b"\0")[:length])
