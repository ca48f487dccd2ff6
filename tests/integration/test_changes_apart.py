"""A consortium is changed while its nodes run: a firm joins, a steward's keys change, a firm leaves."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_founding import cheap_keys, done, hanse
from support_joining import Net, running_net
from support_months import MEMBERS, SHARED
from support_net import NodeProcess

from consortium_config.sample import STEWARDS
from hanse_ledger.bodies import Inquiry
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.policy import Policy, parse_policy
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement

ALDER, BIRCH, CEDAR, ELM = MEMBERS
FIR = PartyId("fir")
TWO = STEWARDS[StewardX(2)]
VOTERS = (BIRCH, CEDAR, ELM, *(STEWARDS[StewardX(x)] for x in (1, 3, 4)))


def policy_at(node: NodeProcess) -> Policy:
    return parse_policy(node.client.get("/log/policy").content)


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    cheap_keys(monkeypatch)
    with running_net(tmp_path / "nodes") as made:
        yield made


def test_a_firm_joins_a_steward_s_keys_change_and_a_firm_leaves(net: Net) -> None:
    # The steward makes its next keys, the firm its first ones.
    passphrase = ("--passphrase-file", net.home(TWO) / "passphrase")
    rotated = Path(
        done(hanse("keys", "rotate", "--dir", net.home(TWO), *passphrase, "--json")).document["card"]
    )
    card, port = net.make_party(FIR, "--name", "Fir", "--role", "member")
    following = net.change(ALDER, "next.json", "--card", rotated, "--card", card)
    net.vote(CEDAR, following, "next.json", VOTERS)

    # Everybody goes by it, and the new firm by its own copy of the whole log.
    net.join(FIR, port)
    witnesses = {witness.name: witness.key.public for witness in policy_at(net.nodes[ALDER]).witnesses}
    assert (
        witnesses[TWO] == following.parties[TWO].cosign_key != net.founded.consortium.parties[TWO].cosign_key
    )
    assert FIR in witnesses
    net.report([*MEMBERS, FIR])
    whole = net.inquire(ALDER)
    assert (whole["status"], net.inquire(FIR)["windows"]) == ("checked", whole["windows"])
    (window,) = whole["windows"]
    assert sum(window["condition"]) == len((*MEMBERS, FIR))

    # The steward forgets its old keys and starts again: three answers need its word under the new one.
    done(hanse("keys", "rotate", "--finish", "--dir", net.home(TWO), *passphrase))
    assert net.nodes[TWO].stop() == 0
    net.nodes[TWO].start()
    net.nodes[TWO].wait_ready()
    one = net.nodes.pop(STEWARDS[StewardX(1)])
    assert one.stop() == 0
    assert net.inquire(CEDAR)["status"] == "checked"

    # A firm leaves: two thirds of five members are four, of four stewards three. It is heard no more.
    leaving = net.change(ALDER, "later.json", "--leave", BIRCH)
    shown = net.by_node(FIR, "status")
    nobody: dict[str, object] = {"new_stewards": [], "shares": None}
    assert shown == {"sha256": following.hash.hex(), "documents": 2, "proposals": [], **nobody}
    stewards = (STEWARDS[StewardX(x)] for x in (2, 3, 4))
    net.vote(CEDAR, leaving, "later.json", (ALDER, CEDAR, ELM, FIR, *stewards))
    assert BIRCH not in {witness.name for witness in policy_at(net.nodes[ALDER]).witnesses}
    statement = sign_statement(
        key=SigningKey(net.founded.keys[BIRCH].statement_seed),
        party=BIRCH,
        consortium=leaving.id,
        seq=0,
        prev=NO_PREVIOUS,
        body=Inquiry(request_hashes=(hashlib.sha256(b"").digest(),)),
    )
    refused = net.nodes[ALDER].client.post(
        "/v1/statements", content=statement, headers={"content-type": "application/cose"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not_admitted")
    asked = {"subjects": [SHARED], "purpose": "credit-review"}
    answer = net.nodes[BIRCH].client.post("/v1/inquiries", json=asked).json()
    assert "answers" not in answer or answer["answers"][0]["status"] == "refused", answer
    assert net.inquire(ALDER)["status"] == "checked"
