"""A forked log over HTTP: nodes notice, halt and say so, strangers verify why, another party takes over."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support_go import forkcheck
from support_orderer import ALDER, HONEST, Net, hanse, running_some

from consortium_config.sample import DESK_ID
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import policy_of
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with running_some(tmp_path) as made:
        yield made


def fork(net: Net, size: int, *statements: bytes) -> None:
    """Let whoever orders sign another log from `size` on: with its key, in a database of its own."""
    assert net.nodes[DESK_ID].stop() == 0
    folder = net.folder(DESK_ID)
    with closing(Database(folder / "sequencer.sqlite")) as database:
        entries = Replica(database).log.entries(0, size)
    for path in folder.glob("*.sqlite*"):
        path.unlink()
    log_seed = net.founded.keys[DESK_ID].log_seed
    assert log_seed is not None
    with closing(Database(folder / "sequencer.sqlite")) as database:
        sequencer = SoloSequencer(replica=Replica(database), log_key=SigningKey(log_seed))
        indexes, refusal = sequencer.submit_all([*entries, *statements])
    assert (indexes, refusal) == (list(range(size + len(statements))), None)
    net.start(DESK_ID)


def check_evidence(net: Net, party: PartyId, health: dict[str, Any]) -> None:
    """The file that a node names is verified by our command and by a program of others."""
    (problem,) = (one for one in health["problems"] if one["code"] == "fork")
    path = net.folder(party) / "evidence" / problem["evidence"]
    ended = hanse("log", "evidence", path, "--consortium", net.folder(party) / "consortium.json", "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["kind"], told["holds"]) == ("fork", True)
    policy = net.folder(party) / "policy"
    policy.write_bytes(policy_of(net.founded.consortium).encode())
    found = forkcheck(path, policy)
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"logcheck: forked, {told['small']} and {told['large']} entries\n"
    content = json.loads(path.read_bytes())
    content["prefix_root"] = "00" * 32
    path.with_suffix(".changed").write_text(json.dumps(content))
    assert forkcheck(path.with_suffix(".changed"), policy).returncode == 1


def names_fork(health: dict[str, Any]) -> bool:
    return bool(health["halted"]) and any(one["code"] == "fork" for one in health["problems"])


def test_a_fork_is_noticed_proved_and_handed_over(net: Net) -> None:
    """From the first statement to the next orderer's, as docs/operation.md says it."""
    assert net.post(DESK_ID, net.sign(0)) == 1
    assert net.post(HONEST[0], net.sign(1)) == 2
    assert net.post(ALDER, net.sign(2)) == 3
    net.wait_size(4, *HONEST)

    fork(net, 3, net.sign(99, after=2))
    for party in HONEST:
        # It halts first, and names the evidence once that is kept.
        health = net.wait(party, lambda status, health: status == 503 and names_fork(health))
        assert health["status"] == "halted"
        check_evidence(net, party, health)
        # It lives and shows what it holds, and cosigns and answers nothing.
        assert net.nodes[party].process.poll() is None
        assert net.nodes[party].client.get("/log/checkpoint").status_code == 200
        refused = net.nodes[party].client.post("/log/add-checkpoint", content=b"old 0\n\n")
        assert (refused.status_code, refused.json()["code"]) == (503, "fork")
    ended = hanse("doctor", "--config", net.nodes[ALDER].config, "--json")
    assert ended.returncode == 1, ended.stdout
    checks = {(one["check"], one["verdict"]) for one in json.loads(ended.stdout)["findings"]}
    assert {("node", "wrong"), ("log", "wrong"), ("database", "ok"), ("keys", "ok")} <= checks

    # A restart changes nothing of that.
    assert net.nodes[ALDER].stop() == 0
    net.start(ALDER)
    net.wait(ALDER, lambda status, health: status == 503 and health["halted"])

    # Somebody decides: ALDER goes on with what the honest ones hold; who followed the other branch is named.
    assert net.nodes[ALDER].stop() == 0
    command = ("log", "take-over", "--config", net.nodes[ALDER].config, "--json")
    undecided = hanse(*command)
    assert undecided.returncode == 1
    assert "desk: statement 3 is another one" in json.loads(undecided.stdout)["error"]["message"]
    decided = hanse(*command, "--from", "alder")
    assert decided.returncode == 0, decided.stderr
    taken = json.loads(decided.stdout)
    assert (taken["orderer"], taken["orderer_since"], list(taken["other_logs"])) == ("alder", 4, ["desk"])

    for party in [DESK_ID, *HONEST]:
        if party != ALDER:
            assert net.nodes[party].stop() == 0
        with net.nodes[party].config.open("a") as config:
            config.write('orderer = "alder"\norderer_since = 4\n')
    net.start(ALDER, *HONEST[:3])
    assert net.post(HONEST[0], net.sign(3)) == 4
    net.wait_size(5, *HONEST)
    audited = hanse("log", "audit", "--dir", net.nodes[ALDER].url, "--json")
    assert audited.returncode == 0, audited.stderr
    assert json.loads(audited.stdout)["size"] == 5

    net.start(DESK_ID)
    net.wait(DESK_ID, lambda status, health: status == 503 and health["halted"])
    for party in HONEST:
        assert net.health(party)[0] == 200
