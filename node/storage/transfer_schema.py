"""The tables of a steward that gets values from others: what has come, what did not hold, how it stands."""

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

# What two others have given, until it was held against all others: nothing of it is answered before.

received_unit = Table(
    "received_unit",
    metadata,
    Column("kind", NUMBER, nullable=False),
    Column("place", NUMBER, nullable=False),
    Column("start", NUMBER, nullable=False),
    Column("first", NUMBER, nullable=False),
    Column("second", NUMBER, nullable=False),
    Column("asked_at", NUMBER, nullable=False),
    Column("come_at", NUMBER, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("share", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "place", "start"),
)

# Which pair's values did not hold, and whose values alone were off the line, if they were.

refused_unit = Table(
    "refused_unit",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("kind", NUMBER, nullable=False),
    Column("place", NUMBER, nullable=False),
    Column("start", NUMBER, nullable=False),
    Column("first", NUMBER, nullable=False),
    Column("second", NUMBER, nullable=False),
    Column("odd", NUMBER),
    Column("at", TEXT, nullable=False),
    Index("refused_unit_unit", "kind", "place", "start"),
)

# How it stands, for the party's own people: one row.

shares_standing = Table(
    "shares_standing",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("state", TEXT, nullable=False),
    Column("lacking", NUMBER, nullable=False),
    Column("received", NUMBER, nullable=False),
)
