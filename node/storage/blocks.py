"""What a node that orders by agreement keeps of its blocks: the last one, and who has misbehaved in any."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from node.storage.schema import block, misbehaved

_LAST: Final = select(block.c.height, block.c.size, block.c.signed_height)
_MOVE: Final = block.update()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """How far CometBFT has come, and the log with it."""

    height: int = 0
    size: int = 0
    """The statements in the log at its end."""
    signed_height: int = 0
    """The last height whose block, as a later one says, this node's validator has signed."""


@dataclass(frozen=True, slots=True, order=True)
class Misbehaved:
    """That a block holds evidence against the validator with an address, of what it signed at a height."""

    block: int
    address: bytes
    height: int


def last_block(connection: Connection) -> Block:
    """Return the last committed block; before the first, one of height 0."""
    row = connection.execute(_LAST).one_or_none()
    return (
        Block() if row is None else Block(height=row.height, size=row.size, signed_height=row.signed_height)
    )


def put_block(connection: Connection, last: Block) -> None:
    """Store the last block in the place of the one before."""
    values = {"height": last.height, "size": last.size, "signed_height": last.signed_height}
    if not connection.execute(_MOVE, values).rowcount:
        connection.execute(block.insert(), values)


def all_misbehaved(connection: Connection) -> Sequence[Misbehaved]:
    """Return what was found against any validator, in order."""
    rows = connection.execute(select(misbehaved))
    return sorted(Misbehaved(row.block, bytes(row.address), row.height) for row in rows)


def add_misbehaved(connection: Connection, found: Collection[Misbehaved]) -> None:
    """Keep what a block holds against validators."""
    if found:
        rows = [{"block": one.block, "address": one.address, "height": one.height} for one in found]
        connection.execute(misbehaved.insert(), rows)
