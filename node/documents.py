"""Which consortium document is in force, by a node's files alone: its log is not replayed for it.

The configured document is what its party trusts, the founding one or a later one. Once it has been in force
by the node's own copy of the log, what follows it there counts.
"""

import hashlib
from contextlib import closing
from pathlib import Path

from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import MalformedError
from hanse_ledger.statements import parse_statement
from node.settings import NodeSettings
from node.storage.database import Database
from node.storage.documents import stored_documents


def trusted_document(settings: NodeSettings) -> Consortium:
    """Return the configured document; raises DocumentError."""
    return parse_document(settings.consortium.read_bytes())


def document_in_force(settings: NodeSettings) -> Consortium:
    """Return the document in force as far as the node's copy of the log knows it."""
    return documents_of(settings)[0]


def founding_document(genesis: bytes) -> Consortium:
    """Return the document that a genesis statement founds a log with; raises MalformedError for another."""
    body = parse_statement(genesis).body
    if not isinstance(body, Genesis):
        raise MalformedError("the genesis statement is another statement")
    return parse_document(body.document)


def documents_of(settings: NodeSettings) -> list[Consortium]:
    """Return the document in force and those before it, the newest first, with the configured one."""
    place, trusted = settings.place("node"), trusted_document(settings)
    if isinstance(place, Path) and not place.exists():
        return [trusted]
    with closing(Database(place)) as database:
        stored = [parse_document(raw) for raw in reversed(_stored(database))]
    return stored if any(one.hash == trusted.hash for one in stored) else [trusted, *stored]


def newest_of(database: Database, trusted: Consortium) -> Consortium:
    """Return the newest document of a copy of the log, or the trusted one where that has not come there."""
    return parse_document(_stored(database)[-1]) if has_come(database, trusted) else trusted


def has_come(database: Database, trusted: Consortium) -> bool:
    """Say whether a document has been in force by a copy of the log."""
    return any(hashlib.sha256(raw).digest() == trusted.hash for raw in _stored(database))


def _stored(database: Database) -> list[bytes]:
    with database.read() as connection:
        return stored_documents(connection)
