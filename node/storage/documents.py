"""Every consortium document that has been in force, by this copy of the log: read without replaying it.

The log is the only source: rows are written in the transaction that stores the statements.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from hanse_ledger.bodies import Genesis, Propose, Vote
from hanse_ledger.consortium import Consortium
from hanse_ledger.state import Accepted
from node.storage.schema import document

_ALL: Final = select(document.c.raw).order_by(document.c.number)
_COUNT: Final = select(func.count()).select_from(document)


def may_act(accepted: Accepted) -> bool:
    """Say whether a document may begin to act with a statement."""
    return isinstance(accepted.statement.body, Genesis | Propose | Vote)


def complete_documents(connection: Connection, documents: Sequence[Consortium]) -> None:
    """Add those of a log's documents that are not stored yet."""
    stored = count_documents(connection)
    for number, one in enumerate(documents[stored:], stored):
        connection.execute(document.insert(), {"number": number, "raw": one.raw})


def count_documents(connection: Connection) -> int:
    """Return how many documents are stored."""
    return connection.execute(_COUNT).scalar_one()


def stored_documents(connection: Connection) -> list[bytes]:
    """Return the documents in order; the last one is in force. None are there before genesis."""
    return list(connection.execute(_ALL).scalars())
