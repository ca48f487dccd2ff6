"""The next consortium document as a node's own people see it: proposed, voted for, and how far that is."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final

from consortium_config.changing import differences
from consortium_config.draft import canonical_json
from hanse_ledger.consortium import Consortium
from hanse_ledger.governance import Tally, entered_with, rows_vote, weakens_privacy
from hanse_ledger.ids import PartyId
from hanse_ledger.state import LedgerState
from node.own.replies import as_json
from node.roles.party import Standing
from node.roles.voting import CheckNext, Voting
from node.storage import transfers
from node.storage.database import Database

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
        return as_json(describe(standing.state, standing.database))

    return {PROPOSE: propose, VOTE: vote, PROPOSALS: proposals}


def describe(state: LedgerState, database: Database) -> dict[str, Any]:
    """Return the document in force, those that may act next, and what new stewards get, as they are shown."""
    current = state.consortium
    return {
        "sha256": current.hash.hex(),
        "documents": len(state.documents),
        "proposals": [_proposal(current, *proposed) for proposed in state.proposals],
        "new_stewards": [
            _new_steward(state, steward.id)
            for steward in current.stewards.values()
            if _is_new(state, steward.id)
        ],
        "shares": _shares(current, database),
    }


def changes_of(current: Consortium, following: Consortium) -> list[dict[str, str]]:
    """Return what differs, field by field."""
    return [
        {"field": place, "before": before, "after": after}
        for place, before, after in differences(current, following)
    ]


def _is_new(state: LedgerState, steward: PartyId) -> bool:
    return entered_with(state.documents, steward).hash != state.documents[0].hash


def _new_steward(state: LedgerState, steward: PartyId) -> dict[str, Any]:
    """Return how far the vote is that gives a steward what was reported and frozen before it came."""
    entered, tally = entered_with(state.documents, steward), state.rows_tally(steward)
    return {
        "steward": steward,
        "entered_with": entered.hash.hex(),
        "rows_vote": rows_vote(entered.hash, steward).hex(),
        "gets_rows": tally.suffices,
        **_votes(tally),
    }


def _shares(current: Consortium, database: Database) -> dict[str, Any] | None:
    """Return how this node's own values stand, None where it never lacked any."""
    with database.read() as connection:
        known, wrong = transfers.standing(connection), transfers.refused(connection)
    if known is None:
        return None
    names = {party.x: party.id for party in current.parties.values() if party.x is not None}
    return {
        "state": known.state,
        "lacking": known.lacking,
        "received": known.received,
        "refused": [
            {
                "pair": [names.get(row.first), names.get(row.second)],
                "alone_off": names.get(row.odd),
                "units": row.units,
                "at": row.at,
            }
            for row in wrong
        ],
    }


def _votes(tally: Tally) -> dict[str, Any]:
    return {
        "members": sorted(tally.members),
        "members_needed": tally.members_needed,
        "stewards": sorted(tally.stewards),
        "stewards_needed": tally.stewards_needed,
    }


def _proposal(current: Consortium, following: Consortium, tally: Tally) -> dict[str, Any]:
    return {
        "sha256": following.hash.hex(),
        "changes": changes_of(current, following),
        "weakens_privacy": weakens_privacy(current, following),
        **_votes(tally),
        "document": json.loads(following.raw),
    }
