import contextlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_dkg import participants_of, roster_of

from hanse_ledger.errors import KeyGenerationError, LedgerError
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy import dkg, dkg_messages, group, voprf

X1, X2 = StewardX(1), StewardX(2)
XS = st.lists(st.integers(1, 255), min_size=3, max_size=4, unique=True).map(sorted)
SCALARS = st.integers(1, group.ORDER - 1).map(group.scalar_bytes)


@settings(max_examples=10, deadline=None)
@given(XS, st.binary(min_size=31, max_size=31), SCALARS, st.binary(min_size=1, max_size=40))
def test_any_founders_get_shares_of_one_key_that_makes_tokens(
    xs: list[int], seed: bytes, blind: group.Scalar, subject: bytes
) -> None:
    founders = participants_of(roster_of(xs), seed)
    commits = {x: dkg.commit(me) for x, me in founders.items()}
    deals = {x: dkg.deal(me, commits) for x, me in founders.items()}
    confirms = {x: dkg.confirm(me, commits, deals) for x, me in founders.items()}
    shares = {x: dkg.finish(me, commits, deals, confirms) for x, me in founders.items()}
    public = dkg_messages.verify_transcript(roster_of(xs), commits, deals, confirms).public_shares

    element = voprf.blind(subject, blind)
    answers = {}
    for x, share in shares.items():
        evaluations, proof = voprf.evaluate(
            key_share=share.key_share, public_share=public[x], elements=[element], nonce=blind
        )
        voprf.verify_evaluation(
            public_share=public[x], elements=[element], evaluations=evaluations, proof=proof
        )
        answers[x] = evaluations
    k = sum(dkg._coefficients(me)[0] for me in founders.values())
    assert voprf.agreed_elements(answers).elements == (group.multiply(k, element),)


@cache
def messages_of_a_run() -> tuple[dict[StewardX, bytes], dict[StewardX, bytes]]:
    founders = participants_of(roster_of([1, 2, 3]))
    commits = {x: dkg.commit(me) for x, me in founders.items()}
    return commits, {x: dkg.deal(me, commits) for x, me in founders.items()}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 7), st.booleans())
def test_one_changed_bit_is_laid_to_the_message_that_has_it(
    data: st.DataObject,
    bit: int,
    is_commit: bool,  # noqa: FBT001 - drawn
) -> None:
    rounds = [dict(given) for given in messages_of_a_run()]
    changed = rounds[0 if is_commit else 1]
    raw = bytearray(changed[X2])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << bit
    changed[X2] = bytes(raw)
    with pytest.raises(KeyGenerationError) as caught:
        dkg.confirm(participants_of(roster_of([1, 2, 3]))[X1], *rounds)
    assert (caught.value.x, caught.value.field) == (X2, "message")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(raw: bytes) -> None:
    roster, (commits, deals) = roster_of([1, 2, 3]), messages_of_a_run()
    with pytest.raises(KeyGenerationError):
        dkg_messages.read_commits(roster, commits | {X2: raw})
    session = dkg_messages.read_commits(roster, commits)
    with pytest.raises(KeyGenerationError):
        dkg_messages.read_deal(session, X2, raw)
    with pytest.raises(KeyGenerationError):
        dkg_messages.judge(roster, commits, by=X2, complaint=raw)
    with contextlib.suppress(LedgerError):
        dkg_messages.verify_equivocation(roster, X2, "dkg-deal", raw, deals[X2])
