"""Votes change an embedded consortium: a steward and a member leave, and the policy is another one."""

import json
import shutil
from pathlib import Path

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

ASH, *OTHERS, ELM = (PartyId(name) for name in MEMBERS)
LEAVING = STEWARDS[StewardX(4)]
STAYING = [STEWARDS[StewardX(x)] for x in (1, 2, 3)]
NEW = "tender"


def file(embedded: Embedded, party: PartyId, body: Body) -> None:
    """File a statement as a party whose people have its keys."""
    ash = embedded.member(ASH).standing
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
    ash.catch_up()


def adopt(embedded: Embedded) -> Consortium:
    """Let one propose a document without two parties and with another purpose, and the rest vote."""
    document = json.loads(embedded.in_force.raw)
    document["previous"] = embedded.in_force.hash.hex()
    document["policy"]["purposes"] = sorted([*document["policy"]["purposes"], NEW])
    for party in document["parties"]:
        party["active"] = party["id"] not in {LEAVING, ELM}
    following = parse_document(rfc8785.dumps(document))
    file(embedded, ASH, Propose(document=following.raw))
    for voter in (ASH, *OTHERS, ELM, *STAYING):
        file(embedded, voter, Vote(document_hash=following.hash))
    return following


def ask(member: MemberNode, purpose: str) -> object:
    (outcome,) = member.inquirer.inquire([SubjectId(SHARED)], purpose)
    return outcome.status if outcome.code is None else outcome.code


def test_stewards_periods_and_answers_go_by_the_document_in_force(tmp_path: Path) -> None:
    folder = copy_of_tiny_demo(tmp_path)
    with Embedded(folder) as embedded:
        before = embedded.pass_period()
        assert ask(embedded.member(ASH), NEW) == "purpose"
        following = adopt(embedded)
        assert embedded.in_force.hash == following.hash != embedded.consortium.hash
        # The rest do what all did, and go by the new policy.
        assert embedded.pass_period() == before + 1
        assert ask(embedded.member(ASH), NEW) == "checked"
    # Who has left takes its folder along: nobody is asked there any more.
    for party in (LEAVING, ELM):
        shutil.rmtree(folder / PARTIES_FOLDER / party)
    with Embedded(folder) as embedded:
        assert embedded.work() == 0
        assert embedded.pass_period() == before + 2
        assert ask(embedded.member(OTHERS[0]), NEW) == "checked"
        assert set(embedded.member(ASH).standing.in_force.stewards) == {StewardX(x) for x in (1, 2, 3)}
