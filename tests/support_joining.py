"""A consortium of nodes as processes that votes, is asked, and lets new parties join."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support_founding import done, hanse
from support_months import MEMBERS, SHARED, all_count, book, close, log_months
from support_net import (
    NodeProcess,
    found_nodes,
    free_ports,
    start_all,
    stop_all,
    wait_until,
    write_settings,
)
from support_voting import Voters

from consortium_config.sample import DemoConsortium
from hanse_ledger.ids import PartyId

ALDER = MEMBERS[0]


class Net(Voters):
    """The nodes, and the people before them with a key file or an API key."""

    def __init__(self, folder: Path) -> None:
        self.months = log_months()
        self.founded: DemoConsortium
        self.founded, nodes = found_nodes(folder, MEMBERS, self.months[0])
        super().__init__(folder, nodes)

    def join(self, party: PartyId, port: int) -> None:
        """Start a new party's node with the genesis and the document that names it."""
        home = self.home(party)
        shutil.copy(self.home(ALDER) / "genesis.cose", home)
        shutil.copy(self.folder / "next.json", home / "consortium.json")
        self.nodes[party] = NodeProcess(write_settings(home, party, port), f"http://127.0.0.1:{port}")
        self.nodes[party].start()
        self.nodes[party].wait_ready()

    def make_party(self, party: PartyId, *words: object) -> tuple[Path, int]:
        """Make a new party's folder with its keys; return its card, and the port that this names."""
        (port,) = free_ports(1)
        mail, url = self.folder / "mail", f"http://127.0.0.1:{port}"
        named = ("--consortium", self.founded.consortium.id, "--party", party, "--url", url)
        done(hanse("party", "new", "--dir", self.home(party), "--mail", mail, *named, *words))
        return mail / f"{party}.card.json", port

    def report(self, parties: Sequence[PartyId]) -> None:
        """Let firms bring their books, and all stewards close the first month once the reports count."""
        for place, party in enumerate(parties):
            self.nodes[party].ask("POST", "/v1/imports?confirm=true", content=book(place, self.months))
        wait_until(lambda: all_count(self.nodes[parties[-1]], self.months[0]), "the reports count")
        close(self.nodes, self.months[0])

    def inquire(self, party: PartyId) -> dict[str, Any]:
        asked = {"subjects": [SHARED], "purpose": "credit-review"}
        (answer,) = self.nodes[party].ask("POST", "/v1/inquiries", json=asked)["answers"]
        found: dict[str, Any] = answer
        return found


@contextmanager
def running_net(folder: Path) -> Iterator[Net]:
    """Found a consortium that lets others join, and run its nodes."""
    made = Net(folder)
    try:
        start_all(made.nodes)
        yield made
    finally:
        stop_all(made.nodes)
