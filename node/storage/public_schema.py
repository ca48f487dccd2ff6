"""Tables of what everybody may read on the log, taken out of it so that it is found by its subject."""

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, Table

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

public_fact: Final = Table(
    "public_fact",
    metadata,
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("desk", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("kind", NUMBER, nullable=False),
    Column("day", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("withdraws", NUMBER),
    Column("withdrawn_at", NUMBER),
    Index("public_fact_subject", "subject"),
)
public_alias: Final = Table(
    "public_alias",
    metadata,
    Column("other", TEXT, primary_key=True),
    Column("primary", TEXT, nullable=False),
    Index("public_alias_primary", "primary"),
)
