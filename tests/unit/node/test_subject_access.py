"""How often a subject was inquired on, as its desk learns it: by purpose and closed month, never by whom."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_contests import ACME, ALDER, BIRCH, GORSE, NOVEMBER, OCTOBER, OTHER, reported_bench
from support_node import Bench

from consortium_config.sample import DESK_ID
from hanse_ledger.codec import encode
from hanse_ledger.errors import MalformedError, NotPermittedError, UnavailableError
from hanse_ledger.ids import Month, PartyId, RequestHash, StewardX, SubjectId
from hanse_ledger.privacy.counts import InquiryCounts, agreed_counts, parse_counts
from node.errors import NotFoundError
from node.roles.subject_access import Learned


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = reported_bench(tmp_path)
    yield made
    made.close()


def learn(bench: Bench, subject: SubjectId = ACME) -> Learned:
    return bench.member(DESK_ID).access.learn(subject)


def ask(bench: Bench, member: PartyId, purpose: str, times: int = 1) -> None:
    for _ in range(times):
        list(bench.member(member).inquire([ACME], purpose))


def test_inquiries_of_closed_months_are_counted_by_purpose(bench: Bench) -> None:
    ask(bench, ALDER, "monitoring", 2)
    ask(bench, GORSE, "monitoring")
    ask(bench, BIRCH, "onboarding")
    assert learn(bench).counts == {}
    bench.end_month(NOVEMBER)
    ask(bench, ALDER, "monitoring")
    learnt = learn(bench)
    assert learnt.counts == {
        (NOVEMBER, "monitoring"): 3,
        (NOVEMBER, "onboarding"): 1,
        (NOVEMBER, "subject-access"): 1,
    }
    assert learnt.describe()["checked"] is True
    assert learn(bench, OTHER).counts == {}
    assert not {str(ALDER), str(BIRCH), str(GORSE)} & set(str(learnt.describe()["inquiries"]).split("'"))


def test_a_steward_that_was_down_hides_nothing_and_one_that_lies_adds_nothing(bench: Bench) -> None:
    bench.silent.add(PartyId("steward-1"))
    ask(bench, ALDER, "monitoring")
    bench.silent.clear()
    bench.end_month(NOVEMBER)
    assert learn(bench).counts == {(NOVEMBER, "monitoring"): 1}
    assert agreed_counts(
        {StewardX(1): {}, StewardX(2): {(OCTOBER, "a"): 9}, StewardX(3): {(OCTOBER, "a"): 2}}
    ) == {(OCTOBER, "a"): 2}


def test_counts_that_are_not_the_steward_s_word_are_kept_as_evidence(bench: Bench) -> None:
    ask(bench, ALDER, "monitoring")
    bench.end_month(NOVEMBER)
    bench.tamper[PartyId("steward-2"), "inquiry-counts"] = lambda *_: b"x" * 200
    learnt = learn(bench)
    assert learnt.stewards == (1, 3, 4)
    assert learnt.counts == {(NOVEMBER, "monitoring"): 1}


def test_two_stewards_are_needed(bench: Bench) -> None:
    bench.silent |= {(PartyId(f"steward-{x}"), "inquiry-counts") for x in (1, 2, 3)}
    with pytest.raises(UnavailableError):
        learn(bench)
    bench.silent.discard((PartyId("steward-1"), "inquiry-counts"))
    assert learn(bench).describe()["checked"] is False


def test_counts_are_for_a_desk_s_own_answered_request(bench: Bench) -> None:
    (mine,) = bench.member(ALDER).inquire([ACME], "monitoring")
    with pytest.raises(NotPermittedError):
        bench.steward(1).handle(ALDER, "inquiry-counts", encode(mine.request.encode()))
    theirs = learn(bench).outcome.request.encode()
    with pytest.raises(NotPermittedError):
        bench.steward(1).handle(ALDER, "inquiry-counts", encode(theirs))
    assert bench.steward(1).handle(DESK_ID, "inquiry-counts", encode(theirs))
    bench.silent.add((PartyId("steward-2"), "answers"))
    unasked = learn(bench, OTHER)
    assert unasked.stewards == (1, 3, 4)
    with pytest.raises(NotFoundError):
        bench.steward(2).handle(DESK_ID, "inquiry-counts", encode(unasked.outcome.request.encode()))


def test_counts_are_read_in_their_one_form() -> None:
    said = InquiryCounts(
        request_hash=RequestHash(bytes(32)), log_size=7, counts={(Month(9), "b"): 2, (Month(9), "a"): 1}
    )
    assert parse_counts(said.fields()) == said
    for rows in ([[9, "b", 1], [9, "a", 1]], [[9, "a", 0]], [[9, "a", 1], [9, "a", 1]], [[9, "a"]]):
        with pytest.raises(MalformedError, match=r"order|integer|array"):
            parse_counts([bytes(32), 7, rows])
