"""The tables of reports and portfolio runs, beside those of `schema`. Their contents never leave the node."""

from sqlalchemy import Column, LargeBinary, Table

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

portfolio_run = Table(
    "portfolio_run",
    metadata,
    Column("month", NUMBER, primary_key=True, autoincrement=False),
    Column("made_at", TEXT, nullable=False),
    Column("policy", TEXT, nullable=False),
    Column("standings", LargeBinary, nullable=False),
)
kept_answer_file = Table(
    "kept_answer_file",
    metadata,
    Column("request_id", TEXT, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
