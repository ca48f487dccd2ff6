"""Versions of the risk policy, what people enter about customers, and responses."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "risk_policy",
        sa.Column("version", NUMBER, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("adopted_at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "local_input",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("as_of", TEXT, nullable=False),
        sa.Column("expires_on", TEXT, nullable=False),
        sa.Column("entered_at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("local_input_subject", "local_input", ["subject", "kind"])
    op.create_table(
        "response",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("policy", NUMBER, nullable=False),
        sa.Column("proposed_at", TEXT, nullable=False),
        sa.Column("proposed_by", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("at_stake_minor", NUMBER, nullable=True),
        sa.Column("due_on", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_at", TEXT, nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("done_at", TEXT, nullable=True),
        sa.Column("done_by", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("response_subject", "response", ["subject", "number"])
    op.create_index("response_state", "response", ["state", "due_on"])
