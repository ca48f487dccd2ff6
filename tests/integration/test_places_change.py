"""Votes change who agrees on the order, at whole nodes over real CometBFT, while statements come."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_agreeing import Agreeing, policy_with
from support_comet import cometbft
from support_founding import DESK, FOUNDERS, MEMBERS, STEWARDS, cheap_keys, done, hanse
from support_http import API_KEY
from support_net import NodeProcess, free_ports, start_all, stop_all, wait_until
from support_voting import Voters, in_force

from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import Checkpoint, parse_signed_checkpoint
from hanse_ledger.ids import ConsortiumId, PartyId, StatementHash
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from hanse_ledger.witnessing import policy_of
from node.links.http import HttpCaller
from node.links.sequencer import HttpSequencer
from node.sequencing.cometbft.home import validator_address

ALDER, BIRCH, _ = MEMBERS
ONE, TWO, THREE, FOUR = STEWARDS
RUNNING = (*STEWARDS, ALDER, BIRCH)
VOTERS = (ALDER, BIRCH, ONE, TWO, THREE)
_PAUSE_S = 0.1


class Writer:
    """The desk's people, who file one statement after the other by whichever node takes it."""

    def __init__(self, key: SigningKey, consortium: ConsortiumId, urls: Sequence[str]) -> None:
        self._key, self._consortium = key, consortium
        self._ways = [httpx.Client(base_url=url, timeout=30, trust_env=False) for url in urls]
        self.accepted: dict[int, bytes] = {}
        self._last, self._stopping = NO_PREVIOUS, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE_S):
            number = len(self.accepted)
            raw = sign_statement(
                key=self._key,
                party=DESK,
                consortium=self._consortium,
                seq=number,
                prev=self._last,
                body=Inquiry(request_hashes=(number.to_bytes(32, "big"),)),
            )
            self._last = StatementHash(hashlib.sha256(raw).digest())
            index = self._bring(raw, number)
            if index is not None:
                self.accepted[index] = raw

    def _bring(self, raw: bytes, turn: int) -> int | None:
        """Leave the same bytes at one node after the other until one has its index; None where stopped."""
        headers = {"content-type": "application/cose"}
        while not self._stopping.is_set():
            way = self._ways[turn % len(self._ways)]
            with suppress(httpx.TransportError):
                answer = way.post("/v1/statements", content=raw, headers=headers)
                if answer.is_success:
                    return int(answer.json()["index"])
                # Who is a block behind knows neither the desk's last statement nor another's.
                assert answer.status_code in {409, 503}, answer.text
            turn += 1
            self._stopping.wait(_PAUSE_S)
        return None

    def grow(self, count: int = 8) -> None:
        """Wait until so many more have their place: every way was asked."""
        size = len(self.accepted) + count
        wait_until(lambda: len(self.accepted) >= size, "statements are ordered")

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for way in self._ways:
            way.close()


@dataclass
class Net(Voters):
    going: Agreeing
    pids: dict[PartyId, int] = field(default_factory=dict)

    def agreement(self, party: PartyId) -> Any:
        """How a node says that its CometBFT stands; None where it has none, or does not answer."""
        with suppress(httpx.TransportError):
            return self.nodes[party].client.get("/readyz").json()["agreement"]
        return None

    def wait_validator(self, party: PartyId, restarts: int = 0) -> None:
        def agrees() -> bool:
            found = self.agreement(party) or {}
            stands = (found.get("power"), found.get("catching_up"), found.get("restarts"))
            return stands == (10, False, restarts)

        wait_until(agrees, f"{party} agrees")

    def problems(self, party: PartyId) -> list[str]:
        return [one["code"] for one in self.nodes[party].ask("GET", "/readyz")["problems"]]

    def checkpoint(self, party: PartyId) -> Checkpoint:
        return parse_signed_checkpoint(self.nodes[party].client.get("/log/checkpoint").content)

    def log(self, party: PartyId) -> list[bytes]:
        found: list[bytes] = []
        caller = HttpCaller(base_url=self.nodes[party].url, entropy=os.urandom)
        with closing(HttpSequencer(caller)) as log:
            while entries := log.entries(len(found))[1]:
                found += entries
        return found


def comet_runs(home: Path) -> bool:
    """Whether a CometBFT over a folder runs."""
    words = f"start\0--home\0{home / 'cometbft'}\0".encode()
    found = False
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found |= path.read_bytes().endswith(words)
    return found


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    cometbft()
    cheap_keys(monkeypatch)
    ports = dict(zip(FOUNDERS, free_ports(len(FOUNDERS)), strict=True))
    names = (*STEWARDS, ALDER)
    peers = dict(zip(names, free_ports(len(names)), strict=True))
    going = Agreeing(
        # Unix sockets have short paths.
        tmp_path / "n",
        urls={party: f"http://127.0.0.1:{port}" for party, port in ports.items()},
        peers={party: f"127.0.0.1:{port}" for party, port in peers.items()},
        listens={party: f"127.0.0.1:{port}" for party, port in ports.items()},
    )
    going.found()
    for party in RUNNING:
        more = ("--peer-listen", going.peers[party]) if party in STEWARDS else ()
        done(going.configure(party, *more))
        key = hashlib.sha256(API_KEY.encode()).hexdigest()
        with going.config(party).open("a") as config:
            config.write(f'work_interval_s = 0.3\nwatch_interval_s = 2\napi_keys = ["{key}"]\n')
    for party in STEWARDS:
        done(going.init(party))
    nodes = {party: NodeProcess(going.config(party), going.urls[party]) for party in RUNNING}
    made = Net(going.folder, nodes, going)
    try:
        start_all(nodes)
        made.pids = {party: node.process.pid for party, node in nodes.items()}
        yield made
    finally:
        stop_all(nodes)


@pytest.fixture
def writer(net: Net) -> Iterator[Writer]:
    key = SigningKey(net.going.secrets(DESK).seeds.statement)
    made = Writer(key, net.going.secrets(DESK).consortium, [node.url for node in net.nodes.values()])
    yield made
    made.stop()


def test_a_member_comes_a_steward_s_validator_goes_and_a_key_changes(net: Net, writer: Writer) -> None:
    writer.grow()
    a_member_becomes_the_fifth(net)
    # Of five, four have to agree: with one down the member's word is needed.
    goes_on_without(net, writer, ONE)
    a_steward_is_no_validator_any_more(net, writer)
    a_validator_s_key_changes(net)
    # Of four, three have to agree: with one down the new key's word is needed.
    goes_on_without(net, writer, TWO)
    writer.stop()
    check_logs(net, writer.accepted)
    # All of it in the processes that were started at first, but for those that were stopped.
    assert all(net.nodes[party].process.pid == net.pids[party] for party in (THREE, FOUR, ALDER, BIRCH))


def a_member_becomes_the_fifth(net: Net) -> None:
    peer = net.going.peers[ALDER]
    made = done(hanse("keys", "rotate", "--dir", net.home(ALDER), "--log-key", "--peer", peer, "--json"))
    card = Path(made.document["card"])
    following = net.change(BIRCH, "fifth.json", "--card", card, "--orders", ALDER)
    net.vote(BIRCH, following, "fifth.json", VOTERS)
    # It goes on as it was until it is ready.
    wait_until(lambda: "unprepared" in net.problems(ALDER), "the member's node says what is missing")
    assert net.agreement(ALDER) is None
    (net.going.mail / card.name).write_bytes(card.read_bytes())
    with net.going.config(ALDER).open("a") as config:
        config.write(f"cometbft = {{ listen = {json.dumps(peer)} }}\n")
    found = done(net.going.init(ALDER, "--json")).document
    assert found["validators"] == [*STEWARDS, ALDER]
    net.wait_validator(ALDER)
    assert net.problems(ALDER) == []


def goes_on_without(net: Net, writer: Writer, party: PartyId) -> None:
    assert net.nodes[party].stop() == 0
    writer.grow()
    net.nodes[party].start()
    net.nodes[party].wait_ready()
    net.wait_validator(party)


def a_steward_is_no_validator_any_more(net: Net, writer: Writer) -> None:
    policy = net.folder / "without.toml"
    policy.write_text(policy_with((ONE, TWO, THREE, ALDER)))
    following = net.change(BIRCH, "without.json", "--policy", policy)
    net.vote(BIRCH, following, "without.json", VOTERS)
    wait_until(lambda: not comet_runs(net.home(FOUR)), "its CometBFT has ended")
    net.nodes[FOUR].wait_ready()
    assert net.agreement(FOUR) is None
    writer.grow()


def a_validator_s_key_changes(net: Net) -> None:
    made = done(hanse("keys", "rotate", "--dir", net.home(THREE), "--log-key", "--json")).document
    following = net.change(BIRCH, "key.json", "--card", made["card"])
    net.vote(BIRCH, following, "key.json", VOTERS)
    key = net.home(THREE) / "cometbft" / "config" / "priv_validator_key.json"
    address = validator_address(following.parties[THREE].log_key or b"").hex().upper()
    wait_until(lambda: json.loads(key.read_text())["address"] == address, "it signs with the new key")
    net.wait_validator(THREE, restarts=1)


def check_logs(net: Net, accepted: dict[int, bytes]) -> None:
    """Every node has one log and one root, and all that was answered stands where it was answered.

    Every validator's is signed with a key of the document in force.
    """
    size = max(accepted) + 1
    for party in RUNNING:
        wait_until(partial(holds, net, party, size), f"{party} has all of it")
    wait_until(lambda: len({net.checkpoint(party).size for party in RUNNING}) == 1, "all have the same")
    assert len({net.checkpoint(party).root for party in RUNNING}) == 1
    policy = policy_of(in_force(net.nodes[BIRCH]))
    for party in (ONE, TWO, THREE, ALDER):
        verify_log_signature(net.nodes[party].client.get("/log/checkpoint").content, policy)
    first, *others = (net.log(party) for party in RUNNING)
    assert all(log == first for log in others)
    assert {index: first[index] for index in accepted} == accepted
    assert len(set(first)) == len(first)


def holds(net: Net, party: PartyId, size: int) -> bool:
    return net.checkpoint(party).size >= size
