"""The tables of risk management, beside those of `schema`. What changes here gets a migration beside it.

Their contents never leave the node. Money is whole minor units, times are ISO text in UTC.
"""

from sqlalchemy import Column, Index, LargeBinary, Table

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

person = Table(
    "person",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("role", TEXT, nullable=False),
    Column("added_at", TEXT, nullable=False),
    Column("retired_at", TEXT),
)
credit_limit = Table(
    "credit_limit",
    metadata,
    Column("subject", TEXT, primary_key=True),
    Column("limit_minor", NUMBER, nullable=False),
    Column("set_by", TEXT, nullable=False),
    Column("set_at", TEXT, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("at", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("action", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("content", TEXT, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("audit_subject", "subject"),
    Index("audit_action", "action", "subject"),
)
