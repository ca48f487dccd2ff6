"""What two stewards give a third: their sum is its share, a part alone is anything, and a wrong one shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import ConsortiumId, NodeHash, StewardX
from hanse_ledger.privacy import group, shares, transfer, voprf
from hanse_ledger.rows import CELLS, encode_cells

P = shares.P
KEYS = st.binary(min_size=32, max_size=32)
FOUR = st.lists(st.integers(1, 255).map(StewardX), min_size=4, max_size=4, unique=True)
SCALARS = st.integers(1, group.ORDER - 1)
ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 7)), min_size=1, max_size=5
).map(lambda rows: encode_cells(*zip(*rows, strict=True)))
FEW = settings(max_examples=25, deadline=None)


def pair_of(xs: list[StewardX]) -> transfer.Pair:
    return transfer.Pair(receiver=xs[0], first=xs[1], second=xs[2])


def line_of(xs: list[StewardX], nonce: bytes) -> transfer.LineCheck:
    return transfer.LineCheck(
        consortium=ConsortiumId("hanse.example/test"),
        receiver=xs[0],
        stewards=tuple(sorted(xs)),
        nonce=nonce,
        size=7,
        root=NodeHash(bytes(32)),
    )


def values_of(
    xs: list[StewardX], held: dict[StewardX, shares.Residues], nonce: bytes, unit: list[int]
) -> dict[StewardX, list[int]]:
    line, seeds = line_of(xs, nonce), {x: bytes([x]) * 32 for x in xs}
    return {
        x: line.values(x, line.place(unit), held[x], {y: one for y, one in seeds.items() if y != x})
        for x in xs
    }


@FEW
@given(ROWS, KEYS, KEYS, FOUR)
def test_the_sum_of_two_parts_is_the_share(
    cells: shares.Residues, key: bytes, mask: bytes, xs: list[StewardX]
) -> None:
    pair, split = pair_of(xs), shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    masks = shares.draw_masks(mask, len(cells))
    first, second = (transfer.mask_share(pair, x, split[x], masks) for x in (pair.first, pair.second))
    np.testing.assert_array_equal(transfer.join_parts(first, second), split[pair.receiver])


@FEW
@given(SCALARS, SCALARS, SCALARS, FOUR)
def test_the_sum_of_two_parts_is_the_share_of_the_key(
    constant: int, slope: int, mask: int, xs: list[StewardX]
) -> None:
    dealt = voprf.deal_key(group.scalar_bytes(constant), group.scalar_bytes(slope), xs)
    pair = pair_of(xs)
    first, second = (
        group.parse_scalar(transfer.mask_key_share(pair, x, group.parse_scalar(dealt[x]), mask))
        for x in (pair.first, pair.second)
    )
    assert transfer.join_key_parts(first, second) == dealt[pair.receiver]


@FEW
@given(ROWS, KEYS, KEYS, KEYS, FOUR, st.sampled_from([1, 2]))
def test_a_part_alone_could_be_that_of_any_share(
    cells: shares.Residues, key: bytes, other: bytes, mask: bytes, xs: list[StewardX], place: int
) -> None:
    """For every other share there is one mask with which it gives the same part, and masks are uniform."""
    pair, n = pair_of(xs), len(cells)
    sender, is_first = xs[place], xs[place] == pair.first
    share, any_share = shares.draw_masks(key, n), shares.draw_masks(other, n)
    part = transfer.mask_share(pair, sender, share, shares.draw_masks(mask, n))
    plain = transfer.mask_share(pair, sender, any_share, np.zeros_like(part))
    between = (part.astype(np.int64) - plain) if is_first else (plain.astype(np.int64) - part)
    explains = (between % P).astype(np.uint32)
    np.testing.assert_array_equal(transfer.mask_share(pair, sender, any_share, explains), part)


@FEW
@given(SCALARS, SCALARS, SCALARS, FOUR)
def test_a_part_of_the_key_could_be_that_of_any_share(
    share: int, other: int, mask: int, xs: list[StewardX]
) -> None:
    pair = pair_of(xs)
    part = group.parse_scalar(transfer.mask_key_share(pair, pair.first, share, mask))
    explains = part - pair.factor(pair.first, group.ORDER) * other
    assert transfer.mask_key_share(pair, pair.first, other, explains) == group.scalar_bytes(part)


@FEW
@given(ROWS, KEYS, KEYS, FOUR, st.data())
def test_a_wrong_value_is_off_the_line_of_all_others(
    cells: shares.Residues, key: bytes, nonce: bytes, xs: list[StewardX], data: st.DataObject
) -> None:
    held = shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    right = values_of(xs, held, nonce, [1, 3, 0])
    transfer.verify_values(right)
    assert {len(four) for four in right.values()} == {4}
    row, cell = data.draw(st.integers(0, len(cells) - 1)), data.draw(st.integers(0, CELLS - 1))
    wrong = held[xs[0]].copy()
    wrong[row, cell] = (int(wrong[row, cell]) + data.draw(st.integers(1, P - 1))) % P
    values = values_of(xs, {**held, xs[0]: wrong}, nonce, [1, 3, 0])
    with pytest.raises(VerificationError):
        transfer.verify_values(values)
    assert transfer.odd_one(values) == xs[0]


@FEW
@given(ROWS, KEYS, KEYS, KEYS, FOUR)
def test_values_are_masked_afresh_for_each_check_and_unit(
    cells: shares.Residues, key: bytes, nonce: bytes, another: bytes, xs: list[StewardX]
) -> None:
    """With all shares zero what is left are the masks."""
    zero = {x: np.zeros_like(cells) for x in xs}
    masks = values_of(xs, zero, nonce, [1, 3, 0])
    others = [values_of(xs, zero, nonce, [1, 4, 0]), values_of(xs, zero, key + another, [1, 3, 0])]
    for x in xs[1:]:
        assert not any(set(masks[x]) & set(one[x]) for one in others)


def test_with_two_others_nothing_is_held_to_be_right() -> None:
    with pytest.raises(VerificationError):
        transfer.verify_values({StewardX(x): [0, 0, 0, 0] for x in (1, 2, 3)})
    with pytest.raises(MalformedError):
        transfer.Pair(receiver=StewardX(1), first=StewardX(1), second=StewardX(2))
