"""Every table of a node's database, whichever module it is written in: what migrations are held against."""

from node.storage import monitoring_schema, public_schema, risk_schema
from node.storage.schema import metadata

__all__ = ["metadata", "monitoring_schema", "public_schema", "risk_schema"]
