"""Tokens: fetched once, taken only where enough stewards agree, metered by the day."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support_node import MEMBERS, Bench, subject

from consortium_config.sample import STEWARDS
from hanse_ledger.errors import BudgetError, LedgerError, NotPermittedError, UnavailableError
from hanse_ledger.ids import PartyId, StewardX, SubjectId, Token
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.group import scalar_from_entropy
from node.roles.tokens import TokenSource
from node.storage.schema import evidence, token_use

ALDER, BIRCH = MEMBERS[:2]
SUBJECTS = [subject(f"C{number}") for number in range(20)]
DAILY = 60


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(
        tmp_path,
        members=MEMBERS[:2],
        change=lambda document: document["policy"].update(tokens_per_day=DAILY),
    )
    yield made
    made.close()


def source(bench: Bench, party: PartyId = ALDER) -> TokenSource:
    return TokenSource(bench.standing(party), lambda: {x: bench.link(party, x) for x in STEWARDS})


def steward(x: int) -> PartyId:
    return STEWARDS[StewardX(x)]


def elements_of(bench: Bench, x: int, party: PartyId = ALDER) -> int:
    """How many elements a steward has counted for a party today."""
    where = (token_use.c.party == party) & (token_use.c.day == bench.clock.now().date().isoformat())
    with bench.standing(steward(x)).database.read() as connection:
        return connection.execute(select(token_use.c.elements).where(where)).scalar() or 0


def kept(bench: Bench) -> list[tuple[str, str]]:
    with bench.standing(ALDER).database.read() as connection:
        return [(row.kind, row.party) for row in connection.execute(select(evidence))]


def in_the_clear(bench: Bench, one: SubjectId) -> Token:
    """The token by the whole key, which only the tests' dealer could know."""
    evaluated = {}
    blind = bytes(scalar_from_entropy(bytes(range(64))))
    for x in (1, 2):
        share = bench.demo.keys[steward(x)].key_share or b""
        elements, _ = voprf.evaluate(
            key_share=share,
            public_share=voprf.public_share(share),
            elements=(voprf.blind(one.encode(), blind),),
            nonce=scalar_from_entropy(bytes(range(1, 65))),
        )
        evaluated[StewardX(x)] = elements
    (element,) = voprf.combine(evaluated)
    return voprf.finalize(one.encode(), blind, element)


def test_every_party_gets_the_same_tokens_and_each_subject_its_own(bench: Bench) -> None:
    tokens = source(bench).tokens(SUBJECTS)
    assert list(tokens) == SUBJECTS
    assert tokens == source(bench, BIRCH).tokens(SUBJECTS)
    assert len(set(tokens.values())) == len(SUBJECTS)
    assert tokens[SUBJECTS[0]] == in_the_clear(bench, SUBJECTS[0])


def test_they_are_asked_for_once_for_good(bench: Bench) -> None:
    first = source(bench).tokens(SUBJECTS[:5])
    bench.reopen(ALDER)
    bench.asked.clear()
    assert source(bench).tokens([*SUBJECTS[:5], SUBJECTS[0]]) == first
    assert bench.asked == []
    assert source(bench).tokens([SUBJECTS[0], SUBJECTS[7]])[SUBJECTS[0]] == first[SUBJECTS[0]]
    # Three stewards, and only for the one that was not known.
    assert len(bench.asked) == 3
    assert [elements_of(bench, x) for x in (1, 2, 3, 4)] == [6, 6, 6, 0]


def test_another_steward_stands_in_for_one_that_is_silent(bench: Bench) -> None:
    bench.silent.add(steward(2))
    tokens = source(bench).tokens(SUBJECTS)
    assert tokens[SUBJECTS[3]] == in_the_clear(bench, SUBJECTS[3])
    assert elements_of(bench, 4) == len(SUBJECTS)


def test_two_stewards_are_asked_for_eight_at_a_time(bench: Bench) -> None:
    bench.silent |= {steward(1), steward(4)}
    tokens = source(bench).tokens(SUBJECTS)
    assert tokens[SUBJECTS[19]] == in_the_clear(bench, SUBJECTS[19])
    # Twenty in one try for three stewards, then 8, 8 and 4.
    assert [elements_of(bench, x) for x in (2, 3)] == [40, 40]
    bench.silent.clear()
    assert source(bench, BIRCH).tokens(SUBJECTS) == tokens


def test_one_steward_is_not_enough(bench: Bench) -> None:
    bench.silent |= {steward(1), steward(2), steward(3)}
    with pytest.raises(UnavailableError):
        source(bench).tokens(SUBJECTS[:1])


@pytest.mark.parametrize("x", [1, 3])
def test_a_bad_proof_is_kept_and_names_its_steward(bench: Bench, x: int) -> None:
    """One changed byte of the signed evaluation; the fourth steward stands in."""
    bench.tamper[steward(x), "evaluate"] = lambda _caller, _body, reply: reply[:-1] + bytes([reply[-1] ^ 1])
    tokens = source(bench).tokens(SUBJECTS[:3])
    assert tokens[SUBJECTS[2]] == in_the_clear(bench, SUBJECTS[2])
    assert kept(bench) == [("evaluation", steward(x))]


def test_an_evaluation_of_another_request_is_kept_and_names_its_steward(bench: Bench) -> None:
    replies: list[bytes] = []

    def the_first_again(_caller: PartyId, _body: bytes, reply: bytes) -> bytes:
        replies.append(reply)
        return replies[0]

    bench.tamper[steward(2), "evaluate"] = the_first_again
    source(bench).tokens(SUBJECTS[:2])
    assert kept(bench) == []
    tokens = source(bench).tokens(SUBJECTS[2:4])
    assert tokens[SUBJECTS[2]] == in_the_clear(bench, SUBJECTS[2])
    assert kept(bench) == [("evaluation", steward(2))]


def test_with_three_that_lie_there_is_no_token(bench: Bench) -> None:
    for x in (1, 2, 3):
        bench.tamper[steward(x), "evaluate"] = lambda _caller, _body, reply: reply[:-1]
    with pytest.raises(LedgerError):
        source(bench).tokens(SUBJECTS[:1])
    assert sorted(kept(bench)) == [("evaluation", steward(x)) for x in (1, 2, 3)]


def test_the_day_s_budget_is_each_party_s_own_and_ends_with_the_day(bench: Bench) -> None:
    source(bench).tokens(SUBJECTS)
    more = [subject(f"D{number}") for number in range(DAILY - len(SUBJECTS) + 1)]
    with pytest.raises(BudgetError):
        source(bench).tokens(more)
    assert elements_of(bench, 1) == len(SUBJECTS)
    source(bench).tokens(more[1:])
    assert elements_of(bench, 1) == DAILY
    source(bench, BIRCH).tokens(more)
    bench.reopen()
    with pytest.raises(BudgetError):
        source(bench).tokens(more[:1])
    bench.clock.time += timedelta(days=1)
    assert source(bench).tokens(more[:1]) == source(bench, BIRCH).tokens(more[:1])


def test_an_evaluation_is_for_whoever_asks(bench: Bench) -> None:
    request = voprf.encode_evaluation_request(
        voprf.EvaluationRequest(
            consortium=bench.consortium.id,
            party=BIRCH,
            nonce=bytes(16),
            elements=(voprf.blind(b"ref:DEMO:1", bytes(scalar_from_entropy(bytes(range(64))))),),
        )
    )
    with pytest.raises(NotPermittedError):
        bench.steward(1).handle(ALDER, "evaluate", request)
    assert elements_of(bench, 1, BIRCH) == 0


def test_a_proof_for_one_subject_alone_does_not_wear_the_cache(bench: Bench) -> None:
    first = source(bench).prove(SUBJECTS[0])
    second = source(bench).prove(SUBJECTS[0])
    assert first.blind != second.blind
    assert sorted(first.evaluations) == [1, 2, 3]
    assert "blind=" not in repr(first)
