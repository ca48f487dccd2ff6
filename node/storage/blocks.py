"""The last block of a node that orders by agreement: how far CometBFT has come, and the log with it."""

from typing import Final

from sqlalchemy import Connection, select

from node.storage.schema import block

_LAST: Final = select(block.c.height, block.c.size)


def last_block(connection: Connection) -> tuple[int, int] | None:
    """Return the height of the last committed block and the size of the log at its end; None before any."""
    row = connection.execute(_LAST).one_or_none()
    return None if row is None else (row.height, row.size)


def put_block(connection: Connection, *, height: int, size: int) -> None:
    """Store the last block in the place of the one before."""
    values = {"height": height, "size": size}
    if not connection.execute(block.update(), values).rowcount:
        connection.execute(block.insert(), values)
