"""Which validators CometBFT has, after every update that it was given."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from node.storage.schema import validator


def stored_validators(connection: Connection) -> frozenset[bytes]:
    """Return the keys of those that agree, after every update given so far; none before the first block."""
    return frozenset(connection.execute(select(validator.c.public_key)).scalars())


def put_validators(connection: Connection, keys: Collection[bytes]) -> None:
    """Store the keys of those that agree in the place of those before."""
    connection.execute(validator.delete())
    for key in sorted(keys):
        connection.execute(validator.insert(), {"public_key": key})
