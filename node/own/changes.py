"""The next consortium document as a node's own people see it: proposed, voted for, and how far that is."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final

from consortium_config.changing import differences
from consortium_config.draft import canonical_json
from hanse_ledger.consortium import Consortium
from hanse_ledger.governance import Tally, weakens_privacy
from hanse_ledger.state import LedgerState
from node.own.replies import as_json
from node.roles.party import Standing
from node.roles.voting import CheckNext, Voting

PROPOSE: Final = "propose"
VOTE: Final = "vote"
PROPOSALS: Final = "proposals"


class Changes:
    """What may be asked; the node's thread answers."""

    def __init__(self, ask: Callable[[str, bytes], Future[bytes]]) -> None:
        self._ask = ask

    def propose(self, document: Mapping[str, Any]) -> Future[bytes]:
        """File a document as the next one."""
        return self._ask(PROPOSE, canonical_json(document))

    def vote(self, document_hash: bytes) -> Future[bytes]:
        """Vote for the document with this hash."""
        return self._ask(VOTE, document_hash)

    def proposals(self) -> Future[bytes]:
        """Ask which documents may act next."""
        return self._ask(PROPOSALS, b"")


def voting_verbs(standing: Standing, check: CheckNext) -> Mapping[str, Callable[[bytes], bytes]]:
    """Return what the party's own people may ask of its node's thread."""
    voting = Voting(standing, check)

    def propose(body: bytes) -> bytes:
        document_hash, index = voting.propose(body)
        return as_json({"sha256": document_hash.hex(), "index": index})

    def vote(body: bytes) -> bytes:
        return as_json({"sha256": body.hex(), "index": voting.vote(body)})

    def proposals(_body: bytes) -> bytes:
        standing.catch_up()
        return as_json(describe(standing.state))

    return {PROPOSE: propose, VOTE: vote, PROPOSALS: proposals}


def describe(state: LedgerState) -> dict[str, Any]:
    """Return the document in force and those that may act next, as they are shown."""
    current = state.consortium
    return {
        "sha256": current.hash.hex(),
        "documents": len(state.documents),
        "proposals": [_proposal(current, *proposed) for proposed in state.proposals],
    }


def changes_of(current: Consortium, following: Consortium) -> list[dict[str, str]]:
    """Return what differs, field by field."""
    return [
        {"field": place, "before": before, "after": after}
        for place, before, after in differences(current, following)
    ]


def _proposal(current: Consortium, following: Consortium, tally: Tally) -> dict[str, Any]:
    return {
        "sha256": following.hash.hex(),
        "changes": changes_of(current, following),
        "weakens_privacy": weakens_privacy(current, following),
        "members": sorted(tally.members),
        "members_needed": tally.members_needed,
        "stewards": sorted(tally.stewards),
        "stewards_needed": tally.stewards_needed,
        "document": json.loads(following.raw),
    }
