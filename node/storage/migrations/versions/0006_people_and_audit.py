"""The own people of risk management, and the audit chain."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "person",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("added_at", TEXT, nullable=False),
        sa.Column("retired_at", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("audit_subject", "audit", ["subject"])
    op.create_index("audit_action", "audit", ["action", "subject"])
    op.add_column("api_key", sa.Column("person", TEXT, nullable=True))
