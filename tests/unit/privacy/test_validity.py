import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support import vectors

from hanse_ledger.codec import encode
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import NodeHash, StewardX
from hanse_ledger.privacy import shares, validity
from hanse_ledger.privacy.shares import P
from hanse_ledger.rows import CELLS, encode_cells

CASES = vectors("validity.json")
LEAF, ROOT = NodeHash(bytes(range(32))), NodeHash(bytes(range(32, 64)))
XS = [StewardX(x) for x in (1, 2, 3, 4)]
SEEDS = {x: bytes([x]) * 32 for x in XS}


def by_x(mapping: Mapping[str, Any]) -> dict[StewardX, Any]:
    return {StewardX(int(x)): value for x, value in mapping.items()}


def values_of(
    split: Mapping[StewardX, shares.Residues], leaf: NodeHash = LEAF, root: NodeHash = ROOT
) -> dict[StewardX, list[int]]:
    return {
        x: validity.validity_values(
            x=x,
            stewards=list(split),
            share=share,
            seeds={y: SEEDS[y] for y in split if y != x},
            leaf_hash=leaf,
            root_before=root,
        )
        for x, share in split.items()
    }


def rows(n: int) -> shares.Residues:
    numbers = np.arange(n)
    return encode_cells(numbers % 8, numbers // 8 % 6, numbers % 7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['name']} {case['stewards']}")
def test_values_and_verdicts_of_the_vectors(case: dict[str, Any]) -> None:
    stewards = [StewardX(x) for x in case["stewards"]]
    seeds = {x: bytes.fromhex(seed) for x, seed in by_x(case["seeds"]).items()}
    for x, share in by_x(case["shares"]).items():
        made = validity.validity_values(
            x=x,
            stewards=stewards,
            share=np.array(share, dtype=np.uint32),
            seeds={y: seed for y, seed in seeds.items() if y != x},
            leaf_hash=NodeHash(bytes.fromhex(case["leaf_hash"])),
            root_before=NodeHash(bytes.fromhex(case["root_before"])),
        )
        assert made == case["values"][str(x)]
    assert validity.values_hold(by_x(case["published"]), stewards) is case["counts"]


def test_the_odd_one_of_the_vectors() -> None:
    named = {
        case["name"]: validity.odd_one_out(by_x(case["published"]), case["stewards"])
        for case in CASES
        if len(case["stewards"]) == 4
    }
    assert named == {
        "honest": None,
        "one share off the line": 4,  # the one whose share is off
        "two conditions in one row": None,
        "no condition": None,
        "no delay": None,
        "part sums to one but is not one-hot": None,
        "errors of opposite sign in two rows": None,
        # Steward 4 knows the row and fits its values to those of 1 and 2: the honest 3 is odd, which is
        # why the odd one is no proof of guilt.
        "the last steward lies for a row of weight 1000": 3,
        "the last steward lies about good rows": 4,
    }


@pytest.mark.parametrize("liar", XS)
@pytest.mark.parametrize("place", [0, 3, 4, 7])
def test_the_odd_one_of_four_is_named(liar: StewardX, place: int) -> None:
    published = values_of(shares.split(rows(3), shares.draw_masks(bytes(32), 3), XS))
    assert validity.values_hold(published, XS)
    assert validity.odd_one_out(published, XS) is None
    published[liar][place] = (published[liar][place] + 1) % P
    assert not validity.values_hold(published, XS)
    assert validity.odd_one_out(published, XS) == liar


@pytest.mark.parametrize("gone", XS)
def test_a_null_or_missing_value_never_counts_and_is_the_odd_one(gone: StewardX) -> None:
    published: dict[StewardX, list[int] | None] = dict(
        values_of(shares.split(rows(3), shares.draw_masks(bytes(32), 3), XS))
    )
    published[gone] = None
    assert not validity.values_hold(published, XS)
    assert validity.odd_one_out(published, XS) == gone
    del published[gone]
    assert not validity.values_hold(published, XS)


def test_of_three_or_with_two_liars_nobody_is_named() -> None:
    published = values_of(shares.split(rows(3), shares.draw_masks(bytes(32), 3), XS))
    for place, x in enumerate(XS[:2]):
        published[x][place] = (published[x][place] + 1) % P
    assert validity.odd_one_out(published, XS) is None
    three = values_of(shares.split(rows(3), shares.draw_masks(bytes(32), 3), XS[:3]))
    three[XS[0]][0] = (three[XS[0]][0] + 1) % P
    assert not validity.values_hold(three, XS[:3])
    assert validity.odd_one_out(three, XS[:3]) is None


@pytest.mark.parametrize("bad", [[0] * 7, [0] * 9, [*[0] * 7, P], [*[0] * 7, -1], []])
def test_values_out_of_shape_do_not_hold(bad: list[int]) -> None:
    zeros = {x: [0] * 8 for x in XS}
    assert validity.values_hold(zeros, XS)
    assert not validity.values_hold(zeros | {XS[2]: bad}, XS)


@pytest.mark.parametrize("xs", [XS[:2], [], [*XS, StewardX(5)], [XS[0], XS[0], XS[1]]])
def test_only_three_or_four_stewards_check(xs: list[StewardX]) -> None:
    with pytest.raises(ValueError, match="three or four"):
        validity.values_hold({x: [0] * 8 for x in xs}, xs)


@pytest.mark.parametrize("n", [1, 255, 256, 257, 1_024])
def test_values_are_those_of_the_formula(n: int) -> None:
    # The formula of section 7 in Python's own integers, on shares with the extreme values in them.
    split = shares.split(rows(n), shares.draw_masks(bytes(32), n), XS[:3])
    x = XS[1]
    share = split[x]
    share[0, :3] = (0, 1, P - 1)
    share[-1] = P - 1
    drawn = validity.challenges(leaf_hash=LEAF, root_before=ROOT, n=n)
    a, b, g, d, e = (part.astype(object) for part in (drawn.a, drawn.b, drawn.g, drawn.d, drawn.e))
    s = share.astype(object)
    parts = np.stack([s[:, :48].sum(axis=1) - 1, s[:, 48:].sum(axis=1) - 1], axis=1)
    seeds = {y: SEEDS[y] for y in XS[:3] if y != x}
    expected_z = [int(a[j] @ ((s * s - s) @ b[j] + parts @ g[j])) for j in range(4)]
    expected_w = [int(d[j] @ (s @ e[j])) for j in range(4)]
    for y, seed in seeds.items():
        f_masks, g_masks = validity.masks(seed=seed, leaf_hash=LEAF, root_before=ROOT)
        expected_z = [z + f * x * (x - y) for z, f in zip(expected_z, f_masks, strict=True)]
        expected_w = [w + m * (x - y) for w, m in zip(expected_w, g_masks, strict=True)]

    made = validity.validity_values(
        x=x, stewards=XS[:3], share=share, seeds=seeds, leaf_hash=LEAF, root_before=ROOT
    )

    assert made == [value % P for value in expected_z + expected_w]


def test_a_full_report_counts_and_one_wrong_cell_of_it_does_not() -> None:
    cells = rows(1_024)
    masks = shares.draw_masks(bytes(32), 1_024)
    assert validity.values_hold(values_of(shares.split(cells, masks, XS)), XS)
    cells[1_023, 55] += 1
    published = values_of(shares.split(cells, masks, XS))
    assert not validity.values_hold(published, XS)
    assert validity.odd_one_out(published, XS) is None


def test_a_steward_that_got_a_share_off_the_line_is_the_odd_one() -> None:
    split = shares.split(rows(64), shares.draw_masks(bytes(32), 64), XS)
    split[XS[2]][63, 0] ^= 1
    published = values_of(split)
    assert not validity.values_hold(published, XS)
    assert validity.odd_one_out(published, XS) == XS[2]


def test_values_belong_to_their_entry_and_position() -> None:
    split = shares.split(rows(2), shares.draw_masks(bytes(32), 2), XS)
    other = values_of(split, leaf=ROOT)[XS[3]]
    elsewhere = values_of(split, root=LEAF)[XS[3]]
    published = values_of(split)
    assert not validity.values_hold(published | {XS[3]: other}, XS)
    assert not validity.values_hold(published | {XS[3]: elsewhere}, XS)


def test_challenges_are_the_shake_stream_in_the_order_of_section_7() -> None:
    drawn = validity.challenges(leaf_hash=LEAF, root_before=ROOT, n=3)
    shapes = [part.shape for part in (drawn.a, drawn.b, drawn.g, drawn.d, drawn.e)]
    assert shapes == [(4, 3), (4, CELLS), (4, 2), (4, 3), (4, CELLS)]
    for j in range(4):
        prefix = b"\x84\x71hanse/v1/validity\x58\x20" + LEAF + b"\x58\x20" + ROOT + bytes([j])
        stream = hashlib.shake_256(prefix).digest(4 * 120)
        words = [int.from_bytes(stream[i : i + 4], "little") % 2**31 for i in range(0, len(stream), 4)]
        joined = np.concatenate([drawn.a[j], drawn.b[j], drawn.g[j], drawn.d[j], drawn.e[j]])
        assert joined.tolist() == words


def test_a_word_of_p_in_the_shake_stream_is_skipped() -> None:
    # Found by search: with this leaf hash and a root of zeros, word 945 for j = 0 is p.
    leaf, root, place, n = NodeHash((1_344_163).to_bytes(32, "big")), NodeHash(bytes(32)), 945, 1_024
    stream = hashlib.shake_256(encode(["hanse/v1/validity", leaf, root, 0])).digest(4 * (n + 1))
    words = np.frombuffer(stream, dtype="<u4") % np.uint32(2**31)
    assert words[place] == P
    drawn = validity.challenges(leaf_hash=leaf, root_before=root, n=n)
    np.testing.assert_array_equal(drawn.a[0], np.delete(words, place))


def test_seeds_are_exactly_those_of_the_others() -> None:
    share = rows(1)
    for seeds in ({x: SEEDS[x] for x in XS[:3]}, {x: SEEDS[x] for x in XS[1:2]}, {}):
        with pytest.raises(ValueError, match="seeds"):
            validity.validity_values(
                x=XS[0], stewards=XS[:3], share=share, seeds=seeds, leaf_hash=LEAF, root_before=ROOT
            )
    with pytest.raises(MalformedError):
        validity.masks(seed=bytes(31), leaf_hash=LEAF, root_before=ROOT)


def test_seed_hash() -> None:
    seed = bytes(range(32))
    assert validity.seed_hash(seed) == hashlib.sha256(b"\x82\x72hanse/v1/seed-hash\x58\x20" + seed).digest()
