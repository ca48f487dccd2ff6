"""Who files a party's word on the next document: its key file here, or its running node by an API key."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Protocol

import rfc8785

from hanse_ledger.bodies import Body, Propose, Vote
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.ids import PartyId
from hanse_ledger.state import LedgerState
from node.commands.options import WrongUsageError
from node.commands.remote import RemoteNode
from node.commands.secrets import open_home
from node.filing import file_statement
from node.founding.progress import CONFIG_FILE
from node.own.changes import describe
from node.rotation import document_of
from node.sequencing.replica import Replica
from node.sequencing.succession import check_ordering
from node.sequencing.term import Term
from node.settings import NodeSettings, load_settings
from node.storage.database import Database
from node.texts import tr

PROPOSALS_PATH: Final = "/v1/consortium/proposals"
VOTES_PATH: Final = "/v1/consortium/votes"


class Place(Protocol):
    """Where a document in force is known, and where a statement is signed and filed."""

    def in_force(self) -> Consortium:
        """Return the document in force, as far as it is known there."""
        ...

    def proposals(self) -> Sequence[Consortium]:
        """Return the documents that are proposed."""
        ...

    def entered_with(self, steward: PartyId) -> str | None:
        """Return the SHA-256 of the document that brought in an active steward, None for a founder."""
        ...

    def propose(self, following: Consortium) -> int:
        """File a proposal and return its index."""
        ...

    def vote(self, following: Consortium) -> int:
        """File a vote and return its index."""
        ...

    def entrust(self, vote: bytes) -> int:
        """File a vote that gives a new steward rows and sums, and return its index."""
        ...


class KeyFile:
    """A party's own folder: its key file signs, and its running node passes on."""

    def __init__(self, home: Path, url: str | None, passphrase_file: Path | None) -> None:
        self._home, self._url, self._passphrase_file = home, url, passphrase_file

    def in_force(self) -> Consortium:
        """Return the document in force by the node's own copy of the log, or the configured one."""
        return in_force_at(self._home)

    def proposals(self) -> Sequence[Consortium]:
        """Return what the node's own copy of the log holds."""
        return _parsed(proposals_in(self._settings))

    def entered_with(self, steward: PartyId) -> str | None:
        """Return what the node's own copy of the log says."""
        return _entered_with(proposals_in(self._settings), steward)

    def propose(self, following: Consortium) -> int:
        """Sign and file a proposal."""
        self._check(following)
        return self._file(Propose(document=following.raw))

    def vote(self, following: Consortium) -> int:
        """Sign and file a vote."""
        self._check(following)
        return self._file(Vote(document_hash=following.hash))

    def entrust(self, vote: bytes) -> int:
        """Sign and file a vote on rows and sums."""
        return self._file(Vote(document_hash=vote))

    @property
    def _settings(self) -> NodeSettings:
        return load_settings(self._home / CONFIG_FILE)

    def _check(self, following: Consortium) -> None:
        current = self.in_force()
        check_ordering(current, following, orderer=Term.of(self._settings, current).orderer)

    def _file(self, body: Body) -> int:
        with open_home(self._home, self._passphrase_file) as opened:
            return file_statement(opened, body, self._url)


class RunningNode:
    """A party's running node, which signs and files by itself."""

    def __init__(self, node: RemoteNode) -> None:
        self._node = node

    def in_force(self) -> Consortium:
        """Return the document in force, as the node has it."""
        return self._node.consortium()

    def proposals(self) -> Sequence[Consortium]:
        """Return what the node knows of."""
        return _parsed(self._node.ask("GET", PROPOSALS_PATH))

    def entered_with(self, steward: PartyId) -> str | None:
        """Return what the node says."""
        return _entered_with(self._node.ask("GET", PROPOSALS_PATH), steward)

    def propose(self, following: Consortium) -> int:
        """Let the node propose."""
        reply = self._node.ask("POST", PROPOSALS_PATH, {"document": json.loads(following.raw)})
        return int(reply["index"])

    def vote(self, following: Consortium) -> int:
        """Let the node vote."""
        return self._vote(following.hash)

    def entrust(self, vote: bytes) -> int:
        """Let the node vote on rows and sums."""
        return self._vote(vote)

    def _vote(self, sha256: bytes) -> int:
        reply = self._node.ask("POST", VOTES_PATH, {"sha256": sha256.hex()})
        return int(reply["index"])


def in_force_at(home: Path) -> Consortium:
    """Return the document in force in a founded party's folder; raises WrongUsageError for another."""
    current = document_of(home)
    if current is None:
        raise WrongUsageError(tr("The folder holds no founded party; `hanse node config` makes one."))
    return current


def proposals_in(settings: NodeSettings) -> dict[str, Any]:
    """Return what a node's own copy of the log says of proposals; reads the whole of it."""
    with closing(Database(settings.place("node"))) as database:
        state: LedgerState = Replica(database).state
        return describe(state, database)


def _entered_with(shown: dict[str, Any], steward: PartyId) -> str | None:
    found = (one["entered_with"] for one in shown["new_stewards"] if one["steward"] == steward)
    return next(found, None)


def _parsed(shown: dict[str, Any]) -> list[Consortium]:
    return [parse_document(rfc8785.dumps(one["document"])) for one in shown["proposals"]]
