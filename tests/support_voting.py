"""Voting on a next document by the commands, through nodes that run as processes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import rfc8785
from support_founding import done, hanse
from support_http import API_KEY
from support_net import NodeProcess, wait_until

from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.ids import PartyId


@dataclass
class Voters:
    """The nodes by their parties, whose folders stand side by side, and the people before them."""

    folder: Path
    nodes: dict[PartyId, NodeProcess]
    key: Path = field(init=False)

    def __post_init__(self) -> None:
        self.key = self.folder / "api-key"
        self.key.write_text(API_KEY)

    def home(self, party: PartyId) -> Path:
        return self.folder / party

    def by_node(self, party: PartyId, *words: object) -> Any:
        """Give a command of `hanse consortium` through a party's running node."""
        ways = ("--url", self.nodes[party].url, "--api-key-file", self.key, "--json")
        return done(hanse("consortium", *words, *ways)).document

    def change(self, by: PartyId, name: str, *words: object) -> Consortium:
        """Let a party write the next document."""
        out = self.folder / name
        done(hanse("consortium", "change", "--dir", self.home(by), out, *words))
        return parse_document(out.read_bytes())

    def vote(self, by: PartyId, following: Consortium, name: str, voters: Iterable[PartyId]) -> None:
        """Propose the document by one party, let others vote for its hash, and wait for it everywhere."""
        self.by_node(by, "propose", self.folder / name, "--yes")
        for voter in voters:
            self.by_node(voter, "vote", following.hash.hex(), "--yes")
        for party, node in self.nodes.items():
            wait_until(partial(goes_by, node, following), f"{party} has read the votes")


def in_force(node: NodeProcess) -> Consortium:
    return parse_document(rfc8785.dumps(node.ask("GET", "/v1/consortium")["document"]))


def goes_by(node: NodeProcess, document: Consortium) -> bool:
    return in_force(node).hash == document.hash
