"""Acceptance against anything at all: it accepts, or refuses and stays as it was; nothing else happens."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import CBOR_VALUES, JSON_VALUES, NOISE, near_bytes, near_value
from support_consortium import (
    ALDER,
    AUDITOR,
    BIRCH,
    BOTH,
    CHAMBER,
    DESK,
    DUNS,
    LEI,
    REGULATOR,
    ROLES,
    STEWARDS,
    UNION,
    XS,
    Ledger,
    bulletin,
    canonical,
    changed,
    consortium,
    dispute,
    document,
    founded,
    genesis_body,
    publish,
    report,
    snapshot,
)
from support_inquiry import FIELDS_OF_ANSWER, inquired
from support_tlog import Tree

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.bodies import Body, Close, ClosePeriod, Inquiry, Propose, Vote
from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import parse_document
from hanse_ledger.cose import parse
from hanse_ledger.errors import LedgerError, MalformedError, RejectedError
from hanse_ledger.filings import Alias, Fact, Resolution
from hanse_ledger.ids import Month, PartyId, month_of
from hanse_ledger.privacy.answer import parse_answer, parse_request
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import parse_statement

MANY = settings(max_examples=100, deadline=None)
FEW = settings(max_examples=25, deadline=None)
JANUARY = month_of(2026, 1)
H = bytes(32)
NEXT = canonical(changed(lambda d: d.update(previous=consortium().hash.hex())))


def fact(withdraws: int | None = None) -> Fact:
    return Fact(
        subject=LEI, fact_kind=2, day="2026-01-31", source="court", document_hash=H, withdraws=withdraws
    )


@cache
def busy() -> Ledger:
    """A log in which every rule that looks back has something to look at."""
    ledger = founded()
    steps: list[tuple[PartyId, Body]] = [
        (ALDER, report()),
        (BIRCH, bulletin()),
        (DESK, fact()),
        (DESK, dispute()),
        (DESK, Alias(other=DUNS, primary=LEI)),
        (CHAMBER, publish((1, (0,) * 8))),
        (CHAMBER, Close(month=JANUARY)),
        (CHAMBER, ClosePeriod(period=0, unopened=(2,))),
        (ALDER, Inquiry(request_hashes=(H,))),
        (AUDITOR, Vote(document_hash=H)),
        (UNION, Propose(document=NEXT)),
    ]
    for party, body in steps:
        ledger.accept(party, body)
    return ledger


VALID: list[tuple[PartyId, Body]] = [
    (ALDER, report()),
    (ALDER, bulletin()),
    (AUDITOR, publish((1, (1,) * 8))),
    (REGULATOR, publish((1, None))),
    (AUDITOR, Close(month=JANUARY)),
    (AUDITOR, ClosePeriod(period=0, unopened=(2, 4))),
    (BOTH, Inquiry(request_hashes=(bytes([1]) * 32, H))),
    (DESK, fact()),
    (DESK, fact(withdraws=3)),
    (BOTH, Alias(other="ref:LIST:1", primary=LEI)),
    (BOTH, dispute()),
    (DESK, Resolution(dispute=4, outcome=2)),
    (CHAMBER, Propose(document=NEXT)),
    (BIRCH, Vote(document_hash=bytes([9]) * 32)),
]
NEXT_ONES = [(party, busy().sign(party, body)) for party, body in VALID]


def judge(raw: bytes, ledger: Ledger | None = None) -> bool:
    """Say whether a log takes these bytes, and check that a refusal leaves no trace."""
    trial = (busy() if ledger is None else ledger).copy()
    before = snapshot(trial.state)
    try:
        accepted = trial.state.apply(raw)
    except RejectedError:
        assert snapshot(trial.state) == before
        return False
    statement = parse_statement(raw)
    assert accepted.index == trial.state.size - 1
    head = trial.state.head(statement.party)
    assert (head.seq, accepted.statement.seq) == (statement.seq + 1, statement.seq)
    return True


def test_the_statements_that_are_changed_below_are_good_ones() -> None:
    assert all(judge(raw) for _, raw in NEXT_ONES)
    assert {parse_statement(raw).kind for _, raw in NEXT_ONES} == {
        *("report", "bulletin", "validity", "close", "inquiry", "fact"),
        *("alias", "dispute", "resolution", "propose", "vote"),
    }


@MANY
@given(st.one_of(NOISE, CBOR_VALUES.map(encode)))
def test_noise_is_refused(raw: bytes) -> None:
    assert not judge(raw)
    assert not judge(raw, Ledger())


@MANY
@given(st.data(), st.sampled_from(NEXT_ONES))
def test_no_byte_of_a_signed_statement_can_be_changed(
    data: st.DataObject, one: tuple[PartyId, bytes]
) -> None:
    raw = data.draw(near_bytes(one[1]))
    assume(raw != one[1])
    assert not judge(raw)


@FEW
@given(st.data())
def test_no_byte_of_genesis_can_be_changed(data: st.DataObject) -> None:
    genesis = busy().entries[0]
    raw = data.draw(near_bytes(genesis))
    assume(raw != genesis)
    assert not judge(raw, Ledger())


def outer_fields(raw: bytes) -> list[Any]:
    fields: list[Any] = list(decode(raw, limit=len(raw)).value)
    return fields


@MANY
@given(st.data(), st.sampled_from(NEXT_ONES))
def test_no_field_around_the_payload_can_be_changed(data: st.DataObject, one: tuple[PartyId, bytes]) -> None:
    fields = outer_fields(one[1])
    fields[0] = decode(fields[0], limit=len(one[1]))
    changed_fields = data.draw(near_value(fields))
    if isinstance(changed_fields, list) and changed_fields and changed_fields[0] != fields[0]:
        # A header of another content, in canonical bytes.
        try:
            changed_fields[0] = encode(changed_fields[0])
        except MalformedError:
            assume(condition=False)
    elif isinstance(changed_fields, list) and changed_fields:
        changed_fields[0] = outer_fields(one[1])[0]
    try:
        raw = b"\xd2" + encode(changed_fields)
    except MalformedError:
        return
    assume(raw != one[1])
    assert not judge(raw)


@MANY
@given(st.data(), st.sampled_from(range(len(VALID))))
def test_whatever_a_party_signs_is_accepted_or_refused(data: st.DataObject, number: int) -> None:
    """Rules of bodies, reached by a valid signature over anything near a good body."""
    party, body = VALID[number]
    value = data.draw(near_value(body.fields()))
    try:
        raw = busy().sign_fields(party, body.kind, value)
    except MalformedError:
        return  # no CBOR of ours says that
    taken = judge(raw)
    if taken:
        assert parse_statement(raw).body.fields() == value


@FEW
@given(st.sampled_from(sorted(ROLES)), st.sampled_from(range(len(VALID))))
def test_a_good_body_by_anybody(party: str, number: int) -> None:
    judge(busy().sign(party, VALID[number][1]))


@FEW
@given(st.data())
def test_genesis_over_anything(data: st.DataObject) -> None:
    body = genesis_body(canonical(data.draw(near_value(document(), JSON_VALUES).filter(is_canonical))))
    judge(Ledger().sign(DESK, body), Ledger())


def is_canonical(value: object) -> bool:
    try:
        return bool(canonical(value))
    except (ValueError, RecursionError):
        return False


STEPS = st.one_of(
    st.tuples(st.sampled_from([ALDER, BIRCH, BOTH]), st.just(report())),
    st.tuples(st.sampled_from([ALDER, BIRCH]), st.integers(0, 3).map(bulletin)),
    st.tuples(
        st.sampled_from(list(STEWARDS.values())),
        st.lists(st.integers(1, 30), max_size=3, unique=True).map(
            lambda found: publish(*((index, None if index % 3 == 0 else (0,) * 8) for index in sorted(found)))
        ),
    ),
    st.tuples(
        st.sampled_from(list(STEWARDS.values())),
        st.integers(0, 3).map(lambda more: Close(month=Month(JANUARY + more))),
    ),
    st.tuples(
        st.sampled_from(list(STEWARDS.values())),
        st.builds(
            ClosePeriod, period=st.integers(0, 3), unopened=st.sampled_from([(), (1,), (2,), (1, 2), (3, 4)])
        ),
    ),
    st.tuples(
        st.sampled_from([ALDER, DESK]),
        st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(
            lambda found: Inquiry(request_hashes=tuple(bytes([one]) * 32 for one in found))
        ),
    ),
    st.tuples(st.sampled_from([DESK, BOTH]), st.one_of(st.none(), st.integers(1, 30)).map(fact)),
    st.tuples(
        st.sampled_from([DESK, BOTH]),
        st.permutations([LEI, DUNS, "ref:LIST:1"]).map(lambda ids: Alias(other=ids[0], primary=ids[1])),
    ),
    st.tuples(st.sampled_from([DESK, BOTH]), st.just(dispute())),
    st.tuples(
        st.sampled_from([DESK, BOTH]), st.integers(1, 30).map(lambda at: Resolution(dispute=at, outcome=1))
    ),
    st.tuples(st.sampled_from([ALDER, CHAMBER]), st.just(Propose(document=NEXT))),
    st.tuples(
        st.sampled_from(sorted(set(ROLES) - {"gone", "desk"})),
        st.just(Vote(document_hash=parse_document(NEXT).hash)),
    ),
)


@FEW
@given(st.lists(STEPS, max_size=30))
def test_acceptance_is_a_function_of_the_log(steps: list[tuple[str, Body]]) -> None:
    ledger = founded()
    for party, body in steps:
        raw = ledger.sign(party, body)
        before = snapshot(ledger.state)
        try:
            ledger.append(raw)
        except RejectedError:
            assert snapshot(ledger.state) == before
        else:
            with pytest.raises(RejectedError):
                ledger.state.apply(raw)
    assert ledger.state.frontier.root() == Tree(ledger.entries).frontier.root()
    applied, replayed = LedgerState(), LedgerState()
    for raw in ledger.entries:
        applied.apply(raw)
        replayed.replay(raw)
    assert snapshot(applied) == snapshot(replayed) == snapshot(ledger.state)
    for entry in ledger.state.reports.values():
        # Zeros fit: what has all four values counts, and a null, whenever it came, keeps it from that.
        nulls = None in entry.published.values()
        complete = set(entry.published) == set(XS)
        assert (entry.counts_at is not None) == (complete and not nulls)
        assert (entry.failed_at is not None) == nulls


@MANY
@given(st.one_of(NOISE, JSON_VALUES.map(lambda value: json.dumps(value).encode())))
def test_readers_refuse_noise_in_one_way(raw: bytes) -> None:
    for read in (parse_document, parse_request, parse_statement):
        with pytest.raises(RejectedError):
            read(raw)
    with pytest.raises(LedgerError):
        verify_answer_file(raw, consortium())
    with pytest.raises(RejectedError):
        parse(raw, limit=100)


@MANY
@given(CBOR_VALUES)
def test_messages_of_any_content_are_read_or_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        parse_answer(value)
    with pytest.raises(MalformedError):
        parse_request(encode(value))


@MANY
@given(st.data())
def test_an_answer_near_a_good_one_is_read_as_it_is_or_refused(data: st.DataObject) -> None:
    value = data.draw(near_value(FIELDS_OF_ANSWER))
    try:
        assert parse_answer(value).fields() == value
    except MalformedError:
        return


@MANY
@given(st.data())
def test_a_request_near_a_good_one_is_read_as_it_is_or_refused(data: st.DataObject) -> None:
    raw = data.draw(near_bytes(inquired().proof.request))
    try:
        assert parse_request(raw).encode() == raw
    except MalformedError:
        return


@FEW
@given(st.data())
def test_a_document_near_a_good_one_is_read_as_it_is_or_refused(data: st.DataObject) -> None:
    value = data.draw(near_value(document(), JSON_VALUES).filter(is_canonical))
    raw = data.draw(st.one_of(st.just(canonical(value)), near_bytes(canonical(document()))))
    try:
        assert parse_document(raw).raw == raw
    except RejectedError:
        return


@MANY
@given(st.data())
def test_an_answer_file_near_a_good_one_says_the_same_or_is_refused(data: st.DataObject) -> None:
    good = inquired().file()
    raw = data.draw(near_bytes(good))
    try:
        found = verify_answer_file(raw, consortium())
    except LedgerError:
        return
    # White space between fields is the only change that nobody can see.
    assert json.loads(raw) == json.loads(good)
    assert found == verify_answer_file(good, consortium())
