"""Proposals, votes and the position at which the next document acts (section 10)."""

import hashlib
from collections.abc import Callable

import pytest
from support_consortium import (
    ALDER,
    AUDITOR,
    BIRCH,
    BOTH,
    CEDAR,
    CHAMBER,
    GONE,
    REGULATOR,
    UNION,
    XS,
    Document,
    Ledger,
    admission,
    canonical,
    changed,
    consortium,
    founded,
    party_in,
    publish,
    refuse,
    report,
    shared_rows,
    statement_key,
    values_of,
)
from support_consortium import STEWARDS as BY_X

from hanse_ledger.bodies import Inquiry, Propose, Vote
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError, NotAdmittedError, RuleError
from hanse_ledger.governance import weakens_privacy
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.privacy.group import scalar_bytes
from hanse_ledger.privacy.voprf import deal_key, public_share
from hanse_ledger.signing import SigningKey

Change = Callable[[Document], object]
INQUIRY = Inquiry(request_hashes=(bytes(32),))
NEW_KEY = SigningKey(bytes([9]) * 32)
MEMBERS = (ALDER, BIRCH, BOTH, CEDAR)
STEWARDS = (CHAMBER, AUDITOR, UNION, REGULATOR)
NEEDED = (ALDER, BIRCH, BOTH, CHAMBER, AUDITOR, UNION)
"""Two thirds of four members, rounded up, and all stewards but one."""


def set_policy(**values: object) -> Change:
    return lambda d: d["policy"].update(values)


def set_party(party: str, **values: object) -> Change:
    return lambda d: party_in(d, party).update(values)


def rename(d: Document) -> None:
    party_in(d, ALDER)["name"] = "Alder & Sons"


def following(change: Change = rename, previous: bytes | None = None) -> bytes:
    """The bytes of a document that follows the first one."""
    doc = changed(change)
    doc["previous"] = (consortium().hash if previous is None else previous).hex()
    return canonical(doc)


def vote_for(raw: bytes) -> Vote:
    return Vote(document_hash=hashlib.sha256(raw).digest())


def cast(ledger: Ledger, raw: bytes, *parties: PartyId) -> None:
    for party in parties:
        ledger.accept(party, vote_for(raw))


def in_force(ledger: Ledger) -> bytes:
    return ledger.state.consortium.raw


def new_token_keys(d: Document) -> None:
    for x, share in deal_key(scalar_bytes(5), scalar_bytes(6), XS).items():
        next(party for party in d["parties"] if party.get("x") == x)["token_key"] = public_share(share).hex()


def replace_steward(d: Document) -> None:
    """The regulator leaves and a new steward, on the same line of keys, comes."""
    x = StewardX(9)
    share = deal_key(scalar_bytes(1_234_567), scalar_bytes(7_654_321), [x])[x]
    entry = {
        **party_in(d, CHAMBER),
        "id": "bank",
        "x": x,
        "statement_key": statement_key("bank").public.hex(),
        "cosign_key": SigningKey(bytes([8]) * 32).public.hex(),
        "proof": admission("bank"),
        "token_key": public_share(share).hex(),
    }
    party_in(d, REGULATOR)["active"] = False
    d["parties"] = sorted([*d["parties"], entry], key=lambda party: party["id"])


def drop_party(party: str) -> Change:
    return lambda d: d["parties"].remove(party_in(d, party))


REFUSED: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "document"),
    "the document in force itself": (canonical(changed(lambda _: None)), "previous"),
    "another previous": (following(previous=bytes(32)), "previous"),
    "a party dropped": (following(drop_party(ALDER)), "parties"),
    "a party dropped that had left": (following(drop_party(GONE)), "parties"),
    "an x changed": (following(set_party(REGULATOR, x=254)), "parties"),
    "a limit broken": (following(set_policy(contributors_min=2)), "policy.contributors_min"),
    "another first month": (following(lambda d: d.update(first_month="2026-02")), "first_month"),
    "a key without its proof": (
        following(set_party(ALDER, statement_key=NEW_KEY.public.hex())),
        "parties[0].proof",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_proposal_is_refused_with(name: str) -> None:
    raw, field = REFUSED[name]
    ledger = founded()
    error = refuse(ledger, ledger.sign(ALDER, Propose(document=raw)), DocumentError)
    assert isinstance(error, DocumentError)
    assert error.field == field


def test_a_proposal_for_another_consortium_is_refused() -> None:
    def move(d: Document) -> None:
        d["consortium"] = "other"
        for party in d["parties"]:
            party["proof"] = admission(party["id"], "other")

    ledger = founded()
    error = refuse(ledger, ledger.sign(ALDER, Propose(document=following(move))), DocumentError)
    assert isinstance(error, DocumentError)
    assert error.field == "consortium"


def test_a_steward_keeps_its_x_by_staying_one() -> None:
    def to_observer(d: Document) -> None:
        party = party_in(d, REGULATOR)
        party.update(roles=["observer"])
        del party["x"], party["token_key"]

    ledger = founded()
    refuse(ledger, ledger.sign(ALDER, Propose(document=following(to_observer))), DocumentError)


def test_a_party_votes_once_for_a_document() -> None:
    ledger, raw = founded(), following()
    cast(ledger, raw, ALDER)
    refuse(ledger, ledger.sign(ALDER, vote_for(raw)), RuleError)
    ledger.accept(ALDER, Propose(document=raw))
    refuse(ledger, ledger.sign(ALDER, vote_for(raw)), RuleError)
    cast(ledger, following(set_policy(share_hours=1)), ALDER)
    cast(ledger, raw, BIRCH)


def test_it_acts_with_the_last_vote_that_it_needs() -> None:
    ledger, raw = founded(), following()
    ledger.accept(CHAMBER, Propose(document=raw))
    for party in NEEDED:
        assert in_force(ledger) == consortium().raw
        cast(ledger, raw, party)
    assert in_force(ledger) == raw
    assert ledger.state.size == 8
    sizes = {size: ledger.state.consortium_at(size) for size in (0, 1, 7, 8, 100)}
    assert {size: None if doc is None else doc.raw for size, doc in sizes.items()} == {
        0: None,
        1: consortium().raw,
        7: consortium().raw,
        8: raw,
        100: raw,
    }


def test_it_acts_with_the_proposal_if_that_comes_last() -> None:
    ledger, raw = founded(), following()
    cast(ledger, raw, *NEEDED)
    assert in_force(ledger) == consortium().raw
    ledger.accept(ALDER, Propose(document=raw))
    assert in_force(ledger) == raw


def test_reports_let_go_of_a_steward_with_a_late_proposal_too() -> None:
    ledger, raw = founded(), following(set_party(REGULATOR, active=False))
    ledger.accept(ALDER, report())
    cast(ledger, raw, *NEEDED)
    assert ledger.state.reports[1].failed_at is None
    ledger.accept(ALDER, Propose(document=raw))
    assert ledger.state.reports[1].failed_at == ledger.state.size - 1


def test_a_new_steward_has_no_say_on_earlier_reports() -> None:
    ledger, raw = founded(), following(replace_steward)
    ledger.accept(ALDER, report())
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *MEMBERS, CHAMBER, AUDITOR, UNION)
    assert list(ledger.state.consortium.stewards) == [2, 3, 7, 9]
    refuse(ledger, ledger.sign("bank", publish((1, None))), RuleError)
    ledger.accept(ALDER, report(xs=(2, 3, 7, 9)))
    ledger.accept(PartyId("bank"), publish((ledger.state.size - 1, None)))


@pytest.mark.parametrize("left_out", NEEDED)
def test_each_needed_vote_is_needed(left_out: PartyId) -> None:
    ledger, raw = founded(), following()
    # Proposing is no vote.
    ledger.accept(left_out, Propose(document=raw))
    cast(ledger, raw, *(party for party in NEEDED if party != left_out))
    assert in_force(ledger) == consortium().raw


WEAKER: dict[str, Change] = {
    "contributors_min": set_policy(contributors_min=3),
    "retention_months": set_policy(retention_months=37),
    "inquiries_base": set_policy(inquiries_base=101),
    "inquiries_per_subject": set_policy(inquiries_per_subject=3),
    "purposes": set_policy(purposes=["credit-review", "marketing", "subject-access"]),
    "another purpose instead": set_policy(purposes=["marketing"]),
    "tokens_per_day": set_policy(tokens_per_day=1_001),
    "K_x": new_token_keys,
    "a steward": replace_steward,
}
NOT_WEAKER: dict[str, Change] = {
    "higher minima": set_policy(contributors_min=5, warnings_min=3),
    "less of everything": set_policy(
        retention_months=1, inquiries_base=0, inquiries_per_subject=0, tokens_per_day=0, purposes=[]
    ),
    "purposes in another order": set_policy(purposes=["subject-access", "credit-review"]),
    "a steward that leaves": set_party(REGULATOR, active=False),
    "a member that leaves": set_party(ALDER, active=False),
    "a member that comes back": set_party(GONE, active=True),
    "other rates": set_policy(rates={}),
    "a new statement key": set_party(
        ALDER, statement_key=NEW_KEY.public.hex(), proof=admission(ALDER, key=NEW_KEY)
    ),
    "a desk's role": set_party(ALDER, roles=["member", "desk"]),
}


@pytest.mark.parametrize("name", WEAKER)
def test_what_weakens_privacy_needs_every_member(name: str) -> None:
    ledger, raw = founded(), following(WEAKER[name])
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *NEEDED, REGULATOR)
    assert in_force(ledger) == consortium().raw
    cast(ledger, raw, CEDAR)
    assert in_force(ledger) == raw


@pytest.mark.parametrize("name", NOT_WEAKER)
def test_what_does_not_weaken_it_needs_two_thirds(name: str) -> None:
    ledger, raw = founded(), following(NOT_WEAKER[name])
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *NEEDED)
    assert in_force(ledger) == raw


def test_weaker_is_by_each_field_against_the_one_in_force() -> None:
    higher = parse_document(following(set_policy(warnings_min=3)))
    assert weakens_privacy(higher, consortium())
    assert not weakens_privacy(consortium(), higher)
    three = parse_document(following(set_party(REGULATOR, active=False)))
    assert weakens_privacy(three, consortium())  # it comes back: another steward than those active


def test_three_of_four_stewards_are_needed_and_two_of_three() -> None:
    ledger, raw = founded(), following(set_party(REGULATOR, active=False))
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *MEMBERS, CHAMBER, AUDITOR)
    assert in_force(ledger) == consortium().raw
    cast(ledger, raw, REGULATOR)
    assert in_force(ledger) == raw
    doc = changed(set_party(REGULATOR, active=False))
    again = canonical({**doc, "previous": hashlib.sha256(raw).hexdigest(), "demo": True})
    ledger.accept(ALDER, Propose(document=again))
    cast(ledger, again, ALDER, BIRCH, BOTH, CHAMBER)
    refuse(ledger, ledger.sign(REGULATOR, vote_for(again)), NotAdmittedError)
    assert in_force(ledger) == raw
    cast(ledger, again, AUDITOR)
    assert in_force(ledger) == again


def test_a_vote_counts_if_its_party_is_active_when_the_document_acts() -> None:
    ledger = founded()
    leave = following(set_party(ALDER, active=False))
    doc = changed(set_party(ALDER, active=False))
    second = canonical({**doc, "previous": hashlib.sha256(leave).hexdigest(), "demo": True})
    # Alder votes for the second document before the first one, without Alder, acts.
    cast(ledger, second, ALDER, BIRCH, CHAMBER, AUDITOR, UNION)
    ledger.accept(BIRCH, Propose(document=leave))
    cast(ledger, leave, *NEEDED)
    assert in_force(ledger) == leave
    ledger.accept(BIRCH, Propose(document=second))
    # Two thirds of the three members left are two: Birch and not Alder.
    assert in_force(ledger) == leave
    cast(ledger, second, CEDAR)
    assert in_force(ledger) == second


def test_others_with_the_same_previous_lapse() -> None:
    ledger = founded()
    one, two = following(), following(set_policy(share_hours=1))
    for raw in (one, two):
        ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, two, *NEEDED[:-1])
    cast(ledger, one, *NEEDED)
    cast(ledger, two, NEEDED[-1])
    assert in_force(ledger) == one
    refuse(ledger, ledger.sign(ALDER, Propose(document=two)), DocumentError)


def test_a_new_key_signs_on_in_the_same_chain() -> None:
    ledger = founded()
    raw = following(NOT_WEAKER["a new statement key"])
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *NEEDED)
    assert ledger.state.head(ALDER).seq == 2
    refuse(ledger, ledger.sign(ALDER, INQUIRY), NotAdmittedError)
    ledger.append(ledger.sign(ALDER, INQUIRY, key=NEW_KEY))


def test_who_leaves_says_no_more_and_who_comes_back_goes_on() -> None:
    ledger = founded()
    raw = following(lambda d: (set_party(CEDAR, active=False)(d), set_party(GONE, active=True)(d)))
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *NEEDED)
    refuse(ledger, ledger.sign(CEDAR, INQUIRY), NotAdmittedError)
    ledger.accept(GONE, INQUIRY)


def test_reports_wait_for_no_former_steward() -> None:
    ledger = founded()
    for _ in range(4):
        ledger.accept(ALDER, report())
    shares = shared_rows()
    values = {index: values_of(ledger.state.reports[index], shares) for index in (1, 2, 3)}
    # 1 has counted, 2 waits for the regulator alone, 3 for all but the regulator, 4 has failed already.
    for x, party in list(BY_X.items())[:3]:
        ledger.accept(party, publish(*((index, values[index][x]) for index in (1, 2))))
    ledger.accept(REGULATOR, publish((1, values[1][XS[3]]), (3, values[3][XS[3]])))
    ledger.accept(CHAMBER, publish((4, None)))
    raw = following(set_party(REGULATOR, active=False))
    ledger.accept(ALDER, Propose(document=raw))
    cast(ledger, raw, *NEEDED)
    acted = ledger.state.size - 1
    placed = {i: (one.counts_at, one.failed_at) for i, one in ledger.state.reports.items()}
    assert placed == {1: (8, None), 2: (None, acted), 3: (None, None), 4: (None, 9)}
    for x, party in list(BY_X.items())[:3]:
        ledger.accept(party, publish((3, values[3][x])))
    assert ledger.state.reports[3].counts_at == ledger.state.size - 1
    refuse(ledger, ledger.sign(ALDER, report()), RuleError)
    ledger.accept(ALDER, report(xs=XS[:3]))
