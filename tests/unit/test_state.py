"""Who may append what, and that a party's statements form one chain. Rules of bodies: test_state_rules."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from support import vectors
from support_consortium import (
    ALDER,
    AUDITOR,
    BOTH,
    CHAMBER,
    CONSORTIUM,
    DESK,
    DUNS,
    GONE,
    LEI,
    ROLES,
    WATCH,
    Document,
    Ledger,
    bulletin,
    canonical,
    chain_hash,
    changed,
    consortium,
    dispute,
    document,
    founded,
    genesis_body,
    party_in,
    refuse,
    report,
    snapshot,
    statement_key,
)

from hanse_ledger.bodies import Body, Close, ClosePeriod, Inquiry, Propose, Validity, Vote
from hanse_ledger.codec import encode
from hanse_ledger.consortium import MEMBER, STEWARD, Consortium, Party, assemble
from hanse_ledger.cose import sign
from hanse_ledger.errors import (
    DocumentError,
    MalformedError,
    NotAdmittedError,
    NotPermittedError,
    RejectedError,
    RuleError,
    SignatureRefusedError,
    StaleHeadError,
)
from hanse_ledger.filings import Alias, Fact, Resolution
from hanse_ledger.ids import ConsortiumId, Month, PartyId, StewardX, month_of
from hanse_ledger.merkle import EMPTY_ROOT, leaf_hash
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import NO_PREVIOUS, sign_statement

GIVEN = vectors("statements.json")
INQUIRY = Inquiry(request_hashes=(bytes(32),))
FACT = Fact(
    subject=LEI, fact_kind=1, day="2026-01-31", source="gazette", document_hash=bytes(32), withdraws=None
)


def given_consortium() -> Consortium:
    """Parties and four active stewards, as the vectors start: nothing else of it matters."""

    def party(name: str, role: str, key: bytes, x: int | None = None) -> Party:
        return Party(
            id=PartyId(name),
            name=name,
            roles=frozenset({role}),
            group="",
            active=True,
            url="",
            statement_key=key,
            cosign_key=key,
            x=None if x is None else StewardX(x),
        )

    stewards = [
        party(f"steward-{x}", STEWARD, hashlib.sha256(bytes([x])).digest(), x)
        for x in GIVEN["active_stewards"]
    ]
    return assemble(
        id=ConsortiumId(GIVEN["origin"]),
        demo=False,
        first_month=month_of(2026, 1),
        previous=b"",
        parties=[party(GIVEN["party"], MEMBER, bytes.fromhex(GIVEN["public_key"])), *stewards],
        ordering=(PartyId("steward-1"),),
        policy=consortium().policy,
        raw=b"",
    )


def test_the_vectors_chain_is_accepted() -> None:
    state = LedgerState(given_consortium())
    for index, link in enumerate(GIVEN["chain"]):
        raw = bytes.fromhex(link["statement"])
        head = state.head(PartyId(GIVEN["party"]))
        assert (head.seq, head.prev.hex()) == (link["seq"], link["prev"])
        accepted = state.apply(raw)
        assert (accepted.index, accepted.statement.kind) == (index, link["kind"])
        assert accepted.leaf.hex() == link["leaf_hash"]
        assert state.head(PartyId(GIVEN["party"])).prev.hex() == link["statement_hash"]
    assert state.size == len(GIVEN["chain"])


def test_replay_comes_to_the_same_state() -> None:
    applied, replayed = LedgerState(given_consortium()), LedgerState(given_consortium())
    for link in GIVEN["chain"]:
        raw = bytes.fromhex(link["statement"])
        assert applied.apply(raw) == replayed.replay(raw)
    assert snapshot(applied) == snapshot(replayed)


REFUSED_WITH = {
    "another consortium": NotAdmittedError,
    "signature altered": SignatureRefusedError,
    "first statement with a previous hash": RuleError,
    "sequence skips one": StaleHeadError,
    "kind of another role": NotPermittedError,
    "unknown party": NotAdmittedError,
    "key of another party": NotAdmittedError,
    "the same request twice": RuleError,
    "a report that leaves a steward out": RuleError,
    "a bulletin for a later period": RuleError,
}


@pytest.mark.parametrize("case", GIVEN["refused"], ids=lambda case: case["name"])
def test_the_vectors_refusals_are_refused(case: dict[str, str]) -> None:
    ledger = Ledger(state=LedgerState(given_consortium()))
    refuse(ledger, bytes.fromhex(case["statement"]), REFUSED_WITH.get(case["name"], MalformedError))
    assert ledger.state.frontier.root() == EMPTY_ROOT
    # The state is none the worse: the chain still goes on from here.
    ledger.append(bytes.fromhex(GIVEN["chain"][0]["statement"]))


MAY: dict[str, tuple[Body, set[str]]] = {
    "report": (report(), {"member"}),
    "bulletin": (bulletin(), {"member"}),
    "validity": (Validity(entries=()), {"steward"}),
    "close of a month": (Close(month=month_of(2026, 1)), {"steward"}),
    "close of a period": (ClosePeriod(period=0, unopened=()), {"steward"}),
    "inquiry": (INQUIRY, {"member", "desk"}),
    "fact": (FACT, {"desk"}),
    "alias": (Alias(other=DUNS, primary=LEI), {"desk"}),
    "dispute": (dispute(), {"desk"}),
    "resolution": (Resolution(dispute=1, outcome=1), {"desk"}),
    "propose": (
        Propose(document=canonical(changed(lambda d: d.update(previous=consortium().hash.hex())))),
        {"member", "steward"},
    ),
    "vote": (Vote(document_hash=bytes(32)), {"member", "steward"}),
}


@pytest.mark.parametrize("party", [ALDER, BOTH, DESK, WATCH, CHAMBER])
@pytest.mark.parametrize("kind", MAY)
def test_a_kind_is_for_its_roles_alone(kind: str, party: PartyId) -> None:
    body, roles = MAY[kind]
    ledger = founded()
    if kind == "resolution" and "desk" in ROLES[party]:
        ledger.accept(party, dispute())
    raw = ledger.sign(party, body)
    if roles & set(ROLES[party]):
        accepted = ledger.append(raw)
        assert accepted.leaf == leaf_hash(raw)
        assert accepted.index == ledger.state.size - 1
        assert ledger.state.head(party).prev == chain_hash(raw)
    else:
        refuse(ledger, raw, NotPermittedError)


def test_nothing_stands_before_genesis() -> None:
    for party in (ALDER, DESK, CHAMBER):
        refuse(Ledger(), Ledger().sign(party, INQUIRY), NotAdmittedError)


def admission_cases() -> dict[str, tuple[Callable[[Ledger], bytes], type[RejectedError]]]:
    def late(ledger: Ledger) -> bytes:
        raw = ledger.sign(ALDER, INQUIRY)
        ledger.append(raw)
        return raw

    def at(seq: int, prev: bytes) -> Callable[[Ledger], bytes]:
        return lambda _: sign_statement(
            key=statement_key(ALDER), party=ALDER, consortium=CONSORTIUM, seq=seq, prev=prev, body=INQUIRY
        )

    def of_second(ledger: Ledger) -> bytes:
        ledger.accept(ALDER, INQUIRY)
        return at(1, NO_PREVIOUS)(ledger)

    def others_prev(ledger: Ledger) -> bytes:
        ledger.accept(ALDER, INQUIRY)
        return at(1, ledger.state.head(DESK).prev)(ledger)

    def claims_key(ledger: Ledger) -> bytes:
        # The right key id, signed by another key.
        honest = ledger.sign(ALDER, INQUIRY)
        forged = ledger.sign(ALDER, INQUIRY, key=statement_key(BOTH))
        return honest[:-64] + forged[-64:]

    return {
        "an unknown party": (lambda ledger: ledger.sign("nobody", INQUIRY), NotAdmittedError),
        "a party that has left": (lambda ledger: ledger.sign(GONE, INQUIRY), NotAdmittedError),
        "another's key": (
            lambda ledger: ledger.sign(ALDER, INQUIRY, key=statement_key(BOTH)),
            NotAdmittedError,
        ),
        "another's key under one's own id": (claims_key, SignatureRefusedError),
        "another consortium": (
            lambda ledger: ledger.sign(ALDER, INQUIRY, consortium="hanse.example/tset"),
            NotAdmittedError,
        ),
        "a flipped signature": (
            lambda ledger: (raw := ledger.sign(ALDER, INQUIRY))[:-1] + bytes([raw[-1] ^ 1]),
            SignatureRefusedError,
        ),
        "the same bytes again": (late, StaleHeadError),
        "a seq too high": (at(1, NO_PREVIOUS), StaleHeadError),
        "a first statement with a prev": (at(0, bytes([1]) * 32), RuleError),
        "a second statement without": (of_second, RuleError),
        "the prev of another party": (others_prev, RuleError),
    }


@pytest.mark.parametrize("name", admission_cases())
def test_an_inquiry_is_not_admitted_with(name: str) -> None:
    make, error = admission_cases()[name]
    ledger = founded()
    raw = make(ledger)
    refuse(ledger, raw, error)


def test_a_stale_head_says_where_the_chain_stands() -> None:
    ledger = founded()
    raw = ledger.sign(ALDER, INQUIRY)
    ledger.append(raw)
    error = refuse(ledger, raw, StaleHeadError)
    assert isinstance(error, StaleHeadError)
    assert (error.party, error.expected, error.got) == (ALDER, 1, 0)


def test_parties_have_chains_of_their_own() -> None:
    ledger = founded()
    for _ in range(3):
        ledger.accept(ALDER, INQUIRY)
        ledger.accept(BOTH, INQUIRY)
    assert [ledger.state.head(party).seq for party in (DESK, ALDER, BOTH, CHAMBER)] == [1, 3, 3, 0]
    assert ledger.state.size == 7


def test_genesis_founds_the_log() -> None:
    ledger = Ledger()
    assert not ledger.state.founded
    accepted = ledger.accept(DESK, genesis_body(canonical(document())))
    assert (accepted.index, accepted.statement.kind, ledger.state.founded) == (0, "genesis", True)
    assert ledger.state.consortium.hash == consortium().hash
    assert ledger.state.log_month == month_of(2026, 1)
    assert ledger.state.last_closed() is None


def genesis_of(change: Callable[[Document], object]) -> bytes:
    return Ledger().sign(DESK, genesis_body(canonical(changed(change))))


def raw_genesis(doc: bytes, signatures: list[list[Any]]) -> bytes:
    return sign(
        key=statement_key(DESK),
        party=DESK,
        consortium=CONSORTIUM,
        name="genesis",
        payload=encode([0, NO_PREVIOUS, [doc, signatures]]),
    )


def genesis_cases() -> dict[str, tuple[bytes, type[RejectedError]]]:
    doc = canonical(document())
    signatures: list[list[Any]] = [list(pair) for pair in genesis_body(doc).signatures]
    swapped = [[signatures[0][0], signatures[1][1]], [signatures[1][0], signatures[0][1]], *signatures[2:]]
    sign_genesis = Ledger().sign
    return {
        "by a party that does not order": (sign_genesis(ALDER, genesis_body(doc)), NotAdmittedError),
        "by nobody": (sign_genesis("nobody", genesis_body(doc)), NotAdmittedError),
        "with another's key": (
            sign_genesis(DESK, genesis_body(doc), key=statement_key(ALDER)),
            NotAdmittedError,
        ),
        "for another consortium": (
            sign_genesis(DESK, genesis_body(doc), consortium="other"),
            NotAdmittedError,
        ),
        "without one signature": (raw_genesis(doc, signatures[:-1]), DocumentError),
        "without that of a party that has left": (
            raw_genesis(doc, [pair for pair in signatures if pair[0] != GONE]),
            DocumentError,
        ),
        "with one too many": (
            raw_genesis(doc, [*signatures, ["zebra", signatures[0][1]]]),
            DocumentError,
        ),
        "with one twice": (raw_genesis(doc, [signatures[0], *signatures]), DocumentError),
        "in another order": (raw_genesis(doc, signatures[::-1]), DocumentError),
        "with two swapped": (raw_genesis(doc, swapped), SignatureRefusedError),
        "with a false signature": (
            raw_genesis(doc, [*signatures[:-1], [signatures[-1][0], bytes(64)]]),
            SignatureRefusedError,
        ),
        "with signatures of another document": (
            raw_genesis(canonical(changed(lambda d: d.update(demo=True))), signatures),
            SignatureRefusedError,
        ),
        "with a previous document": (genesis_of(lambda d: d.update(previous="00" * 32)), DocumentError),
        "with a document of two stewards": (
            genesis_of(lambda d: [party_in(d, p).update(active=False) for p in (CHAMBER, AUDITOR)]),
            DocumentError,
        ),
        "with a document that is no JSON": (
            sign_genesis(DESK, genesis_body(b"{")),
            DocumentError,
        ),
        "as a second statement": (
            sign_statement(
                key=statement_key(DESK),
                party=DESK,
                consortium=CONSORTIUM,
                seq=1,
                prev=NO_PREVIOUS,
                body=genesis_body(doc),
            ),
            StaleHeadError,
        ),
        "with a prev": (
            sign_statement(
                key=statement_key(DESK),
                party=DESK,
                consortium=CONSORTIUM,
                seq=0,
                prev=bytes([1]) * 32,
                body=genesis_body(doc),
            ),
            RuleError,
        ),
        "with its own signature false": (
            sign_genesis(DESK, genesis_body(doc))[:-1] + b"\0",
            SignatureRefusedError,
        ),
    }


@pytest.mark.parametrize("name", genesis_cases())
def test_genesis_is_refused(name: str) -> None:
    raw, error = genesis_cases()[name]
    ledger = Ledger()
    refuse(ledger, raw, error)
    assert not ledger.state.founded


def test_genesis_stands_at_index_0_only() -> None:
    ledger = founded()
    refuse(ledger, ledger.sign(DESK, genesis_body(canonical(document()))), RuleError)
    refuse(ledger, ledger.entries[0], RuleError)
    refuse(Ledger(state=LedgerState(consortium())), ledger.entries[0], RuleError)


def test_a_log_month_is_the_one_after_the_last_closed() -> None:
    ledger = founded()
    january = month_of(2026, 1)
    for party in (CHAMBER, AUDITOR):
        ledger.accept(party, Close(month=january))
    assert ledger.state.log_month == Month(january + 1)
