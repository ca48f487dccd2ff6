"""Shares of rows: Shamir's scheme of degree 1 over F_p, p = 2^31 - 1, on whole matrices (protocol section 4).

Rows are (n, 56) matrices of residues. Steward x gets S_x = M + x R mod p; two shares give M back, one says
nothing, and sums of shares are shares of sums. Every array that this module hands out holds residues below p
as uint32; what comes in is checked to be so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from hanse_ledger.codec import decode, digest, encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.fields import as_array, as_bytes
from hanse_ledger.ids import Month, StewardX, Token
from hanse_ledger.privacy.group import THRESHOLD, lagrange_at
from hanse_ledger.rows import CELLS

Residues: TypeAlias = npt.NDArray[np.uint32]
"""Integers below `P`."""
Months: TypeAlias = npt.NDArray[np.uint16]
Wide: TypeAlias = npt.NDArray[np.uint64]

P: Final = 2**31 - 1
SALT_BYTES: Final = 32
TOKEN_BYTES: Final = 32
X_MOST: Final = 255
ROWS_LIMIT: Final = 1_024
"""The most rows of one report."""

_BITS: Final = np.uint64(31)
_P64: Final = np.uint64(P)
_P32: Final = np.uint32(P)
_WORD_BYTES: Final = 4
_CHACHA_NONCE: Final = bytes(16)
_ROW_BYTES: Final = TOKEN_BYTES + 2 + _WORD_BYTES * CELLS
_HEADER_BYTES: Final = 64
PLAINTEXT_LIMIT: Final = ROWS_LIMIT * _ROW_BYTES + SALT_BYTES + _HEADER_BYTES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowColumns:
    """The token and month of each of n rows, in their order: `tokens` are 32 n bytes.

    Raises MalformedError where the two columns differ in length.
    """

    tokens: bytes = field(repr=False)
    months: Months = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.tokens) != TOKEN_BYTES * len(self.months):
            raise MalformedError("there are not as many tokens as months")

    @classmethod
    def of(cls, tokens: Iterable[bytes], months: Sequence[int]) -> "RowColumns":
        """Join a token and a month for each row."""
        return cls(tokens=b"".join(tokens), months=np.array(months, dtype=np.uint16))

    def __len__(self) -> int:
        return len(self.months)

    def token(self, row: int) -> Token:
        """Return the token of row number `row`, from 0."""
        return Token(self.tokens[TOKEN_BYTES * row : TOKEN_BYTES * (row + 1)])

    def month(self, row: int) -> Month:
        """Return the month of row number `row`, from 0."""
        return Month(int(self.months[row]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharePlaintext:
    """What one steward finds in a sealed share: salt, rows and its (n, 56) share. Never shown."""

    salt: bytes = field(repr=False)
    rows: RowColumns = field(repr=False)
    share: Residues = field(repr=False)


def draw_masks(key: bytes, n: int) -> Residues:
    """Draw R, an (n, 56) matrix of uniform residues, from ChaCha20 under a fresh key of 32 bytes.

    The key is used once and never kept. The nonce is zero, as there is one stream for a key.
    """
    cipher = Cipher(ChaCha20(key, _CHACHA_NONCE), mode=None).encryptor()
    return draw_residues(lambda size: cipher.update(bytes(size)), n * CELLS).reshape(n, CELLS)


def draw_residues(stream: Callable[[int], bytes], count: int) -> Residues:
    """Take the first `count` residues from a stream, whose every call returns the next `size` bytes."""
    drawn = residues_in(stream(_WORD_BYTES * count))
    while len(drawn) < count:
        drawn = np.concatenate([drawn, residues_in(stream(_WORD_BYTES * (count - len(drawn))))])
    return drawn


def residues_in(raw: bytes) -> Residues:
    """Return the little-endian u32 in `raw` with the top bit cleared, without those that are p."""
    words = np.frombuffer(raw, dtype="<u4") & _P32
    kept = words != _P32
    return words if kept.all() else words[kept]


def split(
    cells: npt.NDArray[np.integer], masks: Residues, xs: Iterable[StewardX]
) -> dict[StewardX, Residues]:
    """Return S_x = M + x R mod p for each x: one share of all n rows for each steward.

    `cells` is M, `masks` is R, both (n, 56) and below p, and every x is 1 to 255, else ValueError.
    """
    xs = list(xs)
    if not all(1 <= x <= X_MOST for x in xs):
        raise ValueError("shares are taken at 1 to 255")  # at 0 stand the rows themselves
    if cells.shape != masks.shape or not _are_residues(cells) or not _are_residues(masks):
        raise ValueError("cells and masks are residues in one shape")
    m, r = cells.astype(np.uint64), masks.astype(np.uint64)
    return {x: reduced(r * np.uint64(x) + m) for x in xs}


def reduced(values: Wide) -> Residues:
    """Reduce any uint64 values, such as sums of shares, modulo p."""
    folded = fold(fold(values))
    # At most 2^31 + 8: one subtraction does, and what was below p wraps around to far above.
    residues: Wide = np.minimum(folded, folded - _P64)
    return residues.astype(np.uint32)


def fold(values: Wide) -> Wide:
    """Return congruent values modulo p, below 2^31 + (values >> 31)."""
    return (values & _P64) + (values >> _BITS)


def combine(shares: Mapping[StewardX, npt.ArrayLike]) -> Residues:
    """Return the values at 0 of two or more shares of one shape.

    Raises VerificationError for fewer than two, a value from p on, and where three or more do not lie
    on lines.
    """
    verify_line(shares)
    return _interpolated(_checked(shares), 0)


def verify_line(shares: Mapping[StewardX, npt.ArrayLike]) -> None:
    """Check that at each place the shares lie on one line in x; two always do.

    Raises VerificationError, also for fewer than two shares, a value from p on, and different shapes.
    """
    checked = _checked(shares)
    for x in islice(checked, THRESHOLD, None):
        if not np.array_equal(_interpolated(checked, x), checked[x]):
            raise VerificationError("shares do not lie on one line")


def lie_on_line(shares: Mapping[StewardX, npt.ArrayLike]) -> bool:
    """Say whether `verify_line` passes, for choosing among sets of shares."""
    try:
        verify_line(shares)
    except VerificationError:
        return False
    return True


def rows_hash(salt: bytes, tokens: bytes, months: Months) -> bytes:
    """Return H["hanse/v1/rows", salt, tokens, months], which a report carries; `tokens` are 32 n bytes."""
    return digest("hanse/v1/rows", salt, tokens, _month_bytes(months))


def encode_residues(share: Residues) -> bytes:
    """Encode a share of any shape as it is sent and stored: u32 little-endian, row by row."""
    return share.astype("<u4", copy=False).tobytes()


def parse_residues(raw: bytes) -> Residues:
    """Read an (n, 56) share; it is read-only. Raises MalformedError for half a row, and a value from p on."""
    if len(raw) % (_WORD_BYTES * CELLS):
        raise MalformedError("a share is of whole rows")
    share = np.frombuffer(raw, "<u4").reshape(-1, CELLS)
    if not _are_residues(share):
        raise MalformedError("a share holds a value that is not below p")
    return share


def encode_share(plaintext: SharePlaintext) -> bytes:
    """Encode CBOR [salt, tokens, months, share]: what is sealed to a steward (protocol section 4)."""
    share = encode_residues(plaintext.share)
    return encode([plaintext.salt, plaintext.rows.tokens, _month_bytes(plaintext.rows.months), share])


def parse_share(raw: bytes) -> SharePlaintext:
    """Read an opened share of 1 to 1,024 rows; its arrays are read-only.

    Raises MalformedError for all that is not canonical, for columns that differ in length, and for a
    value from p on.
    """
    salt, tokens, months, share = as_array(decode(raw, limit=PLAINTEXT_LIMIT), 4, "a share")
    if not (isinstance(tokens, bytes) and 1 <= len(tokens) // TOKEN_BYTES <= ROWS_LIMIT):
        raise MalformedError(f"a share has 1 to {ROWS_LIMIT} rows")
    n = len(tokens) // TOKEN_BYTES
    return SharePlaintext(
        salt=as_bytes(salt, "a salt", size=SALT_BYTES),
        rows=RowColumns(
            tokens=tokens, months=np.frombuffer(as_bytes(months, "months", size=2 * n), dtype="<u2")
        ),
        share=parse_residues(as_bytes(share, "cells", size=_WORD_BYTES * CELLS * n)),
    )


def verify_share(plaintext: SharePlaintext, *, rows_hash_reported: bytes, row_count: int) -> None:
    """Check an opened share against its report: the rows hash, and one row for each evidence root.

    Raises VerificationError.
    """
    if len(plaintext.rows) != row_count:
        raise VerificationError("a share does not have one row for each evidence root")
    rows = plaintext.rows
    if rows_hash(plaintext.salt, rows.tokens, rows.months) != rows_hash_reported:
        raise VerificationError("a share does not give the rows hash of its report")


def _month_bytes(months: Months) -> bytes:
    return months.astype("<u2", casting="equiv", copy=False).tobytes()


def _are_residues(values: npt.NDArray[np.integer]) -> bool:
    return values.size == 0 or bool(values.min() >= 0 and values.max() < P)


def _checked(shares: Mapping[StewardX, npt.ArrayLike]) -> dict[StewardX, Wide]:
    arrays = {x: np.asarray(share) for x, share in shares.items()}
    if len(arrays) < THRESHOLD or len({array.shape for array in arrays.values()}) != 1:
        raise VerificationError("two or more shares of one shape are combined")
    if not all(np.issubdtype(a.dtype, np.integer) and _are_residues(a) for a in arrays.values()):
        raise VerificationError("a share holds a value that is not below p")
    return {x: array.astype(np.uint64) for x, array in arrays.items()}


def _interpolated(shares: Mapping[StewardX, Wide], at: int) -> Residues:
    """Return the value at `at` of the line through the first two shares."""
    first, second = lagrange_at(islice(shares, THRESHOLD), at, P).items()
    # Two products below 2^62 each.
    return reduced(shares[first[0]] * np.uint64(first[1]) + shares[second[0]] * np.uint64(second[1]))
