"""What a party files on the next document by its own node, and what it does not file."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support_node import MEMBERS, Bench, Failing

from consortium_config.draft import canonical_json
from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError, NotPermittedError, RuleError, UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from node.own.changes import PROPOSALS, PROPOSE, VOTE, describe, voting_verbs
from node.sequencing.succession import check_ordering

ALDER, BIRCH, CEDAR, ELM = MEMBERS[:4]
CHECK = partial(check_ordering, orderer=DESK_ID)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    yield made
    made.close()


def ask(bench: Bench, party: PartyId, verb: str, body: bytes = b"") -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(voting_verbs(bench.standing(party), CHECK)[verb](body))
    return reply


def following(bench: Bench, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(bench.state.consortium.raw)
    document["previous"] = bench.state.consortium.hash.hex()
    change(document)
    return canonical_json(document)


def more_contributors(document: dict[str, Any]) -> None:
    document["policy"]["contributors_min"] += 1


def fewer_warnings(document: dict[str, Any]) -> None:
    document["policy"]["inquiries_base"] += 1


def test_a_document_is_proposed_counted_and_acts(bench: Bench) -> None:
    raw = following(bench, more_contributors)
    document_hash = parse_document(raw).hash
    assert ask(bench, ALDER, PROPOSE, raw) == {"sha256": document_hash.hex(), "index": 1}
    for place, voter in enumerate((BIRCH, STEWARDS[StewardX(1)], CEDAR), 2):
        assert ask(bench, voter, VOTE, document_hash)["index"] == place
    (proposal,) = ask(bench, ELM, PROPOSALS)["proposals"]
    assert proposal["changes"] == [{"field": "policy.contributors_min", "before": "4", "after": "5"}]
    assert (proposal["members"], proposal["members_needed"]) == (["birch", "cedar"], 3)
    assert (proposal["stewards"], proposal["stewards_needed"]) == (["steward-1"], 3)
    assert not proposal["weakens_privacy"]
    for voter in (ELM, STEWARDS[StewardX(2)], STEWARDS[StewardX(3)]):
        ask(bench, voter, VOTE, document_hash)
    shown = ask(bench, ALDER, PROPOSALS)
    nobody: dict[str, object] = {"new_stewards": [], "shares": None}
    assert shown == {"sha256": document_hash.hex(), "documents": 2, "proposals": [], **nobody}
    assert describe(bench.state, bench.standing(MEMBERS[0]).database) == shown


def test_what_was_on_its_way_is_no_second_one(bench: Bench) -> None:
    raw = following(bench, more_contributors)
    bench.sequencer = failing = Failing(bench.sequencer)
    for lost in ("lose_requests", "lose_answers"):
        for verb, body in ((PROPOSE, raw), (VOTE, parse_document(raw).hash)):
            party = ALDER if lost == "lose_requests" else BIRCH
            setattr(failing, lost, 1)
            with pytest.raises(UnavailableError):
                ask(bench, party, verb, body)
            assert ask(bench, party, verb, body)["index"] == bench.state.size - 1
    with pytest.raises(RuleError):
        ask(bench, BIRCH, VOTE, parse_document(raw).hash)


def test_what_weakens_privacy_needs_every_member(bench: Bench) -> None:
    ask(bench, ALDER, PROPOSE, following(bench, fewer_warnings))
    (proposal,) = ask(bench, ALDER, PROPOSALS)["proposals"]
    assert (proposal["weakens_privacy"], proposal["members_needed"]) == (True, 4)


def hand_over(document: dict[str, Any]) -> None:
    """Let a steward order in the place of the desk, as if that had been handed over."""
    entry = next(one for one in document["parties"] if one["id"] == "steward-1")
    entry["log_key"] = "ab" * 32
    document["ordering"] = ["steward-1"]


def test_who_orders_now_cannot_be_voted_away_by_mistake(bench: Bench) -> None:
    raw = following(bench, hand_over)
    with pytest.raises(DocumentError, match="hand that over first") as refused:
        ask(bench, ALDER, PROPOSE, raw)
    assert refused.value.field == "ordering"
    assert bench.state.size == 1
    # Whoever proposes it by other means gets no vote of a node either; acceptance itself would take it.
    voting_verbs(bench.standing(BIRCH), lambda _current, _following: None)[PROPOSE](raw)
    with pytest.raises(DocumentError, match="hand that over first"):
        ask(bench, ALDER, VOTE, parse_document(raw).hash)
    assert bench.state.size == 2


def test_what_does_not_follow_is_not_filed(bench: Bench) -> None:
    for raw in (bench.state.consortium.raw, b"{}", canonical_json({"document": 1.5})):
        with pytest.raises(DocumentError):
            ask(bench, ALDER, PROPOSE, raw)
    assert bench.state.size == 1


def test_a_party_votes_once_and_a_desk_not_at_all(bench: Bench) -> None:
    document_hash = parse_document(following(bench, more_contributors)).hash
    ask(bench, ALDER, VOTE, document_hash)
    with pytest.raises(RuleError, match="votes once"):
        ask(bench, ALDER, VOTE, document_hash)
    assert bench.state.size == 2
    with pytest.raises(NotPermittedError):
        ask(bench, DESK_ID, VOTE, document_hash)
    assert bench.state.size == 2
