"""A founded consortium that is no demo, and its parties' nodes as processes on loopback."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from support_http import API_KEY
from support_simulation import with_document

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium, demo_document
from hanse_ledger.ids import Month, PartyId
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from node.files import OWNER_ONLY, write_new
from node.keystore import N_LEAST, Cost, Secrets, Seeds, create_keys
from node.passphrase import Passphrase

PASSPHRASE = "what the tests' key files open with"  # noqa: S105 - they protect nothing
CHEAP = Cost(n=N_LEAST, r=8, p=1)
_START_S = 120
_STOP_S = 30
_PATIENCE_S = 240


def wait_until(holds: Callable[[], bool], what: str) -> None:
    ends_at = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_at, what
        time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def apart(
    members: list[PartyId],
    first: Month,
    ports: Mapping[PartyId, int],
    policy: Mapping[str, object] = MappingProxyType({}),
) -> DemoConsortium:
    """Dealt keys, as only a test may have them, under a document that says it is no demo."""
    dealt = demo_document(members=members, currency="EUR", exponent=2, first_month=first, entropy=os.urandom)

    def change(document: dict[str, Any]) -> None:
        document["demo"] = False
        document["policy"].update(policy)
        for party in document["parties"]:
            party["url"] = f"http://127.0.0.1:{ports[party['id']]}"

    return with_document(dealt, change)


def parties(members: list[PartyId]) -> list[PartyId]:
    return [*STEWARDS.values(), DESK_ID, *members]


def write_node(folder: Path, founded: DemoConsortium, party: PartyId, port: int, **more: object) -> Path:
    """Write one party's folder with its configuration; return the configuration's path."""
    folder.mkdir(parents=True, mode=0o700)
    write_keys(folder, founded, party)
    (folder / "consortium.json").write_bytes(founded.consortium.raw)
    (folder / "genesis.cose").write_bytes(genesis_of(founded))
    return write_settings(folder, party, port, **{"passphrase_file": "passphrase", **more})


def write_settings(folder: Path, party: PartyId, port: int, **more: object) -> Path:
    """Write the configuration of a node whose documents and keys are in its folder."""
    settings = {
        "party": party,
        "consortium": "consortium.json",
        "genesis": "genesis.cose",
        "folder": ".",
        "listen": f"127.0.0.1:{port}",
        "work_interval_s": 0.3,
        "watch_interval_s": 2,
        "api_keys": [hashlib.sha256(API_KEY.encode()).hexdigest()],
        **more,
    }
    # JSON's texts, numbers and lists are TOML's.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
    (folder / "node.toml").write_text("".join(lines))
    return folder / "node.toml"


def write_keys(folder: Path, founded: DemoConsortium, party: PartyId) -> None:
    """Write a key file that opens quickly, and the file with its passphrase."""
    dealt = founded.keys[party]
    secrets = Secrets(
        consortium=founded.consortium.id,
        party=party,
        seeds=Seeds(statement=dealt.statement_seed, cosign=dealt.cosign_seed, log=dealt.log_seed),
        key_share=dealt.key_share,
    )
    write_new(folder / "passphrase", PASSPHRASE.encode(), OWNER_ONLY)
    create_keys(folder / "keys.json", secrets, Passphrase(PASSPHRASE.encode()), os.urandom, CHEAP)


def genesis_of(founded: DemoConsortium) -> bytes:
    first = founded.consortium.ordering[0]
    return sign_statement(
        key=SigningKey(founded.keys[first].statement_seed),
        party=first,
        consortium=founded.consortium.id,
        seq=0,
        prev=NO_PREVIOUS,
        body=founded.genesis,
    )


@dataclass
class NodeProcess:
    """`hanse node run` of one party."""

    config: Path
    url: str
    program: tuple[str, ...] = ("-m", "node.cli")
    process: "subprocess.Popen[bytes]" = field(init=False)
    client: httpx.Client = field(init=False)

    def start(self) -> None:
        log = (self.config.parent / "node.log").open("ab")
        command = [sys.executable, *self.program, "node", "run", "--config", str(self.config)]
        with closing(log):
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.config.parent
            )
        key = {"authorization": f"Bearer {API_KEY}"}
        self.client = httpx.Client(base_url=self.url, headers=key, timeout=30, trust_env=False)

    def wait_ready(self) -> None:
        ends_at = time.monotonic() + _START_S
        while time.monotonic() < ends_at:
            assert self.process.poll() is None, self.log()
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready: {self.log()}")

    def kill(self) -> None:
        """End it without a chance to finish anything."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; return the exit code."""
        self.client.close()
        self.process.terminate()
        try:
            return self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def log(self) -> str:
        return (self.config.parent / "node.log").read_text()[-4000:]

    def ask(self, method: str, path: str, **how: Any) -> Any:
        answer = self.client.request(method, path, **how)
        assert answer.is_success, (answer.text, self.log())
        return answer.json()


def found_nodes(
    folder: Path,
    members: list[PartyId],
    first: Month,
    change: Callable[[PartyId], Mapping[str, object]] = lambda _party: {},
    policy: Mapping[str, object] = MappingProxyType({}),
    **more: object,
) -> tuple[DemoConsortium, dict[PartyId, NodeProcess]]:
    """Found a consortium and write each party's folder.

    `more` are settings of every node, what `change` gives are those of one; `policy` are fields of the
    document's.
    """
    names = parties(members)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    founded = apart(members, first, ports, policy)
    nodes = {
        party: NodeProcess(
            write_node(folder / party, founded, party, port, **more, **change(party)),
            f"http://127.0.0.1:{port}",
        )
        for party, port in ports.items()
    }
    return founded, nodes


def start_all(nodes: Mapping[PartyId, NodeProcess]) -> None:
    for node in nodes.values():
        node.start()
    # Whoever orders is ready by itself; the others follow it.
    for node in nodes.values():
        node.wait_ready()


def stop_all(nodes: Mapping[PartyId, NodeProcess]) -> None:
    """Ask those that run to stop, all at once, and wait for them."""
    started = [node for node in nodes.values() if hasattr(node, "process")]
    for node in started:
        node.process.terminate()
    for node in started:
        node.client.close()
        try:
            node.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            node.process.kill()
            node.process.wait()


@contextmanager
def running(
    folder: Path,
    members: list[PartyId],
    first: Month,
    change: Callable[[PartyId], Mapping[str, object]] = lambda _party: {},
    policy: Mapping[str, object] = MappingProxyType({}),
) -> Iterator[dict[PartyId, NodeProcess]]:
    """Found a consortium and run each party's node in a process of its own."""
    _, nodes = found_nodes(folder, members, first, change, policy)
    try:
        start_all(nodes)
        yield nodes
    finally:
        stop_all(nodes)
