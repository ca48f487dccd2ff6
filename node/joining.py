"""A party that joins a running consortium: its first copy of the log, up to the document that names it."""

from collections.abc import Mapping
from contextlib import suppress

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import CorruptionError, UnavailableError
from hanse_ledger.ids import PartyId
from node.documents import has_come, newest_of
from node.errors import SettingsError
from node.ports import Sequencer
from node.restore import others_over_http
from node.roles.party import Standing
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.settings import NodeSettings
from node.storage.database import Database


def joined(settings: NodeSettings, database: Database, trusted: Consortium, genesis: bytes) -> Consortium:
    """Return the document in force by a node's copy of the log, which it takes from others first if it must.

    Raises as `join` does.
    """
    if needs_log(database, trusted):
        with others_over_http(settings) as others:
            join(database, trusted=trusted, genesis=genesis, others=others)
    return newest_of(database, trusted)


def needs_log(database: Database, trusted: Consortium) -> bool:
    """Say whether a node has to take the log from others before it knows what its party may do.

    Not so where the document that it trusts is the founding one, or has been in force by its own copy.
    """
    # Only a founding one follows no other; whether genesis founds it is seen when the log begins.
    return bool(trusted.previous) and not has_come(database, trusted)


def join(
    database: Database, *, trusted: Consortium, genesis: bytes, others: Mapping[PartyId, Sequencer]
) -> None:
    """Bring a copy of the log up to where `trusted` is in force.

    Raises UnavailableError where nobody in reach shows that: its vote may not be over yet. A log that begins
    otherwise, or that its key has not signed, is nobody's.
    """
    replica = Replica(database)
    if not replica.state.founded:
        replica.append([genesis])
    for log in others.values():
        with suppress(UnavailableError):
            Follower(replica=replica, source=log, trusted=trusted).catch_up()
        if has_come(database, trusted):
            return
    raise UnavailableError("nobody in reach shows a log in which the configured document is in force yet")


def begin_log(standing: Standing, genesis: bytes) -> None:
    """Begin this node's copy of the log with the genesis that it trusts, whatever a sequencer shows."""
    if not standing.state.founded:
        standing.replica.append([genesis])
    first = standing.state.consortium_at(1)
    if standing.replica.log.entries(0, 1) != [genesis] or first is None:
        raise CorruptionError("the stored log begins with another genesis statement")
    if all(document.hash != standing.consortium.hash for document in standing.state.documents):
        raise SettingsError("genesis: it founds another consortium than the document's")
