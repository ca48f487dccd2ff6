"""Some nodes of a consortium with two parties that may order, as processes, and statements to bring them."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from support_net import NodeProcess, apart, free_ports, parties, stop_all, write_node
from support_simulation import with_document

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium
from hanse_ledger.bodies import Inquiry
from hanse_ledger.ids import Month, PartyId, StatementHash, month_at
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement

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


@contextmanager
def running_some(folder: Path) -> Iterator[Net]:
    """Found a consortium and start those nodes."""
    members = [ALDER, BIRCH, CEDAR, ELM]
    names = parties(members)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    this = month_at(datetime.now(UTC).date())
    founded = let_alder_order(apart(members, Month(this - 1), ports))
    nodes = {
        party: NodeProcess(
            write_node(folder / party, founded, party, ports[party]), f"http://127.0.0.1:{ports[party]}"
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
