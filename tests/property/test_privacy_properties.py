from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import NodeHash, StewardX
from hanse_ledger.privacy import group, shares, validity, voprf
from hanse_ledger.rows import CELLS, encode_cells

P = shares.P
KEYS = st.binary(min_size=32, max_size=32)
HASHES = KEYS.map(NodeHash)
STEWARDS = st.lists(st.integers(1, 255).map(StewardX), min_size=3, max_size=4, unique=True)
SCALARS = st.integers(1, group.ORDER - 1).map(group.scalar_bytes)
FEW = settings(max_examples=25, deadline=None)
MANY = settings(max_examples=100, deadline=None)


@st.composite
def cell_rows(draw: st.DrawFn) -> shares.Residues:
    classes = st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 7))
    return encode_cells(*zip(*draw(st.lists(classes, min_size=1, max_size=6)), strict=True))


@FEW
@given(cell_rows(), KEYS, STEWARDS)
def test_any_two_shares_give_the_rows_and_all_lie_on_lines(
    cells: shares.Residues, key: bytes, xs: list[StewardX]
) -> None:
    split = shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    shares.verify_line(split)
    for x, y in pairwise(xs):
        np.testing.assert_array_equal(shares.combine({x: split[x], y: split[y]}), cells)


@FEW
@given(cell_rows(), KEYS, STEWARDS, st.data())
def test_one_changed_value_is_off_the_line(
    cells: shares.Residues, key: bytes, xs: list[StewardX], data: st.DataObject
) -> None:
    split = shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    x = data.draw(st.sampled_from(xs))
    row, cell = data.draw(st.integers(0, len(cells) - 1)), data.draw(st.integers(0, CELLS - 1))
    shift = data.draw(st.integers(1, P - 1))
    split[x][row, cell] = (int(split[x][row, cell]) + shift) % P
    with pytest.raises(VerificationError):
        shares.combine(split)


@MANY
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_reduction_is_the_remainder(values: list[int]) -> None:
    assert shares.reduced(np.array(values, dtype=np.uint64)).tolist() == [value % P for value in values]


@MANY
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_shares(raw: bytes) -> None:
    try:
        read = shares.parse_share(raw)
    except MalformedError:
        return
    assert shares.encode_share(read) == raw


@FEW
@given(cell_rows(), KEYS, KEYS, KEYS)
def test_a_share_goes_out_and_in(cells: shares.Residues, key: bytes, salt: bytes, token: bytes) -> None:
    n = len(cells)
    made = shares.SharePlaintext(
        salt=salt,
        rows=shares.RowColumns.of([token] * n, list(range(24_000, 24_000 + n))),
        share=shares.draw_masks(key, n),
    )
    read = shares.parse_share(shares.encode_share(made))
    assert (read.salt, read.rows.tokens) == (salt, made.rows.tokens)
    np.testing.assert_array_equal(read.share, made.share)
    np.testing.assert_array_equal(read.rows.months, made.rows.months)


def publish(
    split: dict[StewardX, shares.Residues], leaf: NodeHash, root: NodeHash
) -> dict[StewardX, list[int]]:
    seeds = {x: bytes([x]) * 32 for x in split}
    return {
        x: validity.validity_values(
            x=x,
            stewards=list(split),
            share=share,
            seeds={y: seed for y, seed in seeds.items() if y != x},
            leaf_hash=leaf,
            root_before=root,
        )
        for x, share in split.items()
    }


@FEW
@given(cell_rows(), KEYS, STEWARDS, HASHES, HASHES)
def test_one_hot_rows_count(
    cells: shares.Residues, key: bytes, xs: list[StewardX], leaf: NodeHash, root: NodeHash
) -> None:
    split = shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    assert validity.values_hold(publish(split, leaf, root), xs)


@FEW
@given(cell_rows(), KEYS, STEWARDS, HASHES, st.data())
def test_rows_that_are_not_one_hot_never_count(
    cells: shares.Residues, key: bytes, xs: list[StewardX], leaf: NodeHash, data: st.DataObject
) -> None:
    row, cell = data.draw(st.integers(0, len(cells) - 1)), data.draw(st.integers(0, CELLS - 1))
    cells[row, cell] = data.draw(st.integers(0, P - 1).filter(lambda value: value != cells[row, cell]))
    split = shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    published = publish(split, leaf, leaf)
    assert not validity.values_hold(published, xs)
    assert validity.odd_one_out(published, xs) is None


@FEW
@given(cell_rows(), KEYS, STEWARDS.filter(lambda xs: len(xs) == 4), HASHES, st.data())
def test_one_of_four_that_lies_is_the_odd_one(
    cells: shares.Residues, key: bytes, xs: list[StewardX], leaf: NodeHash, data: st.DataObject
) -> None:
    split = shares.split(cells, shares.draw_masks(key, len(cells)), xs)
    published = publish(split, leaf, leaf)
    liar, place = data.draw(st.sampled_from(xs)), data.draw(st.integers(0, 7))
    published[liar][place] = (published[liar][place] + data.draw(st.integers(1, P - 1))) % P
    assert not validity.values_hold(published, xs)
    assert validity.odd_one_out(published, xs) == liar


@FEW
@given(SCALARS, SCALARS, SCALARS, STEWARDS, st.binary(min_size=1, max_size=80))
def test_any_stewards_give_the_token_that_the_whole_key_gives(
    k: group.Scalar, slope: group.Scalar, blind: group.Scalar, xs: list[StewardX], subject: bytes
) -> None:
    dealt = voprf.deal_key(k, slope, xs)
    public = {x: voprf.public_share(share) for x, share in dealt.items()}
    group.check_public_shares(public)
    element = voprf.blind(subject, blind)
    answers = {}
    for x, share in dealt.items():
        evaluations, proof = voprf.evaluate(
            key_share=share, public_share=public[x], elements=[element], nonce=slope
        )
        voprf.verify_evaluation(
            public_share=public[x], elements=[element], evaluations=evaluations, proof=proof
        )
        answers[x] = evaluations
    agreement = voprf.agreed_elements(answers)
    whole = group.multiply(group.parse_scalar(k), element)
    assert agreement == voprf.Agreement(elements=(whole,), deviating=())
    # The blind leaves no trace: the token is that of the unblinded element under k.
    assert voprf.finalize(subject, blind, whole) == voprf.finalize(
        subject, group.scalar_bytes(1), group.multiply(group.parse_scalar(k), group.hash_to_group(subject))
    )


@MANY
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_evaluation_requests(raw: bytes) -> None:
    try:
        read = voprf.parse_evaluation_request(raw)
    except MalformedError:
        return
    assert voprf.encode_evaluation_request(read) == raw
