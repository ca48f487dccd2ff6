"""Votes change an embedded consortium while it runs: a steward leaves, and the policy is another one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import rfc8785
from support_embedded import MEMBERS, SHARED, copy_of_tiny_demo

from consortium_config.sample import STEWARDS
from hanse_ledger.bodies import Body, Propose, Vote
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.ids import PartyId, StewardX, SubjectId
from hanse_ledger.statements import sign_statement
from node.bootstrap import PARTIES_FOLDER, Embedded
from node.dealt_keys import read_dealt_keys
from node.member import MemberNode

ASH, *OTHERS = (PartyId(name) for name in MEMBERS)
LEAVING = STEWARDS[StewardX(4)]
STAYING = [STEWARDS[StewardX(x)] for x in (1, 2, 3)]
NEW = "tender"


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    with Embedded(copy_of_tiny_demo(tmp_path)) as opened:
        yield opened


def file(embedded: Embedded, party: PartyId, body: Body) -> None:
    """File a statement as a party whose people have its keys."""
    ash = embedded.member(ASH).standing
    ash.catch_up()
    keys = read_dealt_keys(embedded.folder / PARTIES_FOLDER / party / "keys.json")
    head = ash.state.head(party)
    raw = sign_statement(
        key=keys.statement,
        party=party,
        consortium=embedded.consortium.id,
        seq=head.seq,
        prev=head.prev,
        body=body,
    )
    ash.sequencer.submit(raw)


def adopt(embedded: Embedded) -> Consortium:
    """Let one propose a document without the fourth steward and with another purpose, and the rest vote."""
    document = json.loads(embedded.in_force.raw)
    document["previous"] = embedded.in_force.hash.hex()
    document["policy"]["purposes"] = sorted([*document["policy"]["purposes"], NEW])
    next(one for one in document["parties"] if one["id"] == LEAVING)["active"] = False
    following = parse_document(rfc8785.dumps(document))
    file(embedded, ASH, Propose(document=following.raw))
    for voter in (ASH, *OTHERS, *STAYING):
        file(embedded, voter, Vote(document_hash=following.hash))
    return following


def ask(member: MemberNode, purpose: str) -> object:
    (outcome,) = member.inquirer.inquire([SubjectId(SHARED)], purpose)
    return outcome.status if outcome.code is None else outcome.code


def test_stewards_periods_and_answers_go_by_the_document_in_force(embedded: Embedded) -> None:
    ash = embedded.member(ASH)
    before = ash.standing.state.next_period
    assert ask(ash, NEW) == "purpose"
    assert embedded.pass_period() == before
    following = adopt(embedded)
    assert embedded.in_force.hash == following.hash != embedded.consortium.hash

    # Three do what four did, and the fourth is asked for nothing.
    assert embedded.work() == 0
    assert embedded.pass_period() == before + 1
    ash.standing.catch_up()
    assert ash.standing.state.next_period == before + 2
    assert ask(ash, NEW) == "checked"
    assert set(embedded.member(OTHERS[0]).standing.in_force.stewards) == {StewardX(x) for x in (1, 2, 3)}
