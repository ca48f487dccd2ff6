"""A founding rehearsed by its commands after which the four stewards agree on the order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support_cli import Ended
from support_founding import DESK, FOUNDERS, MEMBERS, POLICY, STEWARDS, Rehearsal, done, hanse


@dataclass(frozen=True)
class Agreeing(Rehearsal):
    """As `Rehearsal`, with where each node and each validator's CometBFT is."""

    urls: Mapping[str, str]
    peers: Mapping[str, str]
    listens: Mapping[str, str]
    """Where a node listens itself."""

    def found(self) -> None:
        """Go from the cards to the genesis statement and the stewards' and the desk's configurations."""
        self.mail.mkdir(parents=True)
        (self.folder / "policy.toml").write_text(policy_with(STEWARDS))
        for party in STEWARDS:
            done(self.new(party, "--orders", "--peer", self.peers[party], "--url", self.urls[party]))
        for party in (DESK, *MEMBERS):
            done(self.new(party, "--url", self.urls[party]))
        done(self.make_draft())
        self.all_keys()
        for party in FOUNDERS:
            done(self.do("sign", party, "--yes"))
        done(self.do("genesis", STEWARDS[0]))

    def configure(self, party: str, *more: str) -> Ended:
        words = ("--mail", self.mail, "--listen", self.listens[party], "--engine", "cometbft")
        return hanse("node", "config", "--dir", self.home(party), *words, *more)

    def config(self, party: str) -> Path:
        return self.home(party) / "node.toml"

    def init(self, party: str, *more: str) -> Ended:
        return hanse("node", "init-cometbft", "--config", self.config(party), "--cards", self.mail, *more)


def policy_with(ordering: tuple[str, ...]) -> str:
    """The founders' policy file, in which these agree on the order."""
    return POLICY.replace('["desk"]', json.dumps(ordering))
