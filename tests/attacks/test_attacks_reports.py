"""Attacks on what counts: rows, shares and validity values (docs/threat-model.md)."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from sqlalchemy import func
from support_attacks import (
    CUSTOMER,
    LIAR,
    LIAR_X,
    MEMBERS,
    Scene,
    policy,
    three_stewards,
    well_formed,
)

from hanse_ledger.ids import StewardX
from hanse_ledger.privacy.shares import Residues, RowColumns, SharePlaintext
from hanse_ledger.privacy.validity import odd_one_out, values_hold
from node.storage.schema import share_in

P = 2**31 - 1
MEMBER = MEMBERS[1]


def test_steward_lies_in_validity(scene: Scene) -> None:
    # One lie a report: in a z, in another, in a w, and a null that nothing calls for.
    places = dict(zip(range(1, 5), (0, 3, 4, None), strict=True))

    def lie(index: int, values: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if places[index] is None or values is None:
            return None
        return tuple((value + (i == places[index])) % P for i, value in enumerate(values))

    scene.lie_in_validity(LIAR, lie)
    scene.report()
    scene.work()
    entries = dict(scene.state.reports)
    assert set(entries) == set(places)
    for entry in entries.values():
        assert entry.counts_at is None
        assert entry.failed_at is not None
        # Three of four fit: whoever reads the log sees whose values do not.
        assert odd_one_out(entry.published, entry.stewards) == LIAR_X
    roots = {member: scene.evidence_roots(member) for member in MEMBERS}
    scene.honest("desk")
    assert scene.report() == [False] * 4
    scene.work()
    assert scene.report() == [True] * 4
    # The same rows again, padding and evidence roots included.
    assert {member: scene.evidence_roots(member) for member in MEMBERS} == roots
    scene.finish(failed=4)


def test_steward_and_member_push_a_malformed_row(scene: Scene) -> None:
    heavy = well_formed()
    heavy[5] *= 1_000
    index = scene.craft(MEMBER, heavy)
    scene.work(*(steward for steward in scene.stewards if steward != LIAR))
    # The liar comes last and knows what the others have published: it may fit any two of them.
    seen = dict(scene.entry(index).published)
    assert len(seen) == 3
    assert not values_hold(seen, sorted(seen))
    best = [_through(seen, pair, LIAR_X) for pair in combinations(sorted(seen), 2)]
    assert not any(values_hold({**seen, LIAR_X: values}, (1, 2, 3, 4)) for values in best)  # type: ignore[arg-type]
    scene.lie_in_validity(LIAR, lambda _index, _values: best[0])
    scene.work(LIAR)
    entry = scene.entry(index)
    assert entry.published[LIAR_X] == best[0]
    assert (entry.counts_at, entry.failed_at is not None) == (None, True)
    scene.honest("desk")
    scene.finish(failed=1)


def test_of_three_stewards_one_with_a_member_gets_a_malformed_row_counted(tmp_path: Path) -> None:
    """The limit that section 11 of the protocol writes down: why a consortium should run four stewards."""
    heavy = well_formed()
    heavy[5] *= 1_000
    scene = Scene.founded(tmp_path / "three", three_stewards)
    index = scene.craft(MEMBER, heavy)
    scene.work(*(steward for steward in scene.stewards if steward != LIAR))
    seen = dict(scene.entry(index).published)
    fitting = _through(seen, tuple(sorted(seen)), LIAR_X)
    scene.lie_in_validity(LIAR, lambda _index, _values: fitting)
    scene.work(LIAR)
    assert scene.entry(index).counts_at is not None


def _weight_two(cells: Residues) -> None:
    cells[7, :2] = 1
    cells[7, 2:48] = 0


def _heavy_one(cells: Residues) -> None:
    cells[7] *= 2


def _negative_cell(cells: Residues) -> None:
    cells[7, :48] = 0
    cells[7, 0], cells[7, 1] = 2, P - 1


def _none_at_all(cells: Residues) -> None:
    cells[7] = 0


def _delay_missing(cells: Residues) -> None:
    cells[7, 48:] = 0


def _two_that_cancel(cells: Residues) -> None:
    cells[7, :48], cells[8, :48] = 0, 0
    cells[7, 0], cells[8, 0] = 2, 0


def test_malformed_row(scene: Scene) -> None:
    good = scene.craft(MEMBER, well_formed())
    bad = []
    for spoil in (_weight_two, _heavy_one, _negative_cell, _none_at_all, _delay_missing, _two_that_cancel):
        cells = well_formed()
        spoil(cells)
        bad.append(scene.craft(MEMBER, cells))
    scene.work()
    assert scene.entry(good).counts_at is not None
    for index in bad:
        entry = scene.entry(index)
        assert (entry.counts_at, entry.failed_at is not None) == (None, True)
        assert None not in entry.published.values()
    # The member's honest report of the same month counts.
    scene.finish(failed=len(bad))


def test_other_tokens_to_one_steward(scene: Scene) -> None:

    def other_salt(plaintext: SharePlaintext) -> SharePlaintext:
        return replace(plaintext, salt=bytes(32))

    def other_tokens(plaintext: SharePlaintext) -> SharePlaintext:
        rows = plaintext.rows
        return replace(plaintext, rows=replace(rows, tokens=bytes(32) + rows.tokens[32:]))

    def other_months(plaintext: SharePlaintext) -> SharePlaintext:
        rows = plaintext.rows
        return replace(plaintext, rows=replace(rows, months=rows.months - np.uint16(1)))

    def fewer_rows(plaintext: SharePlaintext) -> SharePlaintext:
        rows = RowColumns(tokens=plaintext.rows.tokens[32:], months=plaintext.rows.months[1:])
        return replace(plaintext, rows=rows, share=plaintext.share[1:])

    lies = (other_salt, other_tokens, other_months, fewer_rows)
    bad = [
        scene.craft(MEMBER, well_formed(), plain=lambda x, p, lie=lie: lie(p) if x == LIAR_X else p)  # type: ignore[misc]
        for lie in lies
    ]
    scene.work()
    for index in bad:
        entry = scene.entry(index)
        assert [x for x, values in entry.published.items() if values is None] == [LIAR_X]
        assert (entry.counts_at, entry.failed_at is not None) == (None, True)
    scene.finish(failed=len(bad))


def test_share_off_the_line(scene: Scene) -> None:

    def change(x: StewardX, plaintext: SharePlaintext) -> SharePlaintext:
        share = plaintext.share.copy()
        if x == LIAR_X:
            share[9, 11] = (int(share[9, 11]) + 1) % P
        return replace(plaintext, share=share)

    index = scene.craft(MEMBER, well_formed(), plain=change)
    scene.work()
    entry = scene.entry(index)
    assert None not in entry.published.values()
    assert (entry.counts_at, entry.failed_at is not None) == (None, True)
    assert odd_one_out(entry.published, entry.stewards) == LIAR_X
    scene.finish(failed=1)


def test_unopenable_share(tmp_path: Path) -> None:
    scene = Scene.founded(tmp_path / "hours", policy(share_hours=24))
    flipped = scene.craft(
        MEMBER, well_formed(), sealed=lambda x, raw: raw[:-1] + bytes(1) if x == LIAR_X else raw
    )
    cut = scene.craft(MEMBER, well_formed(), sealed=lambda x, raw: raw[:500] if x == LIAR_X else raw)
    # The report names the hash of what was sealed, and other bytes come, or none.
    other = scene.craft(MEMBER, well_formed(), delivered=lambda x, raw: b"0" + raw if x == LIAR_X else raw)
    never = scene.craft(MEMBER, well_formed(), delivered=lambda x, raw: None if x == LIAR_X else raw)
    scene.work()
    for index in (flipped, cut):
        assert scene.entry(index).published[LIAR_X] is None
    scene.clock.time = scene.clock.time.replace(hour=23)
    scene.work()
    for index in (other, never):
        assert LIAR_X not in scene.entry(index).published
    scene.clock.time = scene.clock.time.replace(day=2, hour=10)
    scene.work()
    for index in (flipped, cut, other, never):
        entry = scene.entry(index)
        assert [x for x, values in entry.published.items() if values is None] == [LIAR_X]
        assert (entry.counts_at, entry.failed_at is not None) == (None, True)
    scene.finish(failed=4)


def test_unopenable_share_is_reported_again(scene: Scene) -> None:
    scene.report()
    # What was delivered is spoiled at the steward before it has looked.
    assert scene.store_at(LIAR, share_in.update().values(sealed=func.zeroblob(share_in.c.size))) == 4
    scene.work()
    first = list(scene.state.reports.values())
    assert all(entry.published[LIAR_X] is None and entry.counts_at is None for entry in first)
    roots = scene.evidence_roots(MEMBER)
    scene.report()
    scene.work()
    assert scene.report() == [True] * 4
    assert scene.evidence_roots(MEMBER) == roots
    again = list(scene.state.reports.values())[4:]
    # Freshly salted and sealed: no hash of the first attempt stands in the second.
    assert not {entry.rows_hash for entry in first} & {entry.rows_hash for entry in again}
    assert not {s.sha256 for e in first for s in e.shares} & {s.sha256 for e in again for s in e.shares}
    scene.finish(failed=4)


def test_second_row_for_the_same_month(scene: Scene) -> None:
    scene.report()
    scene.work()
    assert scene.report() == [True] * 4
    # The member says something else of the same subject, twice, in a later report that is well formed.
    token = scene.token_of(scene.subject, MEMBER)
    tokens = [token, token, *(bytes([i]) * 32 for i in range(62))]
    index = scene.craft(MEMBER, well_formed(), tokens=tokens)
    scene.work()
    assert scene.entry(index).counts_at is not None
    scene.close_month()
    (outcome,) = scene.member(MEMBERS[0]).inquire([scene.subject], "credit-review")
    (want,) = scene.clear()[CUSTOMER]
    assert outcome.figures is not None
    (window,) = outcome.figures.windows
    assert outcome.status == "checked"
    assert sum(want.condition) == len(MEMBERS)
    assert (window.condition, window.exposure, window.delay) == (want.condition, want.exposure, want.delay)


def test_second_row_in_the_same_report(scene: Scene) -> None:
    scene.report(*(member for member in MEMBERS if member != MEMBER))
    member = scene.member(MEMBER)
    (token,) = member.tokens.tokens([scene.subject]).values()
    # Row 0 says condition, exposure and delay 0; row 1 of the same token and month says otherwise.
    tokens = [token, token, *(bytes([i]) * 32 for i in range(62))]
    index = scene.craft(MEMBER, well_formed(), tokens=tokens)
    scene.work()
    assert scene.entry(index).counts_at is not None
    assert scene.report() == [True, False, True, True]
    scene.work()
    assert scene.report() == [True] * 4
    scene.close_month()
    (outcome,) = scene.member(MEMBERS[0]).inquire([scene.subject], "credit-review")
    assert outcome.figures is not None
    (window,) = outcome.figures.windows
    (want,) = scene.clear()[CUSTOMER]
    # The first that counts holds: the crafted report's row 0 in the place of the member's later, true one.
    assert window.condition is not None
    assert window.exposure is not None
    assert sum(window.condition) == len(MEMBERS)
    assert window.condition[0] == want.condition[0] + 1
    assert window.exposure[0] == want.exposure[0] + 1


def _through(
    seen: dict[StewardX, tuple[int, ...] | None], pair: tuple[StewardX, ...], x: StewardX
) -> tuple[int, ...]:
    """Return the values at x that fit those of two others: z / x and w lie on lines."""
    (x1, first), (x2, second) = ((each, seen[each] or ()) for each in pair)
    values = []
    for place, (v1, v2) in enumerate(zip(first, second, strict=True)):
        s1, s2, scale = (pow(x1, -1, P), pow(x2, -1, P), x) if place < 4 else (1, 1, 1)
        y1, y2 = v1 * s1, v2 * s2
        at = y1 + (y2 - y1) * (x - x1) * pow(x2 - x1, -1, P)
        values.append(at * scale % P)
    return tuple(values)
