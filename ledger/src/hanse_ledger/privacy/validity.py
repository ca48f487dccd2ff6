"""Validity of shared rows: the eight values that each steward publishes, and the verdict on all of them.

Protocol section 7. With random challenges of the log, z is a quadratic form in the shares that vanishes at
x = 0 exactly where every row is one-hot in both parts, and w is a linear one; masks shared among the other
stewards leave one steward nothing to learn from them. All numbers are residues modulo p = 2^31 - 1.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from hanse_ledger.codec import digest, encode
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import NodeHash, StewardX
from hanse_ledger.privacy.shares import P, Residues, Wide, fold, lie_on_line, residues_in
from hanse_ledger.rows import CELLS, CONDITIONS, EXPOSURES

Published: TypeAlias = Mapping[StewardX, Sequence[int] | None]

REPETITIONS: Final = 4
VALUES: Final = 2 * REPETITIONS
SEED_BYTES: Final = 32
STEWARDS_LEAST: Final = 3
STEWARDS_MOST: Final = 4

_PARTS: Final = 2
_FIRST_PART: Final = CONDITIONS * EXPOSURES
_WORD_BYTES: Final = 4
_SPARE_WORDS: Final = 4
_HALF_BITS: Final = np.uint64(16)
_HALF_MASK: Final = np.uint64(0xFFFF)
_CHUNK: Final = 256
"""Rows taken at once: fits the cache, and stays below the size from which OpenBLAS starts threads, whose
waiting costs more than the product."""

_Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Challenges:
    """The public random weights of one entry, the four repetitions j as first axis.

    a and d are (4, n), one weight a row; b and e (4, 56), one a cell; g is (4, 2), one a part.
    """

    a: Residues
    b: Residues
    g: Residues
    d: Residues
    e: Residues


def seed_hash(seed: bytes) -> bytes:
    """Return H["hanse/v1/seed-hash", seed], which stewards compare before they use a seed."""
    return digest("hanse/v1/seed-hash", seed)


def challenges(*, leaf_hash: NodeHash, root_before: NodeHash, n: int) -> Challenges:
    """Draw the weights for an entry of n rows, from its leaf hash and the root of the log before it."""
    drawn = np.stack(
        [
            _drawn(["hanse/v1/validity", leaf_hash, root_before, j], 2 * (n + CELLS) + _PARTS)
            for j in range(REPETITIONS)
        ]
    )
    a, b, g, d, e = np.split(drawn, np.cumsum([n, CELLS, _PARTS, n]), axis=1)
    return Challenges(a=a, b=b, g=g, d=d, e=e)


def masks(
    *, seed: bytes, leaf_hash: NodeHash, root_before: NodeHash
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return F and G of a seed for an entry, four each. MalformedError unless the seed has 32 bytes."""
    if len(seed) != SEED_BYTES:
        raise MalformedError(f"a seed has {SEED_BYTES} bytes")
    pairs = []
    for j in range(REPETITIONS):
        message = encode(["hanse/v1/mask", leaf_hash, root_before, j])
        words = residues_in(hmac.digest(seed, message, "sha512"))
        pairs.append((int(words[0]), int(words[1])))
    f, g = zip(*pairs, strict=True)
    return f, g


def validity_values(
    *,
    x: StewardX,
    stewards: Sequence[StewardX],
    share: Residues,
    seeds: Mapping[StewardX, bytes],
    leaf_hash: NodeHash,
    root_before: NodeHash,
) -> list[int]:
    """Return steward x's [z0, z1, z2, z3, w0, w1, w2, w3] for its (n, 56) share of an entry's rows.

    `stewards` is the entry's X, x among them; `seeds` holds seed_y for exactly the other y, else ValueError.
    """
    if x not in stewards or set(seeds) != set(stewards) - {x}:
        raise ValueError("a steward has the seeds of the other stewards of the entry, and not its own")
    drawn = challenges(leaf_hash=leaf_hash, root_before=root_before, n=len(share))
    z, w = _unmasked(share, drawn)
    for y, seed in seeds.items():
        f, g = masks(seed=seed, leaf_hash=leaf_hash, root_before=root_before)
        z = [value + mask * x * (x - y) for value, mask in zip(z, f, strict=True)]
        w = [value + mask * (x - y) for value, mask in zip(w, g, strict=True)]
    return [value % P for value in z + w]


def values_hold(published: Published, stewards: Sequence[StewardX]) -> bool:
    """Say whether an entry's rows are valid by what all its stewards published.

    For every repetition the z lie on a polynomial of degree at most 2 that is 0 at x = 0, and the w on a
    line. One null or missing, and they do not. ValueError unless there are three or four distinct stewards.
    """
    if not STEWARDS_LEAST <= len(set(stewards)) == len(stewards) <= STEWARDS_MOST:
        raise ValueError("an entry is checked by three or four stewards")
    points = {x: _as_points(x, published.get(x)) for x in stewards}
    given = {x: values for x, values in points.items() if values is not None}
    return len(given) == len(points) and lie_on_line(given)


def odd_one_out(published: Published, stewards: Sequence[StewardX]) -> StewardX | None:
    """Name the one of four stewards whose values, or null, do not fit those of the other three.

    The fault is then that steward's or the member's: a lying steward that knows the rows from the member
    can make an honest one odd. None where all fit, no three do, or there are only three stewards.
    """
    if len(stewards) != STEWARDS_MOST or values_hold(published, stewards):
        return None
    for three in combinations(stewards, STEWARDS_LEAST):
        if values_hold(published, three):
            return next(x for x in stewards if x not in three)
    return None


def _as_points(x: StewardX, values: Sequence[int] | None) -> list[int] | None:
    """Turn a polynomial of degree 2 that is 0 at 0 into a line, by dividing z by x; w is one already."""
    if values is None or len(values) != VALUES or not all(0 <= value < P for value in values):
        return None
    inverse = pow(x, -1, P)
    return [z * inverse % P for z in values[:REPETITIONS]] + list(values[REPETITIONS:])


def _drawn(tag: list[object], count: int) -> Residues:
    """Take the first `count` residues from SHAKE-256 of a CBOR array."""
    shake, spare = hashlib.shake_256(encode(tag)), _SPARE_WORDS
    drawn = residues_in(shake.digest(_WORD_BYTES * (count + spare)))
    while len(drawn) < count:
        spare *= 2
        drawn = residues_in(shake.digest(_WORD_BYTES * (count + spare)))
    return drawn[:count]


def _unmasked(share: Residues, drawn: Challenges) -> tuple[list[int], list[int]]:
    """Return the sums over rows of z and w, not yet reduced.

    A row's inner sum of z is sum_k b_k s_k^2 + sum_k (g_part(k) - b_k) s_k - (g_1 + g_2), so one product
    with the squares and one with the shares give everything.
    """
    g = np.repeat(drawn.g, [_FIRST_PART, CELLS - _FIRST_PART], axis=1).astype(np.uint64)
    by_square = _halves(drawn.b.astype(np.uint64))
    by_share = _halves(np.concatenate([fold(g + (P - drawn.b.astype(np.uint64))), drawn.e.astype(np.uint64)]))
    constant = 2 * P - drawn.g.astype(np.uint64).sum(axis=1)
    z = np.zeros(REPETITIONS, dtype=np.uint64)
    w = np.zeros(REPETITIONS, dtype=np.uint64)
    for start in range(0, len(share), _CHUNK):
        rows = slice(start, start + _CHUNK)
        s = share[rows].astype(np.uint64)
        squares = fold(s * s)
        squares = np.minimum(squares, squares - P)
        linear = _joined(share[rows].astype(np.float64) @ by_share)
        quadratic = _joined(squares.astype(np.float64) @ by_square)
        z += _weighted(quadratic + linear[:, :REPETITIONS] + constant, drawn.a[:, rows])
        w += _weighted(linear[:, REPETITIONS:], drawn.d[:, rows])
    return [int(value) for value in z], [int(value) for value in w]


def _halves(weights: Wide) -> _Floats:
    """Turn (m, 56) weights into a (56, 2 m) factor: their low 16 bits, then their high ones.

    56 terms below 2^31 * 2^16 stay below 2^53, so a float64 product with either half is exact.
    """
    return np.concatenate([weights & _HALF_MASK, weights >> _HALF_BITS]).T.astype(np.float64)


def _joined(product: _Floats) -> Wide:
    """Put the two halves of (rows, 2 m) sums together again, below 2^32."""
    low, high = np.split(product.astype(np.uint64), 2, axis=1)
    return fold((fold(high) << _HALF_BITS) + low)


def _weighted(inner: Wide, weights: Residues) -> Wide:
    """Sum (rows, 4) values below 2^36 with (4, rows) weights; at most 1,024 rows stay below 2^44."""
    total: Wide = fold(fold(inner) * weights.T.astype(np.uint64)).sum(axis=0)
    return total
