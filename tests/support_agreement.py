"""A consortium whose stewards agree on the order, each party's node a process with its own folder."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support_comet import cometbft, peers_of
from support_net import NodeProcess, apart, free_ports, parties, wait_until, write_node
from support_simulation import with_document

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.ids import Month, PartyId, StatementHash
from hanse_ledger.signing import SEED_BYTES, SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from node.sequencing.cometbft.home import write_home

VALIDATORS = list(STEWARDS.values())


def let_stewards_agree(founded: DemoConsortium) -> DemoConsortium:
    """The same consortium with a log key for each steward, and all four to order."""
    seeds = {party: os.urandom(SEED_BYTES) for party in VALIDATORS}

    def change(document: dict[str, Any]) -> None:
        document["ordering"] = VALIDATORS
        for party in document["parties"]:
            if party["id"] in seeds:
                party["log_key"] = SigningKey(seeds[party["id"]]).public.hex()

    keys = {party: replace(dealt, log_seed=seeds.get(party)) for party, dealt in founded.keys.items()}
    return with_document(replace(founded, keys=keys), change)


def found_agreeing(
    folder: Path, members: list[PartyId], first: Month, **more: object
) -> tuple[DemoConsortium, dict[PartyId, NodeProcess]]:
    """Found it and write each party's folder, CometBFT's too; `more` are settings of every node.

    Skips the calling test where CometBFT is missing.
    """
    cometbft()
    names = parties(members)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    founded = let_stewards_agree(apart(members, first, ports))
    seeds = {party: dealt.log_seed for party, dealt in founded.keys.items() if dealt.log_seed is not None}
    validators = {party: seed for party, seed in seeds.items() if party in VALIDATORS}
    peers = peers_of(validators)
    nodes = {}
    for party, port in ports.items():
        home = folder / party
        config = write_node(home, founded, party, port, engine="cometbft", **more)
        if party in validators:
            _write_validator(home, config, founded, party, validators[party], peers)
        nodes[party] = NodeProcess(config, f"http://127.0.0.1:{port}")
    return founded, nodes


def _write_validator(
    home: Path,
    config: Path,
    founded: DemoConsortium,
    party: PartyId,
    log_seed: bytes,
    peers: Mapping[PartyId, str],
) -> None:
    listen = peers[party].partition("@")[2]
    with config.open("a") as lines:
        lines.write(f'[cometbft]\nlisten = "{listen}"\n')
    write_home(
        home / "cometbft",
        consortium=founded.consortium,
        founding=founded.consortium,
        party=party,
        log_seed=log_seed,
        listen=listen,
        peers=peers,
    )


@dataclass
class Agreement:
    """The nodes, and the desk's statements that were brought to the first validator's."""

    founded: DemoConsortium
    nodes: dict[PartyId, NodeProcess]
    chain: list[bytes] = field(default_factory=list)

    def size(self, party: PartyId) -> int:
        """The size of the log that a node shows, 0 for none."""
        shown = self.nodes[party].client.get("/log/checkpoint")
        return parse_signed_checkpoint(shown.content).size if shown.is_success else 0

    def start(self, *some: PartyId) -> None:
        for party in some:
            self.nodes[party].start()
        for party in some:
            self.nodes[party].wait_ready()

    def statement(self) -> bytes:
        """The next of the desk's chain."""
        seq = len(self.chain)
        statement = sign_statement(
            key=SigningKey(self.founded.keys[DESK_ID].statement_seed),
            party=DESK_ID,
            consortium=self.founded.consortium.id,
            seq=seq,
            prev=StatementHash(hashlib.sha256(self.chain[-1]).digest()) if seq else NO_PREVIOUS,
            body=Inquiry(request_hashes=(seq.to_bytes(32, "big"),)),
        )
        self.chain.append(statement)
        return statement

    def order(self, statement: bytes) -> int:
        """Bring a statement until it has its place, which it keeps; return that."""
        wait_until(lambda: self.bring(statement) is not None, "the statement has its place")
        index = self.bring(statement)
        assert index is not None
        return index

    def bring(self, statement: bytes) -> int | None:
        """Leave a statement at the first validator; its index, None where that is not known in time."""
        headers = {"content-type": "application/cose"}
        answer = self.nodes[VALIDATORS[0]].client.post("/v1/statements", content=statement, headers=headers)
        assert answer.status_code in {200, 503}, answer.text
        return int(answer.json()["index"]) if answer.is_success else None
