"""Every table of a node's database, whichever module it is written in: what migrations are held against."""

from node.storage import (
    bulletin_schema,
    contest_schema,
    monitoring_schema,
    public_schema,
    report_schema,
    risk_schema,
)
from node.storage.schema import metadata

__all__ = [
    "bulletin_schema",
    "contest_schema",
    "metadata",
    "monitoring_schema",
    "public_schema",
    "report_schema",
    "risk_schema",
]
