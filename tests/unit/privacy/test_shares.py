import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from support import vectors

from hanse_ledger.codec import encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy import shares
from hanse_ledger.privacy.shares import P
from hanse_ledger.rows import CELLS

X1, X2, X3, X4 = (StewardX(x) for x in (1, 2, 3, 4))
XS = (X1, X2, X3, X4)
CASE = vectors("shares.json")
ROWS = np.array(CASE["rows"], dtype=np.uint32)
MASKS = np.array(CASE["masks"], dtype=np.uint32)
SHARES = {StewardX(int(x)): np.array(share, dtype=np.uint32) for x, share in CASE["shares"].items()}
SUM_SHARES = {StewardX(int(x)): share for x, share in CASE["sum_shares"].items()}
SALT = bytes.fromhex(CASE["salt"])
COLUMNS = shares.RowColumns.of([bytes.fromhex(token) for token in CASE["tokens"]], CASE["months"])
PLAINTEXT = bytes.fromhex(CASE["plaintext_of_1"])


def fields() -> list[bytes]:
    """Return salt, tokens, months and share of the vector's plaintext."""
    parts = [SALT, COLUMNS.tokens, COLUMNS.months.astype("<u2").tobytes(), SHARES[X1].astype("<u4").tobytes()]
    assert encode(parts) == PLAINTEXT
    return parts


def test_shares_of_the_vector() -> None:
    made = shares.split(ROWS, MASKS, XS)
    assert set(made) == set(SHARES)
    for x, share in made.items():
        assert share.dtype == np.uint32
        np.testing.assert_array_equal(share, SHARES[x])
        assert shares.encode_residues(share).hex() == CASE["share_bytes"][str(x)]
        np.testing.assert_array_equal(shares.parse_residues(shares.encode_residues(share)), share)


@pytest.mark.parametrize("xs", [(X1, X2), (X2, X1), (X4, X2), (X1, X3, X4), XS])
def test_two_or_more_shares_give_the_rows_back(xs: tuple[StewardX, ...]) -> None:
    np.testing.assert_array_equal(shares.combine({x: SHARES[x] for x in xs}), ROWS)


def test_sums_of_shares_are_shares_of_sums() -> None:
    for x, share in SHARES.items():
        total = shares.reduced(share.astype(np.uint64).sum(axis=0))
        assert total.tolist() == SUM_SHARES[x]
    assert shares.combine(SUM_SHARES).tolist() == CASE["sums"]


def test_rows_hash_of_the_vector() -> None:
    assert shares.rows_hash(SALT, COLUMNS.tokens, COLUMNS.months).hex() == CASE["rows_hash"]


def test_plaintext_of_the_vector_goes_out_and_in() -> None:
    made = shares.SharePlaintext(salt=SALT, rows=COLUMNS, share=SHARES[X1])
    assert shares.encode_share(made) == PLAINTEXT
    read = shares.parse_share(PLAINTEXT)
    assert read.salt == SALT
    assert [read.rows.token(row).hex() for row in range(5)] == CASE["tokens"]
    assert [read.rows.month(row) for row in range(5)] == CASE["months"]
    np.testing.assert_array_equal(read.share, SHARES[X1])
    shares.verify_share(read, rows_hash_reported=bytes.fromhex(CASE["rows_hash"]), row_count=5)


def test_an_opened_share_never_shows_itself() -> None:
    assert repr(shares.parse_share(PLAINTEXT)) == "SharePlaintext()"


def test_a_share_that_is_not_the_reported_one_is_found() -> None:
    read = shares.parse_share(PLAINTEXT)
    right = bytes.fromhex(CASE["rows_hash"])
    with pytest.raises(VerificationError):
        shares.verify_share(read, rows_hash_reported=right, row_count=64)
    with pytest.raises(VerificationError):
        shares.verify_share(read, rows_hash_reported=bytes(32), row_count=5)
    salt, tokens, months, share = fields()
    later = (int.from_bytes(months[:2], "little") + 1).to_bytes(2, "little") + months[2:]
    for parts in ([bytes(32), tokens, months, share], [salt, tokens, later, share]):
        with pytest.raises(VerificationError):
            shares.verify_share(shares.parse_share(encode(parts)), rows_hash_reported=right, row_count=5)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, bytes(31)),
        (0, "0" * 32),
        (1, COLUMNS.tokens[:-1]),
        (1, COLUMNS.tokens[:-32]),
        (1, COLUMNS.tokens + bytes(32)),
        (1, b""),
        (1, None),
        (2, bytes(9)),
        (2, bytes(12)),
        (3, bytes(224 * 5 - 4)),
        (3, bytes(224 * 5 + 4)),
        (3, [0] * 280),
    ],
)
def test_columns_of_other_sizes_are_refused(place: int, value: object) -> None:
    parts: list[object] = list(fields())
    parts[place] = value
    with pytest.raises(MalformedError):
        shares.parse_share(encode(parts))


@pytest.mark.parametrize("value", [P, P + 1, 2**32 - 1])
@pytest.mark.parametrize("place", [0, 5 * CELLS - 1])
def test_a_value_that_is_not_below_p_is_refused(value: int, place: int) -> None:
    parts = fields()
    cells = np.frombuffer(parts[3], dtype="<u4").copy()
    cells[place] = P - 1
    shares.parse_share(encode([*parts[:3], cells.tobytes()]))
    cells[place] = value
    with pytest.raises(MalformedError):
        shares.parse_share(encode([*parts[:3], cells.tobytes()]))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        PLAINTEXT[:-1],
        PLAINTEXT + b"\0",
        b"\x98\x04" + PLAINTEXT[1:],
        b"\x85" + PLAINTEXT[1:] + b"\0",
        PLAINTEXT.replace(b"\x58\xa0", b"\x59\x00\xa0", 1),
    ],
    ids=["empty", "cut short", "one byte more", "long array head", "five fields", "long bytes head"],
)
def test_a_plaintext_that_is_not_canonical_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        shares.parse_share(raw)


@pytest.mark.parametrize("raw", [bytes(4 * CELLS - 1), bytes(4 * CELLS + 4), b"\xff\xff\xff\x7f" * CELLS])
def test_half_a_row_and_a_value_of_p_are_no_share(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        shares.parse_residues(raw)


@pytest.mark.parametrize("n", [1, 1_024, 1_025])
def test_a_share_has_at_most_1024_rows(n: int) -> None:
    raw = encode([SALT, bytes(32 * n), bytes(2 * n), bytes(224 * n)])
    if n <= 1_024:
        assert len(shares.parse_share(raw).rows) == n
    else:
        with pytest.raises(MalformedError):
            shares.parse_share(raw)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(MalformedError):
        shares.RowColumns.of([bytes(32)], [1, 2])


def test_masks_are_the_key_stream_with_the_top_bit_cleared() -> None:
    key = bytes(range(32))
    stream = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(4 * 3 * CELLS))
    words = [int.from_bytes(stream[i : i + 4], "little") % 2**31 for i in range(0, len(stream), 4)]
    masks = shares.draw_masks(key, 3)
    assert masks.shape == (3, CELLS)
    assert masks.ravel().tolist() == words


def test_a_word_of_p_in_the_key_stream_is_skipped() -> None:
    # Found by search: under this key, word 54,549 is p with the top bit cleared.
    key, place, n = (53_897).to_bytes(32, "big"), 54_549, 1_000
    stream = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(4 * (n * CELLS + 1)))
    words = np.frombuffer(stream, dtype="<u4") % np.uint32(2**31)
    assert words[place] == P
    np.testing.assert_array_equal(shares.draw_masks(key, n).ravel(), np.delete(words, place))


def test_residues_drop_p_whatever_the_top_bit() -> None:
    words = [P, 5, 2**32 - 1, P - 1, 2**31, 2**31 + 7]
    assert shares.residues_in(np.array(words, dtype="<u4").tobytes()).tolist() == [5, P - 1, 0, 7]


@pytest.mark.parametrize("value", [0, 1, P - 1, P, P + 1, 2 * P, 2**32 - 1, P * P, 2**63, 2**64 - 1])
def test_reduction_of_the_ends(value: int) -> None:
    assert shares.reduced(np.array([value], dtype=np.uint64)).tolist() == [value % P]


@pytest.mark.parametrize("xs", [[StewardX(0)], [X1, StewardX(256)]])
def test_no_share_is_taken_at_zero_or_beyond_255(xs: list[StewardX]) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        shares.split(ROWS, MASKS, xs)


def test_only_residues_are_split() -> None:
    bad = MASKS.copy()
    bad[0, 0] = P
    with pytest.raises(ValueError, match="residues"):
        shares.split(ROWS, bad, XS)
    with pytest.raises(ValueError, match="residues"):
        shares.split(ROWS.astype(np.int64) - 1, MASKS, XS)
    with pytest.raises(ValueError, match="residues"):
        shares.split(ROWS[:4], MASKS, XS)


@pytest.mark.parametrize("xs", [(X1, X2, X3), (X2, X3, X4), XS])
@pytest.mark.parametrize("place", [(0, 0), (4, 55)])
def test_one_share_off_the_line_is_found(xs: tuple[StewardX, ...], place: tuple[int, int]) -> None:
    given = {x: SHARES[x].copy() for x in xs}
    shares.verify_line(given)
    assert shares.lie_on_line(given)
    for x in xs:
        given[x][place] ^= 1
        assert not shares.lie_on_line(given)
        with pytest.raises(VerificationError):
            shares.verify_line(given)
        with pytest.raises(VerificationError):
            shares.combine(given)
        given[x][place] ^= 1


def test_what_is_not_a_set_of_shares_is_not_combined() -> None:
    one = [1, 2, 3]
    for given in ({}, {X1: one}, {X1: one, X2: [1, 2]}, {X1: one, X2: [1, 2, P]}, {X1: one, X2: [0, -1, 2]}):
        with pytest.raises(VerificationError):
            shares.combine(given)
    with pytest.raises(VerificationError):
        shares.combine({X1: one, X2: [0.5, 1.0, 2.0]})


def test_a_value_of_p_does_not_pass_for_zero() -> None:
    assert shares.lie_on_line({X1: [0], X2: [0], X3: [0]})
    assert not shares.lie_on_line({X1: [0], X2: [0], X3: [P]})
