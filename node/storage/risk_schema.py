"""The tables of risk management, beside those of `schema`. What changes here gets a migration beside it.

Their contents never leave the node. Money is whole minor units, times are ISO text in UTC.
"""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, UniqueConstraint

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
risk_policy = Table(
    "risk_policy",
    metadata,
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("adopted_at", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("note", TEXT, nullable=False),
)
risk_model = Table(
    "risk_model",
    metadata,
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    Column("fitted_at", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("model", TEXT),
    Column("card", TEXT, nullable=False),
)
local_input = Table(
    "local_input",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("subject", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("content", TEXT, nullable=False),
    Column("as_of", TEXT, nullable=False),
    Column("expires_on", TEXT, nullable=False),
    Column("entered_at", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Index("local_input_subject", "subject", "kind"),
)
response = Table(
    "response",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("subject", TEXT, nullable=False),
    Column("policy", NUMBER, nullable=False),
    Column("proposed_at", TEXT, nullable=False),
    Column("proposed_by", TEXT, nullable=False),
    Column("content", TEXT, nullable=False),
    Column("fingerprint", TEXT, nullable=False),
    Column("at_stake_minor", NUMBER),
    Column("due_on", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("decided_at", TEXT),
    Column("decided_by", TEXT),
    Column("done_at", TEXT),
    Column("done_by", TEXT),
    Column("outcome", TEXT),
    Index("response_subject", "subject", "number"),
    Index("response_state", "state", "due_on"),
)
risk_entry = Table(
    "risk_entry",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("subject", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("text", TEXT, nullable=False),
    Column("probability", NUMBER, nullable=False),
    Column("impact", NUMBER, nullable=False),
    Column("rule", TEXT),
    Column("owner", TEXT),
    Column("evidence", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("found_at", TEXT, nullable=False),
    Column("found_by", TEXT, nullable=False),
    Column("changed_at", TEXT, nullable=False),
    Column("holds", Boolean),
    UniqueConstraint("subject", "rule"),
    Index("risk_entry_state", "state", "number"),
)
review = Table(
    "review",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("subject", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("looked_at", TEXT, nullable=False),
    Column("decision", TEXT, nullable=False),
    Column("grade", TEXT, nullable=False),
    Column("next_on", TEXT, nullable=False),
    Index("review_subject", "subject", "number"),
)
