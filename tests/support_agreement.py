"""A consortium whose stewards agree on the order, each party's node a process with its own folder."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from support_comet import cometbft, peers_of
from support_net import NodeProcess, apart, free_ports, parties, write_node
from support_simulation import with_document

from consortium_config.sample import STEWARDS, DemoConsortium
from hanse_ledger.ids import Month, PartyId
from hanse_ledger.signing import SEED_BYTES, SigningKey
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
