"""A forked log over HTTP: nodes notice, halt and say so, strangers verify why, another party takes over."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_go import forkcheck
from support_net import NodeProcess, apart, free_ports, parties, stop_all, write_node
from support_simulation import with_document

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium
from hanse_ledger.bodies import Inquiry
from hanse_ledger.ids import Month, PartyId, StatementHash, month_at
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from hanse_ledger.witnessing import policy_of
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database

ALDER, BIRCH, CEDAR, ELM = (PartyId(name) for name in ("alder", "birch", "cedar", "elm"))
HONEST = [*list(STEWARDS.values())[:3], ALDER]
PATIENCE_S = 120
NEXT_SEED = bytes(31) + b"7"


def let_alder_order(founded: DemoConsortium) -> DemoConsortium:
    def change(document: dict[str, Any]) -> None:
        document["ordering"].append(ALDER)
        (party,) = (one for one in document["parties"] if one["id"] == ALDER)
        party["log_key"] = SigningKey(NEXT_SEED).public.hex()

    changed = with_document(founded, change)
    keys = {**changed.keys, ALDER: replace(changed.keys[ALDER], log_seed=NEXT_SEED)}
    return replace(changed, keys=keys)


@dataclass
class Net:
    """Whoever orders, three stewards and ALDER, who may order too; the others of nine stay away."""

    founded: DemoConsortium
    nodes: dict[PartyId, NodeProcess]
    chain: list[bytes] = field(default_factory=list)

    def sign(self, number: int, after: int | None = None) -> bytes:
        """The next statement of BIRCH's chain, or another one in its place."""
        seq = len(self.chain) if after is None else after
        prev = NO_PREVIOUS if seq == 0 else hash_of(self.chain[seq - 1])
        return sign_statement(
            key=SigningKey(self.founded.keys[BIRCH].statement_seed),
            party=BIRCH,
            consortium=self.founded.consortium.id,
            seq=seq,
            prev=prev,
            body=Inquiry(request_hashes=(number.to_bytes(32, "big"),)),
        )

    def post(self, by: PartyId, statement: bytes) -> int:
        """Bring a statement to any node: one that does not order brings it on."""
        headers = {"content-type": "application/cose"}
        answer = self.nodes[by].ask("POST", "/v1/statements", content=statement, headers=headers)
        self.chain.append(statement)
        return int(answer["index"])

    def health(self, party: PartyId) -> tuple[int, dict[str, Any]]:
        answer = self.nodes[party].client.get("/readyz")
        content = answer.json()
        return answer.status_code, content.get("health", content)

    def wait(self, party: PartyId, holds: Callable[[int, dict[str, Any]], bool]) -> dict[str, Any]:
        ends_at = time.monotonic() + PATIENCE_S
        while True:
            status, health = self.health(party)
            if holds(status, health):
                return health
            assert time.monotonic() < ends_at, (party, status, health, self.nodes[party].log())
            time.sleep(0.2)

    def wait_size(self, size: int, *among: PartyId) -> None:
        for party in among:
            self.wait(party, lambda status, health: status == 200 and health["checkpoint_size"] == size)

    def folder(self, party: PartyId) -> Path:
        return self.nodes[party].config.parent

    def start(self, *among: PartyId) -> None:
        for party in among:
            self.nodes[party].start()
        for party in among:
            self.wait_answer(party)

    def wait_answer(self, party: PartyId) -> None:
        ends_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_at:
            assert self.nodes[party].process.poll() is None, self.nodes[party].log()
            with suppress(httpx.TransportError):
                self.nodes[party].client.get("/healthz")
                return
            time.sleep(0.1)
        raise AssertionError(self.nodes[party].log())


def hash_of(statement: bytes) -> StatementHash:
    return StatementHash(hashlib.sha256(statement).digest())


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    members = [ALDER, BIRCH, CEDAR, ELM]
    names = parties(members)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    this = month_at(datetime.now(UTC).date())
    founded = let_alder_order(apart(members, Month(this - 1), ports))
    nodes = {
        party: NodeProcess(
            write_node(tmp_path / party, founded, party, ports[party]), f"http://127.0.0.1:{ports[party]}"
        )
        for party in [DESK_ID, *HONEST]
    }
    made = Net(founded, nodes)
    try:
        made.start(DESK_ID, *HONEST)
        yield made
    finally:
        stop_all(nodes)


def hanse(*words: object) -> "subprocess.CompletedProcess[str]":
    """Run a command as a person does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "HANSE"))}
    return subprocess.run(
        [sys.executable, "-m", "node.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**kept, "LANG": "en_US.UTF-8"},
    )


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


def test_a_fork_is_noticed_proved_and_handed_over(net: Net) -> None:
    """From the first statement to the next orderer's, as docs/operation.md says it."""
    assert net.post(DESK_ID, net.sign(0)) == 1
    assert net.post(HONEST[0], net.sign(1)) == 2
    assert net.post(ALDER, net.sign(2)) == 3
    net.wait_size(4, *HONEST)

    fork(net, 3, net.sign(99, after=2))
    for party in HONEST:
        health = net.wait(party, lambda status, health: status == 503 and health["halted"])
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
