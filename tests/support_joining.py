"""A consortium of nodes as processes that votes, is asked, and lets new parties join."""

import shutil
from pathlib import Path
from typing import Any

from support_months import MEMBERS, SHARED, log_months
from support_net import NodeProcess, found_nodes, write_settings
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

    def inquire(self, party: PartyId) -> dict[str, Any]:
        asked = {"subjects": [SHARED], "purpose": "credit-review"}
        (answer,) = self.nodes[party].ask("POST", "/v1/inquiries", json=asked)["answers"]
        found: dict[str, Any] = answer
        return found
