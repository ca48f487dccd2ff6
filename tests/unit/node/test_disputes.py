"""Disputes from end to end: opened by a desk, marked in answers, answered or not, resolved."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support_contests import (
    ACME,
    ALDER,
    BIRCH,
    DECEMBER,
    FIR,
    GORSE,
    JANUARY,
    LI,
    NOVEMBER,
    OCTOBER,
    OTHER,
    SELLERS,
    cases,
    contested,
    contests,
    figures,
    play_period,
    reported_bench,
    take_sales,
    withdrawals,
    withheld,
)
from support_node import Bench
from support_postgres import Places

from consortium_config.sample import DESK_ID
from hanse_ledger.bodies import ClosePeriod
from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import LedgerError, MalformedError, NotPermittedError, UnavailableError
from hanse_ledger.filings import DisputeOutcome
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.bulletin import Code
from node.errors import NotFoundError, ReferenceTakenError, ResolvedError, TermOverError
from node.risk.audit import AuditChain
from node.risk.roles import Actor

STEWARD = PartyId("steward-1")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = reported_bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def opened(bench: Bench) -> int:
    """A dispute for ACME that is in effect."""
    index = cases(bench).open(ACME, "D-1").index
    play_period(bench)
    return index


def test_a_dispute_marks_its_subject_from_its_period_s_close_to_its_resolution(bench: Bench) -> None:
    case = cases(bench).open(ACME, "D-1")
    assert (case.state, case.respond_by) == ("filed", None)
    assert not figures(bench).disputed
    play_period(bench)
    (case,) = cases(bench).listed()
    assert (case.state, case.respond_by, case.subject) == ("open", JANUARY, ACME)
    assert figures(bench).disputed
    assert not figures(bench, OTHER).disputed
    resolved = cases(bench).resolve(case.index, DisputeOutcome.UPHELD)
    assert (resolved.state, resolved.outcome) == ("resolved", DisputeOutcome.UPHELD)
    assert not figures(bench).disputed
    assert withheld(bench) == []


def test_answers_are_marked_as_of_their_own_position(bench: Bench, opened: int) -> None:
    """A steward that is asked late says what was so when the inquiry was logged."""
    bench.silent |= {(party.id, "answers") for party in bench.consortium.stewards.values()}
    (early,) = bench.member(GORSE).inquire([ACME], "monitoring", "early")
    assert early.code == "unavailable"
    cases(bench).resolve(opened, DisputeOutcome.CORRECTED)
    bench.silent.clear()
    assert not figures(bench).disputed
    (early,) = bench.member(GORSE).inquire([ACME], "monitoring", "early")
    assert early.figures is not None
    assert early.figures.disputed


def test_contributors_hear_of_it_and_nobody_else(bench: Bench, opened: int) -> None:
    for member in SELLERS:
        (row,) = contested(bench, member)
        assert (row.dispute, row.subject, row.month, row.said) == (opened, ACME, OCTOBER, None)
        assert (row.respond_by, row.is_open) == (JANUARY, True)
    assert contested(bench, GORSE) == []
    shown = decode(bench.steward(1).handle(ALDER, "disputes", b""), limit=1 << 16)
    token = bench.member(ALDER).tokens.tokens([ACME])[ACME]
    assert shown == [[opened, token]]
    assert decode(bench.steward(1).handle(GORSE, "disputes", b""), limit=1 << 16) == []
    with pytest.raises(MalformedError):
        bench.steward(1).handle(ALDER, "disputes", b"x")


def test_rows_that_are_confirmed_withhold_nothing(bench: Bench, opened: int) -> None:
    for member in SELLERS:
        contested(bench, member)
        (row,) = contests(bench, member).answer(LI, opened, Code.CONFIRMED)
        assert (row.said, row.state) == (Code.CONFIRMED, "waiting")
    play_period(bench)
    assert contests(bench, ALDER).listed(LI)[0].state == "in_effect"
    for month in (NOVEMBER, DECEMBER, JANUARY):
        bench.end_month(month)
        assert withheld(bench) == []


@pytest.mark.parametrize("code", [Code.CORRECTED, Code.CANNOT_BE_CONFIRMED])
def test_one_row_that_does_not_hold_withholds_its_window(bench: Bench, opened: int, code: Code) -> None:
    for member in SELLERS:
        contested(bench, member)
        contests(bench, member).answer(LI, opened, code if member == BIRCH else Code.CONFIRMED)
    play_period(bench)
    assert withheld(bench) == []
    bench.end_month(NOVEMBER)
    assert withheld(bench) == ["2024-10"]
    cases(bench).resolve(opened, DisputeOutcome.UPHELD)
    assert withheld(bench) == ["2024-10"]


def test_silence_withholds_once_the_term_has_ended(bench: Bench, opened: int) -> None:
    for member in SELLERS[1:]:
        contested(bench, member)
        contests(bench, member).answer(LI, opened, Code.CONFIRMED)
    play_period(bench)
    for month in (NOVEMBER, DECEMBER):
        bench.end_month(month)
        assert withheld(bench) == []
    bench.end_month(JANUARY)
    # Rows of later months were reported after the dispute took effect: they are not contested by it.
    assert withheld(bench) == ["2024-10"]
    contested(bench, ALDER)
    with pytest.raises(TermOverError):
        contests(bench, ALDER).answer(LI, opened, Code.CONFIRMED)
    bench.reopen(STEWARD)
    assert len(figures(bench).stewards) == 4


def test_a_resolution_ends_the_asking(bench: Bench, opened: int) -> None:
    cases(bench).resolve(opened, DisputeOutcome.CANNOT_BE_CONFIRMED)
    for month in (NOVEMBER, DECEMBER, JANUARY):
        bench.end_month(month)
    assert withheld(bench) == []
    # Whoever heard of it before sees that it is over; stewards name it no more.
    assert [row.is_open for row in contested(bench, ALDER)] == [False]
    assert decode(bench.steward(1).handle(ALDER, "disputes", b""), limit=1 << 16) == []


def test_an_answer_names_rows_that_wait_for_one(bench: Bench, opened: int) -> None:
    contested(bench, ALDER)
    for dispute, months in ((opened + 1, []), (opened, [NOVEMBER])):
        with pytest.raises(NotFoundError):
            contests(bench, ALDER).answer(LI, dispute, Code.CONFIRMED, months)
    contests(bench, ALDER).answer(LI, opened, Code.CONFIRMED, [OCTOBER])
    with pytest.raises(NotFoundError):
        contests(bench, ALDER).answer(LI, opened, Code.CORRECTED)
    with pytest.raises(ValueError, match="answers"):
        contests(bench, ALDER).answer(LI, opened, Code.ERROR)


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_dispute_that_one_steward_makes_up_is_not_believed(bench: Bench, *, is_readable: bool) -> None:
    token = bench.member(ALDER).tokens.tokens([ACME])[ACME]
    index = cases(bench).open(OTHER, "D-1").index
    reply = encode([[index, token]]) if is_readable else b"\xff"
    bench.tamper[STEWARD, "disputes"] = lambda _caller, _body, _reply: reply
    play_period(bench)
    assert [row.subject for row in contested(bench, FIR)] == [OTHER]


def test_members_ask_once_for_a_dispute_and_not_at_all_without_one(bench: Bench) -> None:
    contested(bench, ALDER)
    assert "disputes" not in {verb for _, _, verb in bench.asked}
    cases(bench).open(ACME, "D-1")
    contested(bench, ALDER)
    assert "disputes" not in {verb for _, _, verb in bench.asked}
    play_period(bench)
    for _ in range(3):
        contested(bench, ALDER)
    assert sum(asked[0] == ALDER and asked[2] == "disputes" for asked in bench.asked) == 4


def test_two_stewards_out_of_reach_are_asked_again(bench: Bench, opened: int) -> None:
    bench.silent |= {(PartyId(f"steward-{x}"), "disputes") for x in (1, 2, 3)}
    bench.reopen(GORSE)
    assert contested(bench, GORSE) == []
    bench.silent.clear()
    bench.asked.clear()
    contested(bench, GORSE)
    assert len([verb for _, _, verb in bench.asked if verb == "disputes"]) == 4
    assert opened == cases(bench).listed()[0].index


def test_a_dispute_that_a_steward_could_not_open_is_void_and_opened_anew(bench: Bench) -> None:
    void = cases(bench).open(ACME, "D-1").index
    for x in (1, 2):
        party = PartyId(f"steward-{x}")
        bench.log(party, ClosePeriod(period=bench.state.next_period, unopened=(void,)))
    assert cases(bench).open(OTHER, "D-2").state == "filed"
    assert [case.state for case in cases(bench).listed()] == ["filed", "void"]
    anew = cases(bench).open(ACME, "D-1")
    assert (anew.state, anew.index > void) == ("filed", True)
    play_period(bench)
    assert [case.state for case in cases(bench).listed()] == ["open", "open", "void"]
    assert figures(bench).disputed


def test_a_reference_stands_for_one_dispute_and_names_nobody(bench: Bench) -> None:
    first = cases(bench).open(ACME, "D-1")
    assert cases(bench).open(ACME, "D-1") == first
    with pytest.raises(ReferenceTakenError):
        cases(bench).open(OTHER, "D-1")
    for reference in (" ", "a\nb", "é" * 33, "the acme case"):
        with pytest.raises(MalformedError):
            cases(bench).open(ACME, reference)
    assert [case.index for case in cases(bench).listed()] == [first.index]


def test_a_dispute_is_resolved_once(bench: Bench, opened: int) -> None:
    with pytest.raises(NotFoundError):
        cases(bench).resolve(opened - 1, DisputeOutcome.UPHELD)
    first = cases(bench).resolve(opened, DisputeOutcome.UPHELD)
    assert cases(bench).resolve(opened, DisputeOutcome.UPHELD) == first
    with pytest.raises(ResolvedError):
        cases(bench).resolve(opened, DisputeOutcome.CORRECTED)


def test_a_dispute_that_did_not_arrive_is_sent_with_the_next_word(bench: Bench) -> None:
    def lose(statements: Sequence[bytes]) -> tuple[list[int], LedgerError]:
        assert statements
        return [], UnavailableError("out of reach")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.sequencer, "submit_all", lose)
        with pytest.raises(UnavailableError):
            cases(bench).open(ACME, "D-1")
    bench.reopen(DESK_ID)
    case = cases(bench).open(ACME, "D-1")
    assert bench.state.disputes.of_desk(DESK_ID) == [case.index]


def test_who_answers_must_be_allowed_and_is_in_the_audit_chain(bench: Bench, opened: int) -> None:
    contested(bench, ALDER)
    with pytest.raises(NotPermittedError):
        contests(bench, ALDER).answer(Actor(name="x", role="analyst"), opened, Code.CONFIRMED)
    contests(bench, ALDER).answer(LI, opened, Code.CONFIRMED)
    looked, answered = AuditChain(bench.standing(ALDER).database).rows(limit=9)
    assert (looked.action, looked.content) == ("disputes.viewed", {"disputes": [opened]})
    assert (answered.action, answered.actor, answered.subject) == ("dispute.answered", LI, ACME)
    assert answered.content == {"dispute": opened, "said": "confirmed", "months": ["2024-10"]}


def test_disputes_and_withdrawals_on_every_kind_of_database(tmp_path: Path, places: Places) -> None:
    bench = Bench(tmp_path, places=places)
    take_sales(bench, *SELLERS)
    bench.end_month(OCTOBER)
    index = cases(bench).open(ACME, "D-1").index
    withdrawals(bench, BIRCH).withdraw(LI, OTHER, OCTOBER, Code.ERROR)
    play_period(bench)
    contests(bench, ALDER).answer(LI, index, Code.CORRECTED)
    assert figures(bench).disputed
    play_period(bench)
    bench.end_month(NOVEMBER)
    assert withheld(bench) == withheld(bench, OTHER) == ["2024-10"]
    assert bench.member(DESK_ID).access.learn(ACME).counts == {(NOVEMBER, "credit-review"): 1}
    bench.close()
