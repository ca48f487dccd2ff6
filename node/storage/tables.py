"""Every table of a node's database, whichever module it is written in: what migrations are held against."""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table

from node.storage import (
    bulletin_schema,
    contest_schema,
    monitoring_schema,
    public_schema,
    report_schema,
    risk_schema,
    transfer_schema,
)
from node.storage.schema import metadata

__all__ = [
    "bulletin_schema",
    "contest_schema",
    "create_all",
    "metadata",
    "monitoring_schema",
    "public_schema",
    "report_schema",
    "risk_schema",
    "transfer_schema",
    "version",
]

version: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own, as it makes it: which migration a database has come to."""


def create_all(connection: Connection, revision: str) -> None:
    """Make the tables of a new database as they are after the migration `revision`, the newest one."""
    metadata.create_all(connection, checkfirst=False)
    version.create(connection)
    connection.execute(version.insert(), {"version_num": revision})
