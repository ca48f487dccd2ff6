"""The register of risks, and reviews."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "risk_entry",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("probability", NUMBER, nullable=False),
        sa.Column("impact", NUMBER, nullable=False),
        sa.Column("rule", TEXT, nullable=True),
        sa.Column("owner", TEXT, nullable=True),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("found_at", TEXT, nullable=False),
        sa.Column("found_by", TEXT, nullable=False),
        sa.Column("changed_at", TEXT, nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("subject", "rule"),
    )
    op.create_index("risk_entry_state", "risk_entry", ["state", "number"])
    op.create_table(
        "review",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("looked_at", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("grade", TEXT, nullable=False),
        sa.Column("next_on", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("review_subject", "review", ["subject", "number"])
