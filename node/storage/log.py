"""The log as one node stores it: statements, the tree's complete subtrees, checkpoints, its cosignatures.

Complete subtrees never change, so a tile of any size is read from them (ADR 0003).
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from hanse_ledger.checkpoint import Checkpoint
from hanse_ledger.errors import CheckpointConflictError, CorruptionError
from hanse_ledger.ids import NodeHash
from hanse_ledger.note import Note, parse_signature_lines
from hanse_ledger.state import Accepted
from node.storage.bulk import bulk_insert
from node.storage.database import Database
from node.storage.schema import cosigned, log_checkpoint, log_entry, log_hash

# Asked for at every inquiry: building a statement costs more than running it.
_ENTRIES: Final = (
    select(log_entry.c.statement)
    .where(log_entry.c.position >= bindparam("start"))
    .order_by(log_entry.c.position)
    .limit(bindparam("most"))
)
_NODE: Final = select(log_hash.c.hash).where(
    log_hash.c.level == bindparam("level"), log_hash.c.position == bindparam("position")
)
_NODES: Final = (
    select(log_hash.c.hash)
    .where(
        log_hash.c.level == bindparam("level"),
        log_hash.c.position.between(bindparam("first"), bindparam("last")),
    )
    .order_by(log_hash.c.position)
)
_NEWEST: Final = select(log_checkpoint.c.note).order_by(log_checkpoint.c.size.desc()).limit(1)
_MOVE_CHECKPOINT: Final = log_checkpoint.update()
_ADD_CHECKPOINT: Final = log_checkpoint.insert()


class LogStore:
    """Reads the log, and adds to it within the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def size(self) -> int:
        """Return the number of statements stored."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(log_entry)).scalar_one()

    def entries(self, start: int, limit: int) -> list[bytes]:
        """Return up to `limit` statements from index `start` on, in order."""
        with self._database.read() as connection:
            return list(connection.execute(_ENTRIES, {"start": start, "most": limit}).scalars())

    def index_of(self, leaf: NodeHash) -> int | None:
        """Return the index at which exactly this statement stands, or None."""
        with self._database.read() as connection:
            return connection.execute(select(log_entry.c.position).where(log_entry.c.leaf == leaf)).scalar()

    def node(self, level: int, index: int) -> NodeHash:
        """Return a complete subtree's hash: the `HashReader` of the stored tree."""
        with self._database.read() as connection:
            found = connection.execute(_NODE, {"level": level, "position": index}).scalar()
        if found is None:
            raise CorruptionError(f"the stored tree lacks node {index} of level {level}")
        return NodeHash(found)

    def nodes(self, level: int, first: int, count: int) -> list[NodeHash]:
        """Return the hashes of neighbouring complete subtrees of one level."""
        with self._database.read() as connection:
            found = connection.execute(_NODES, {"level": level, "first": first, "last": first + count - 1})
            hashes = [NodeHash(raw) for raw in found.scalars()]
        if len(hashes) != count:
            raise CorruptionError(f"the stored tree lacks nodes of level {level} from {first} on")
        return hashes

    def checkpoint(self) -> bytes | None:
        """Return the newest checkpoint that was stored, as a note."""
        with self._database.read() as connection:
            return connection.execute(_NEWEST).scalar()

    def keep_cosigned(self, *, size: int, note: bytes) -> None:
        """Put a checkpoint with cosignatures in the place of the newest, where that has this size."""
        is_newest = log_checkpoint.c.size == size
        with self._database.write() as connection:
            connection.execute(log_checkpoint.update().where(is_newest).values(note=note))

    def cosigned_origins(self) -> list[str]:
        """Return the logs of which a checkpoint was cosigned."""
        with self._database.read() as connection:
            return list(connection.execute(select(cosigned.c.origin)).scalars())

    def last_cosigned(self, origin: str) -> tuple[int, NodeHash] | None:
        """Return size and root of the last checkpoint cosigned for an origin."""
        query = select(cosigned.c.size, cosigned.c.root).where(cosigned.c.origin == origin)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.size, NodeHash(row.root))

    def cosigned_note(self, origin: str) -> bytes | None:
        """Return the checkpoint that was cosigned last for an origin, with what signed it."""
        query = select(cosigned).where(cosigned.c.origin == origin)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        text = Checkpoint(origin=origin, size=row.size, root=NodeHash(row.root)).encode()
        return Note(text=text, signatures=parse_signature_lines(row.lines)).encode()

    def store_cosigned(
        self, *, origin: str, size: int, root: NodeHash, lines: bytes, expected_size: int
    ) -> None:
        """Store what is about to be cosigned; nothing leaves before this returns.

        Compares and stores in one transaction: CheckpointConflictError, whose message is the size cosigned
        last, where that is no longer `expected_size` (0 for nothing).
        """
        values = {"size": size, "root": root, "lines": lines}
        is_last = (cosigned.c.origin == origin) & (cosigned.c.size == expected_size)
        last = select(cosigned.c.size).where(cosigned.c.origin == origin)
        with self._database.write() as connection:
            if connection.execute(cosigned.update().where(is_last).values(values)).rowcount:
                return
            stored = connection.execute(last).scalar()
            if stored is not None or expected_size:
                raise CheckpointConflictError(str(stored or 0))
            connection.execute(cosigned.insert(), {"origin": origin, **values})


def append_entries(connection: Connection, entries: Iterable[tuple[bytes, Accepted]]) -> None:
    """Add accepted statements and the subtrees that they completed."""
    entries = list(entries)
    if not entries:
        return
    rows = [{"position": a.index, "leaf": a.leaf, "statement": raw} for raw, a in entries]
    bulk_insert(connection, log_entry, rows)
    nodes = [
        {"level": node.level, "position": node.position, "hash": node.hash}
        for _, accepted in entries
        for node in accepted.completed
    ]
    bulk_insert(connection, log_hash, nodes)


def put_checkpoint(connection: Connection, *, size: int, note: bytes) -> None:
    """Store the newest checkpoint in the place of the one before, which has served."""
    values = {"size": size, "note": note}
    if not connection.execute(_MOVE_CHECKPOINT, values).rowcount:
        connection.execute(_ADD_CHECKPOINT, values)
