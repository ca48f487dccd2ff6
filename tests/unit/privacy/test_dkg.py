"""Key generation: whole runs, its bytes, and every way we know to cheat in it."""

import hashlib
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import cbor2
import pytest
from support_dkg import STEEL, fields_of, participants_of, roster_of, signed_anew, signing_key

from hanse_ledger.cose import parse, sign
from hanse_ledger.errors import (
    DocumentError,
    KeyGenerationError,
    MalformedError,
    RejectedError,
    VerificationError,
)
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.privacy import dkg, group, sealing
from hanse_ledger.privacy import dkg_messages as messages
from hanse_ledger.privacy.dkg_messages import Roster

X1, X2, X3, X7 = (StewardX(x) for x in (1, 2, 3, 7))
PROOF, SEALED = 4, 5
"""Places of fields in a deal: [session, x, A0, A1, proof, sealed]."""


@dataclass
class Run:
    """One run by honest founders; a test replaces what a dishonest one sends."""

    roster: Roster = field(default_factory=lambda: roster_of([1, 2, 3]))

    def __post_init__(self) -> None:
        self.all = participants_of(self.roster)
        self.commits = {x: dkg.commit(me) for x, me in self.all.items()}
        self.deal()

    def deal(self) -> None:
        self.deals = {x: dkg.deal(me, self.commits) for x, me in self.all.items()}

    def confirm(self) -> None:
        self.confirms = {x: dkg.confirm(me, self.commits, self.deals) for x, me in self.all.items()}

    def finish(self) -> dict[StewardX, dkg.KeyShare]:
        self.confirm()
        return {x: dkg.finish(me, self.commits, self.deals, self.confirms) for x, me in self.all.items()}

    @property
    def session(self) -> messages.Session:
        return messages.read_commits(self.roster, self.commits)

    def sealed(self, dealer: StewardX, to: StewardX, plaintext: bytes) -> list[Any]:
        """Return a pair [y, sealed share] that opens to `plaintext`."""
        info = messages.share_info(self.session, dealer, to)
        key = self.session.sealing_keys[to]
        return [to, sealing.seal(public_key=key, info=info, plaintext=plaintext)]

    def cheat(self, x: StewardX, changes: dict[int, Any]) -> None:
        """Let x send another deal."""
        self.deals[x] = signed_anew(self.all[x], "dkg-deal", self.deals[x], changes)

    def refused(self, by: StewardX) -> tuple[StewardX, str]:
        """Return whom and what `by` names instead of confirming."""
        with pytest.raises(KeyGenerationError) as caught:
            dkg.confirm(self.all[by], self.commits, self.deals)
        return caught.value.x, caught.value.field


@pytest.fixture
def run() -> Run:
    return Run()


def flipped(raw: bytes, place: int = -1) -> bytes:
    changed = bytearray(raw)
    changed[place] ^= 1
    return bytes(changed)


# What an honest run gives


@pytest.mark.parametrize("xs", [(1, 2, 3), (1, 2, 3, 4), (7, 90, 255)])
def test_every_two_shares_of_a_run_give_the_one_key(xs: tuple[int, ...]) -> None:
    run = Run(roster_of(xs))
    shares = run.finish()

    outcome = shares[run.roster.xs[0]].transcript
    assert all(share.transcript == outcome for share in shares.values())
    group.check_public_shares(outcome.public_shares)
    assert list(outcome.public_shares) == list(xs)
    for x, share in shares.items():
        assert group.multiply_base(group.parse_scalar(share.key_share)) == outcome.public_shares[x]
    k = sum(dkg._coefficients(me)[0] for me in run.all.values()) % group.ORDER
    assert group.multiply_base(k) == outcome.public_key
    for pair in combinations(run.roster.xs, 2):
        factors = group.lagrange_at(pair)
        parts = (factors[x] * group.parse_scalar(shares[x].key_share) for x in pair)
        assert sum(parts) % group.ORDER == k


def test_anybody_computes_the_outcome_from_the_messages(run: Run) -> None:
    shares = run.finish()
    outcome = messages.verify_transcript(run.roster, run.commits, run.deals, run.confirms)
    assert outcome == shares[X1].transcript


def test_messages_have_the_sizes_of_the_record() -> None:
    run = Run(roster_of([1, 2, 3, 4]))
    run.confirm()
    complaint = false_complaint(run, 1, run.deals[X1], bytes(sealing.PRIVATE_KEY_BYTES))
    sizes = [len(raw) for raw in (run.commits[X2], run.deals[X2], run.confirms[X2], complaint)]
    assert sizes == [1_475, 3_874, 256, 4_201]


def test_commits_and_confirms_come_again_as_they_were(run: Run) -> None:
    run.confirm()
    first = run.confirms
    run.confirm()
    assert run.confirms == first
    assert {x: dkg.commit(me) for x, me in run.all.items()} == run.commits


def test_the_bytes_are_those_of_the_record() -> None:
    # Built with cbor2 and hashlib alone, in the order of docs/adr/0010.
    def h(*parts: object) -> bytes:
        return hashlib.sha256(cbor2.dumps(list(parts), canonical=True)).digest()

    run = Run()
    run.confirm()
    roster = h(
        "hanse/v1/dkg-roster", STEEL, 1, [[x, f"steward-{x}", signing_key(x).public] for x in (1, 2, 3)]
    )
    a0, a1 = map(group.multiply_base, dkg._coefficients(run.all[X2]))
    public = dkg._sealing_key(run.all[X2]).public_key
    assert fields_of(run.commits[X2]) == [
        roster, 2, h("hanse/v1/dkg-commitment", roster, 2, a0, a1), public
    ]  # fmt: skip

    session = h(
        "hanse/v1/dkg-session", roster, [hashlib.sha256(run.commits[x]).digest() for x in (X1, X2, X3)]
    )
    place, x, constant, slope, proof, sealed = fields_of(run.deals[X2])
    assert (place, x, constant, slope, [y for y, _ in sealed]) == (session, 2, a0, a1, [1, 3])
    c, s = int.from_bytes(proof[:32], "little"), int.from_bytes(proof[32:], "little")
    r = group.add(group.multiply_base(s), group.multiply(c, a0))
    said = cbor2.dumps(["hanse/v1/dkg-proof", session, 2, a0, a1, r], canonical=True)
    assert group.hash_to_scalar(said) == c

    info = cbor2.dumps(["hanse/v1/dkg-share", STEEL, session, 2, 3], canonical=True)
    opened = dkg._sealing_key(run.all[X3]).open(info=info, sealed=sealed[1][1])
    b0, b1 = dkg._coefficients(run.all[X2])
    assert opened == ((b0 + 3 * b1) % group.ORDER).to_bytes(32, "little")

    transcript = h(
        "hanse/v1/dkg-transcript", session, [hashlib.sha256(run.deals[x]).digest() for x in (X1, X2, X3)]
    )
    assert fields_of(run.confirms[X2]) == [session, 2, transcript]
    kinds = [parse(raw[X2], limit=9_000).name for raw in (run.commits, run.deals, run.confirms)]
    assert kinds == ["dkg-commit", "dkg-deal", "dkg-confirm"]


def test_another_run_draws_anew_from_the_same_seed() -> None:
    first, second = (participants_of(roster_of([1, 2, 3], run=run))[X1] for run in (1, 2))
    assert set(dkg._coefficients(first)).isdisjoint(dkg._coefficients(second))
    assert dkg._sealing_key(first).public_key != dkg._sealing_key(second).public_key


def test_a_nonce_never_meets_two_challenges(run: Run) -> None:
    def nonce_point() -> bytes:
        _, _, a0, _, proof, _ = fields_of(dkg.deal(run.all[X1], run.commits))
        c, s = group.parse_scalar(proof[:32]), group.parse_scalar(proof[32:])
        return group.add(group.multiply_base(s), group.multiply(c, a0))

    first = nonce_point()
    assert nonce_point() == first
    other = participants_of(run.roster, seed=b"other")[X2]
    run.commits[X2] = dkg.commit(other)
    assert nonce_point() != first


def test_nothing_secret_is_shown(run: Run) -> None:
    share = run.finish()[X1]
    secrets = [run.all[X1].seed, share.key_share, *map(group.scalar_bytes, dkg._coefficients(run.all[X1]))]
    shown = repr(run.all[X1]) + repr(share)
    assert all(repr(secret) not in shown and secret.hex() not in shown for secret in secrets)


# Shares


@pytest.mark.parametrize("wrong", ["off the line", "zero", "not canonical", "another's", "garbage"])
def test_a_wrong_share_to_one_names_its_dealer_to_everybody(run: Run, wrong: str) -> None:
    _, to_three = fields_of(run.deals[X1])[SEALED]
    a0, a1 = dkg._coefficients(run.all[X1])
    right = a0 + 2 * a1
    box = {
        "off the line": run.sealed(X1, X2, group.scalar_bytes(5)),
        "zero": run.sealed(X1, X2, bytes(32)),
        "not canonical": run.sealed(X1, X2, (right % group.ORDER + group.ORDER).to_bytes(32, "little")),
        "another's": [2, to_three[1]],
        "garbage": [2, bytes(1_168)],
    }[wrong]
    run.cheat(X1, {SEALED: [box, to_three]})

    assert run.refused(by=X2) == (X1, "share")
    dkg.confirm(run.all[X3], run.commits, run.deals)  # which cannot see it
    complaint = dkg.complain(run.all[X2], run.commits, X1, run.deals[X1])
    assert messages.judge(run.roster, run.commits, by=X2, complaint=complaint) == X1


def test_wrong_shares_to_all_are_found_by_each(run: Run) -> None:
    wrong = group.scalar_bytes(5)
    run.cheat(X3, {SEALED: [run.sealed(X3, X1, wrong), run.sealed(X3, X2, wrong)]})
    for x in (X1, X2):
        assert run.refused(by=x) == (X3, "share")
        complaint = dkg.complain(run.all[x], run.commits, X3, run.deals[X3])
        assert messages.judge(run.roster, run.commits, by=x, complaint=complaint) == X3


def test_an_honest_founder_makes_no_false_complaint(run: Run) -> None:
    for accused in (X1, X2):
        with pytest.raises(RejectedError, match="nothing to complain about"):
            dkg.complain(run.all[X2], run.commits, accused, run.deals[accused])


def false_complaint(run: Run, accused: int, deal: bytes, key: bytes) -> bytes:
    return dkg._sign(run.all[X2], "dkg-complaint", run.session.hash, [accused, deal, key])


def test_a_false_complaint_falls_back_on_who_made_it(run: Run) -> None:
    key = dkg._sealing_key(run.all[X2]).to_bytes()
    complaint = false_complaint(run, 1, run.deals[X1], key)
    assert messages.judge(run.roster, run.commits, by=X2, complaint=complaint) == X2


@pytest.mark.parametrize("wrong", ["key", "short key", "oneself", "nobody", "x", "deal"])
def test_a_complaint_that_proves_nothing_names_who_made_it(run: Run, wrong: str) -> None:
    key = dkg._sealing_key(run.all[X2]).to_bytes()
    complaint = {
        "key": false_complaint(run, 1, run.deals[X1], flipped(key, 0)),
        "short key": false_complaint(run, 1, run.deals[X1], key[:-1]),
        "oneself": false_complaint(run, 2, run.deals[X2], key),
        "nobody": false_complaint(run, 9, run.deals[X1], key),
        "x": false_complaint(run, True, run.deals[X1], key),  # noqa: FBT003 - it goes in as a CBOR value
        "deal": false_complaint(run, 1, flipped(run.deals[X1]), key),
    }[wrong]
    with pytest.raises(KeyGenerationError) as caught:
        messages.judge(run.roster, run.commits, by=X2, complaint=complaint)
    assert (caught.value.x, caught.value.field) == (X2, "complaint")


def test_a_deal_of_another_run_in_a_complaint_is_no_ground(run: Run) -> None:
    earlier = Run(roster_of([1, 2, 3], run=2)).deals[X1]
    complaint = false_complaint(run, 1, earlier, dkg._sealing_key(run.all[X2]).to_bytes())
    with pytest.raises(KeyGenerationError, match="steward 1: session is another one"):
        messages.judge(run.roster, run.commits, by=X2, complaint=complaint)


def test_a_complaint_is_signed_by_who_makes_it(run: Run) -> None:
    run.cheat(X1, {SEALED: [run.sealed(X1, X2, bytes(32)), fields_of(run.deals[X1])[SEALED][1]]})
    complaint = dkg.complain(run.all[X2], run.commits, X1, run.deals[X1])
    assert len(complaint) < messages.MESSAGE_LIMIT // 2
    with pytest.raises(KeyGenerationError) as caught:
        messages.judge(run.roster, run.commits, by=X3, complaint=complaint)
    assert (caught.value.x, caught.value.field) == (X3, "message")


# Commitments and proofs


def commit_to(run: Run, x: StewardX, a0: bytes, a1: bytes) -> None:
    """Let x commit to elements of its choice, and all deal on that."""
    commitment = messages.commitment_of(run.roster, x, a0, a1)
    run.commits[x] = signed_anew(run.all[x], "dkg-commit", run.commits[x], {2: commitment})


def deals_on(run: Run, x: StewardX, a0: bytes, a1: bytes, proof: bytes) -> None:
    """Let the others deal, and x send these elements with a proof."""
    run.deals = {y: dkg.deal(run.all[y], run.commits) for y in run.roster.others(x)}
    boxes = [run.sealed(x, y, group.scalar_bytes(5)) for y in run.roster.others(x)]
    run.deals[x] = dkg._sign(run.all[x], "dkg-deal", run.session.hash, [a0, a1, proof, boxes])


def proof_of(run: Run, x: StewardX, a0: bytes, a1: bytes, known: int) -> bytes:
    """Return what x makes of a scalar that it knows."""
    c = messages.challenge(run.session, x, a0, a1, group.multiply_base(77))
    return group.scalar_bytes(c) + group.scalar_bytes(77 - c * known)


def test_a_founder_that_forges_its_own_messages_as_it_should_is_believed(run: Run) -> None:
    # The helpers of this section are good for something: with a known a0 they pass all public checks.
    a0, a1 = group.multiply_base(11), group.multiply_base(13)
    commit_to(run, X3, a0, a1)
    deals_on(run, X3, a0, a1, proof_of(run, X3, a0, a1, 11))
    assert run.refused(by=X1) == (X3, "share")


def test_a_rogue_key_has_no_proof_of_possession(run: Run) -> None:
    # 3 wants K = 11 G, and so A0 = 11 G - (A0 of 1) - (A0 of 2), which it is given to know beforehand.
    taken = [dkg._coefficients(run.all[x])[0] for x in (X1, X2)]
    a0, a1 = group.multiply_base(11 - sum(taken)), group.multiply_base(13)
    commit_to(run, X3, a0, a1)
    deals_on(run, X3, a0, a1, proof_of(run, X3, a0, a1, 11))
    assert run.refused(by=X1) == (X3, "proof")


def test_a_proof_of_another_founder_proves_nothing(run: Run) -> None:
    _, _, a0, a1, _, _ = fields_of(run.deals[X1])
    commit_to(run, X3, a0, a1)
    run.deals[X1] = dkg.deal(run.all[X1], run.commits)
    deals_on(run, X3, a0, a1, fields_of(run.deals[X1])[PROOF])
    assert run.refused(by=X2) == (X3, "proof")


@pytest.mark.parametrize("proof", [bytes(64), b"\xff" * 64, bytes(63), 7])
def test_a_proof_in_a_wrong_form_is_refused(run: Run, proof: object) -> None:
    run.cheat(X1, {PROOF: proof})
    assert run.refused(by=X2) == (X1, "proof")


def test_a_founder_that_has_seen_the_others_deal_cannot_choose_again(run: Run) -> None:
    a0, a1 = group.multiply_base(11), group.multiply_base(13)
    run.cheat(X3, {2: a0, 3: a1, PROOF: proof_of(run, X3, a0, a1, 11)})
    assert run.refused(by=X1) == (X3, "commitment")


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("element", [group.IDENTITY, b"\xff" * 32, b"\x01" + bytes(31), bytes(31), 7])
def test_an_element_that_is_none_is_refused_though_committed_to(place: int, element: Any) -> None:
    run = Run()
    elements: list[Any] = [group.multiply_base(11), group.multiply_base(13)]
    elements[place] = element
    commit_to(run, X3, elements[0], elements[1])
    deals_on(run, X3, elements[0], elements[1], bytes(64))
    assert run.refused(by=X1) == (X3, "commitment")


def test_contributions_that_cancel_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {X1: (5, 1), X2: (-2, 2), X3: (-3, 3)}
    monkeypatch.setattr(dkg, "_coefficients", lambda me: known[me.x])
    assert Run().refused(by=X1) == (X3, "commitment")


def test_a_share_of_the_key_that_is_zero_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # k = 12 and the slope is -6, so k_2 = 0.
    known = {X1: (5, -1), X2: (3, -2), X3: (4, -3)}
    monkeypatch.setattr(dkg, "_coefficients", lambda me: known[me.x])
    run = Run()
    with pytest.raises(DocumentError, match="token_key"):
        run.confirm()


@pytest.mark.parametrize("wrong", ["order", "missing", "twice", "short", "x", "to itself", "no list"])
def test_sealed_shares_go_to_each_other_founder_in_order(run: Run, wrong: str) -> None:
    one, three = fields_of(run.deals[X2])[SEALED]
    run.cheat(
        X2,
        {
            SEALED: {
                "order": [three, one],
                "missing": [one],
                "twice": [one, one],
                "short": [one, [3, three[1][:-1]]],
                "x": [[True, one[1]], three],
                "to itself": [one, [2, three[1]]],
                "no list": 7,
            }[wrong]
        },
    )
    assert run.refused(by=X1) == (X2, "sealed shares")


# Who says what to whom


def test_other_commits_to_other_founders_make_another_session(run: Run) -> None:
    other = participants_of(run.roster, seed=b"other")[X3]
    seen_by_two = run.commits | {X3: dkg.commit(other)}
    run.deals[X2] = dkg.deal(run.all[X2], seen_by_two)
    assert run.refused(by=X1) == (X2, "session")
    # Compared, the files say who it was.
    messages.verify_equivocation(run.roster, X3, "dkg-commit", run.commits[X3], seen_by_two[X3])


def test_other_deals_to_other_founders_give_another_transcript(run: Run) -> None:
    seen_by_two = run.deals | {X3: dkg.deal(run.all[X3], run.commits)}
    run.confirm()
    run.confirms[X2] = dkg.confirm(run.all[X2], run.commits, seen_by_two)
    for x in (X1, X3):
        with pytest.raises(KeyGenerationError) as caught:
            dkg.finish(run.all[x], run.commits, run.deals, run.confirms)
        assert (caught.value.x, caught.value.field) == (X2, "transcript")
    with pytest.raises(KeyGenerationError):
        dkg.finish(run.all[X2], run.commits, seen_by_two, run.confirms)
    messages.verify_equivocation(run.roster, X3, "dkg-deal", run.deals[X3], seen_by_two[X3])


def test_equivocation_is_not_proved_by_less(run: Run) -> None:
    later = Run(roster_of([1, 2, 3], run=2))
    one = run.deals[X3]
    for other in (one, later.deals[X3]):
        with pytest.raises(VerificationError, match="one place"):
            messages.verify_equivocation(run.roster, X3, "dkg-deal", one, other)
    for other in (run.deals[X2], run.commits[X3], flipped(one)):
        with pytest.raises(VerificationError):
            messages.verify_equivocation(run.roster, X3, "dkg-deal", one, other)


def test_messages_of_another_consortium_set_or_run_are_refused(run: Run) -> None:
    for roster, named in (
        (roster_of([1, 2, 3], consortium="hanse.example/wood"), ("message", "message")),
        (roster_of([1, 2, 7]), ("roster", "session")),
        (roster_of([1, 2, 3, 4]), ("roster", "session")),
        (roster_of([1, 2, 3], run=2), ("roster", "session")),
    ):
        other = Run(roster)
        with pytest.raises(KeyGenerationError) as caught:
            dkg.deal(run.all[X1], run.commits | {X2: other.commits[X2]})
        assert (caught.value.x, caught.value.field) == (X2, named[0])
        with pytest.raises(KeyGenerationError) as caught:
            dkg.confirm(run.all[X1], run.commits, run.deals | {X2: other.deals[X2]})
        assert (caught.value.x, caught.value.field) == (X2, named[1])


def test_confirms_of_another_run_are_refused(run: Run) -> None:
    later = Run(roster_of([1, 2, 3], run=2))
    run.confirm()
    later.confirm()
    run.confirms[X2] = later.confirms[X2]
    with pytest.raises(KeyGenerationError) as caught:
        dkg.finish(run.all[X1], run.commits, run.deals, run.confirms)
    assert (caught.value.x, caught.value.field) == (X2, "session")


@pytest.mark.parametrize("wrong", ["cut", "flipped", "empty", "another's", "another kind", "impostor"])
def test_a_message_that_its_steward_did_not_send_is_refused(run: Run, wrong: str) -> None:
    raw = run.deals[X2]
    payload = parse(raw, limit=9_000).payload
    impostor = signing_key(9)
    run.deals[X2] = {
        "cut": raw[:-1],
        "flipped": flipped(raw, len(raw) // 2),
        "empty": b"",
        "another's": run.deals[X3],
        "another kind": run.commits[X2],
        "impostor": sign(
            key=impostor, party=PartyId("steward-2"), consortium=STEEL, name="dkg-deal", payload=payload
        ),
    }[wrong]
    assert run.refused(by=X1) == (X2, "message")


def test_a_signed_payload_of_another_form_is_refused(run: Run) -> None:
    me = run.all[X2]
    fields = fields_of(run.deals[X2])
    for payload in (
        [*fields, 1],
        fields[:-1],
        [fields[0], 3, *fields[2:]],
        [fields[0], True, *fields[2:]],
        7,
    ):
        run.deals[X2] = sign(
            key=me.signing_key,
            party=PartyId("steward-2"),
            consortium=STEEL,
            name="dkg-deal",
            payload=cbor2.dumps(payload, canonical=True),
        )
        assert run.refused(by=X1) == (X2, "payload")


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (2, bytes(31), "commitment"),
        (3, bytes(sealing.PUBLIC_KEY_BYTES), "sealing key"),
        (3, bytes(7), "sealing key"),
        (3, None, "sealing key"),
    ],
)
def test_a_malformed_commit_is_refused(run: Run, place: int, value: object, named: str) -> None:
    run.commits[X2] = signed_anew(run.all[X2], "dkg-commit", run.commits[X2], {place: value})
    with pytest.raises(KeyGenerationError) as caught:
        dkg.deal(run.all[X1], run.commits)
    assert (caught.value.x, caught.value.field) == (X2, named)


def test_a_run_needs_a_message_of_each_founder_and_of_nobody_else(run: Run) -> None:
    run.confirm()
    for given in (run.commits, run.deals, run.confirms):
        taken = given.pop(X3)
        with pytest.raises(KeyGenerationError, match="steward 3: message is missing"):
            dkg.finish(run.all[X1], run.commits, run.deals, run.confirms)
        given[X3] = given[X7] = taken
        with pytest.raises(MalformedError):
            dkg.finish(run.all[X1], run.commits, run.deals, run.confirms)
        del given[X7]
    dkg.finish(run.all[X1], run.commits, run.deals, run.confirms)


def test_a_founder_with_another_seed_does_not_go_on(run: Run) -> None:
    other = participants_of(run.roster, seed=b"other")[X1]
    with pytest.raises(KeyGenerationError, match="not made from this seed"):
        dkg.deal(other, run.commits)
    with pytest.raises(KeyGenerationError, match="not made from this seed"):
        dkg.confirm(other, run.commits, run.deals)
    with pytest.raises(KeyGenerationError, match="not made from this seed"):
        dkg.complain(other, run.commits, X2, run.deals[X2])


def test_a_founder_that_computed_wrongly_has_no_share(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.confirm()
    monkeypatch.setattr(dkg, "_key_share", lambda *_: 1)
    with pytest.raises(KeyGenerationError, match="steward 1: key share does not fit"):
        dkg.finish(run.all[X1], run.commits, run.deals, run.confirms)


# Rosters


@pytest.mark.parametrize("xs", [(1, 2), (1, 2, 3, 4, 5), (0, 1, 2), (1, 2, 256), (1, 3, 2), (1, 1, 2)])
def test_a_roster_has_three_or_four_founders_by_x(xs: tuple[int, ...]) -> None:
    founders = roster_of([1, 2, 3, 4]).founders
    spare = messages.Founder(x=X7, party=PartyId("spare"), statement_key=signing_key(99).public)
    named = [
        messages.Founder(x=StewardX(x), party=other.party, statement_key=other.statement_key)
        for x, other in zip(xs, [*founders, spare], strict=False)
    ]
    with pytest.raises(MalformedError):
        Roster(consortium=STEEL, run=1, founders=tuple(named))


@pytest.mark.parametrize(
    ("party", "statement_key"),
    [("steward-1", signing_key(3).public), ("steward-3", signing_key(1).public)],
)
def test_founders_share_neither_id_nor_key(party: str, statement_key: bytes) -> None:
    one, two, _ = roster_of([1, 2, 3]).founders
    same = messages.Founder(x=X3, party=PartyId(party), statement_key=statement_key)
    with pytest.raises(MalformedError):
        Roster(consortium=STEEL, run=1, founders=(one, two, same))


def test_a_statement_key_of_small_order_is_no_founders() -> None:
    one, two, _ = roster_of([1, 2, 3]).founders
    anybody = messages.Founder(x=X3, party=PartyId("c"), statement_key=b"\x01" + bytes(31))
    with pytest.raises(MalformedError, match="small order"):
        Roster(consortium=STEEL, run=1, founders=(one, two, anybody))


@pytest.mark.parametrize("run_number", [0, 1 << 32])
def test_runs_are_counted_from_one(run_number: int) -> None:
    with pytest.raises(MalformedError):
        roster_of([1, 2, 3], run=run_number)


def test_a_participant_is_in_its_roster_with_its_key_and_a_whole_seed() -> None:
    roster = roster_of([1, 2, 3])
    for x, key, seed in ((X7, 7, 32), (X1, 2, 32), (X1, 1, 31)):
        with pytest.raises(MalformedError):
            dkg.Participant(roster=roster, x=x, signing_key=signing_key(key), seed=bytes(seed))
