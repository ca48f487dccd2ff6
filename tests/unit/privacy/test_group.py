import pytest
from support import vectors

from hanse_ledger.errors import DocumentError, MalformedError
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy import group

TOKENS = vectors("tokens.json")
PUBLIC = {StewardX(int(x)): bytes.fromhex(share) for x, share in TOKENS["public_shares"].items()}
KEY = int.from_bytes(bytes.fromhex(TOKENS["key"]), "little")
G = group.multiply_base(1)

# RFC 9496 appendix A.1: multiples of the generator.
MULTIPLES = [
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
]
# RFC 9496 appendix A.2: encodings to refuse.
BAD_ELEMENTS = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",  # not canonical
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # p, for 0
    "0100000000000000000000000000000000000000000000000000000000000000",  # negative
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",  # not a square
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # s = -1
    "00" * 32,  # the identity
    "00" * 31,
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d7600",
]


def test_the_order_is_that_of_rfc_9496() -> None:
    assert group.ORDER == 0x1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED


@pytest.mark.parametrize("times", [1, 2, 3])
def test_multiples_of_the_generator(times: int) -> None:
    assert group.multiply_base(times).hex() == MULTIPLES[times - 1]
    assert group.multiply(times, G).hex() == MULTIPLES[times - 1]
    assert group.parse_element(bytes.fromhex(MULTIPLES[times - 1])).hex() == MULTIPLES[times - 1]


def test_addition_follows_the_multiples() -> None:
    assert group.add(G, group.multiply_base(2)).hex() == MULTIPLES[2]


@pytest.mark.parametrize("encoded", BAD_ELEMENTS)
def test_bad_elements_are_refused(encoded: str) -> None:
    raw = bytes.fromhex(encoded)
    with pytest.raises(MalformedError):
        group.parse_element(raw)
    with pytest.raises(MalformedError):
        group.multiply(5, raw)
    with pytest.raises(MalformedError):
        group.interpolate({StewardX(1): G, StewardX(2): group.Element(raw)})


def test_nothing_gives_the_identity() -> None:
    with pytest.raises(MalformedError):
        group.multiply(0, G)
    with pytest.raises(MalformedError):
        group.multiply(group.ORDER, G)
    with pytest.raises(MalformedError):
        group.multiply_base(0)
    with pytest.raises(MalformedError):
        group.add(G, group.multiply_base(-1))


@pytest.mark.parametrize("number", [0, 1, group.ORDER - 1])
def test_canonical_scalars(number: int) -> None:
    assert group.parse_scalar(group.scalar_bytes(number)) == number


@pytest.mark.parametrize("raw", [group.ORDER.to_bytes(32, "little"), b"\xff" * 32, bytes(31), bytes(33), b""])
def test_other_scalars_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        group.parse_scalar(raw)


def test_zero_is_refused_where_a_key_stands() -> None:
    assert group.parse_nonzero_scalar(group.scalar_bytes(1)) == 1
    with pytest.raises(MalformedError):
        group.parse_nonzero_scalar(bytes(32))


def test_scalars_from_entropy() -> None:
    assert group.scalar_from_entropy(group.ORDER.to_bytes(63, "little") + b"\1") == group.scalar_bytes(
        1 << 504
    )
    with pytest.raises(MalformedError):
        group.scalar_from_entropy(group.ORDER.to_bytes(64, "little"))
    with pytest.raises(MalformedError):
        group.scalar_from_entropy(b"\1" * 63)


def test_lagrange_factors() -> None:
    assert group.lagrange_at([1, 2], modulus=101) == {1: 2, 2: 100}
    assert group.lagrange_at([1, 2, 4], 3, modulus=101) == {
        1: -pow(3, -1, 101) % 101,
        2: 1,
        4: pow(3, -1, 101),
    }
    with pytest.raises(ValueError, match="invertible"):
        group.lagrange_at([1, 102], modulus=101)


def test_public_shares_of_the_vectors_lie_on_a_line() -> None:
    group.check_public_shares(PUBLIC)
    assert group.public_key(PUBLIC) == group.multiply_base(KEY)


@pytest.mark.parametrize("x", PUBLIC)
def test_one_public_share_off_the_line_is_refused(x: StewardX) -> None:
    with pytest.raises(DocumentError):
        group.check_public_shares(PUBLIC | {x: G})


@pytest.mark.parametrize("x", PUBLIC)
@pytest.mark.parametrize("bad", [group.IDENTITY, b"\xff" * 32, b""])
def test_a_public_share_that_is_the_identity_or_no_element_is_refused(x: StewardX, bad: bytes) -> None:
    with pytest.raises(DocumentError):
        group.check_public_shares(PUBLIC | {x: bad})


def test_a_public_key_that_is_the_identity_is_refused() -> None:
    # k = 0: the K_x are x G, on a line, none the identity.
    with pytest.raises(DocumentError):
        group.check_public_shares({StewardX(x): group.multiply_base(x) for x in (1, 2, 3)})


def test_a_share_at_zero_and_a_lone_share_are_refused() -> None:
    with pytest.raises(DocumentError):
        group.check_public_shares({StewardX(0): group.multiply_base(KEY), **PUBLIC})
    with pytest.raises(DocumentError):
        group.check_public_shares({StewardX(1): PUBLIC[StewardX(1)]})
