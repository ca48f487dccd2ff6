"""A steward's values made by two others (protocol section 10; bytes in docs/adr/0032).

Shares lie on a line in x, so the share at x is l_y s_y + l_w s_w with the Lagrange coefficients at x. Steward
y sends l_y s_y + r and w sends l_w s_w - r: each part alone is uniform, and only their sum says anything, the
share that is x's own. r is drawn by y afresh for every value, pair and attempt. Rows and sums are residues
modulo p = 2^31 - 1, shares of the token key integers modulo the order of the group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hanse_ledger.codec import Value, digest
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import ConsortiumId, NodeHash, StewardX
from hanse_ledger.privacy.group import ORDER, Scalar, lagrange_at, scalar_bytes
from hanse_ledger.privacy.shares import P, Residues, lie_on_line, reduced, verify_line
from hanse_ledger.privacy.validity import REPETITIONS, validity_values

OTHERS_LEAST: Final = 3
"""With two others only, one that lies goes unnoticed."""
NONCE_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two stewards whose parts make a third one's values: `first` adds masks, `second` takes them off.

    Raises MalformedError unless the three are different.
    """

    receiver: StewardX
    first: StewardX
    second: StewardX

    def __post_init__(self) -> None:
        if self.receiver in (self.first, self.second) or self.first == self.second:
            raise MalformedError("a steward's values are made by two others")

    def factor(self, sender: StewardX, modulus: int) -> int:
        """Return the Lagrange coefficient of one of the two at the receiver's x."""
        return lagrange_at((self.first, self.second), self.receiver, modulus)[sender]


def mask_share(pair: Pair, sender: StewardX, share: Residues, masks: Residues) -> Residues:
    """Return a sender's part of a share of any shape.

    ValueError unless masks and share have one shape.
    """
    if share.shape != masks.shape:
        raise ValueError("there is one mask for each value")
    factor, r = np.uint64(pair.factor(sender, P)), masks.astype(np.uint64)
    return reduced(share.astype(np.uint64) * factor + (r if sender == pair.first else P - r))


def join_parts(first: Residues, second: Residues) -> Residues:
    """Return the receiver's share of two parts; VerificationError unless they have one shape."""
    if first.shape != second.shape:
        raise VerificationError("the two parts are of different size")
    return reduced(first.astype(np.uint64) + second.astype(np.uint64))


def mask_key_share(pair: Pair, sender: StewardX, key_share: int, mask: int) -> Scalar:
    """Return a sender's part of the receiver's share of the token key."""
    sign = 1 if sender == pair.first else -1
    return scalar_bytes(pair.factor(sender, ORDER) * key_share + sign * mask)


def join_key_parts(first: int, second: int) -> Scalar:
    """Return the receiver's share of the token key of two parts."""
    return scalar_bytes(first + second)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCheck:
    """What the values of one check are drawn from, the same for all stewards of X.

    `nonce` is drawn by the receiver when it has all its values, and `root` is that of the log's first `size`
    statements, more than it held then: nobody who sent a part could know either.
    """

    consortium: ConsortiumId
    receiver: StewardX
    stewards: tuple[StewardX, ...]
    nonce: bytes
    size: int
    root: NodeHash

    def place(self, unit: Value) -> NodeHash:
        """Return what stands in the place of a leaf hash: it binds all that says what is summed up."""
        return NodeHash(
            digest(
                "hanse/v1/transfer-check",
                self.consortium,
                self.receiver,
                list(self.stewards),
                self.nonce,
                self.size,
                self.root,
                unit,
            )
        )

    def values(
        self, x: StewardX, place: NodeHash, share: Residues, seeds: Mapping[StewardX, bytes]
    ) -> list[int]:
        """Return x's four w of section 7 over an (n, 56) share, masked afresh for this place and root."""
        eight = validity_values(
            x=x,
            stewards=self.stewards,
            share=share,
            seeds=seeds,
            leaf_hash=place,
            root_before=self.root,
        )
        return eight[REPETITIONS:]


def verify_values(values: Mapping[StewardX, Sequence[int]]) -> None:
    """Check that what the receiver and all other active stewards computed lies on lines.

    Raises VerificationError, also where there are fewer than three others.
    """
    if len(values) <= OTHERS_LEAST:
        raise VerificationError("values of a steward are held against those of three others")
    verify_line({x: list(four) for x, four in values.items()})


def odd_one(values: Mapping[StewardX, Sequence[int]]) -> StewardX | None:
    """Name the one whose values do not lie on the line of all the others; None where there is no such one."""
    for x in values:
        rest = {other: list(four) for other, four in values.items() if other != x}
        if len(rest) >= OTHERS_LEAST and lie_on_line(rest):
            return x
    return None
