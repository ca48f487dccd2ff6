"""Evidence against whoever orders the log."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import TEXT

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "log_evidence",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("term", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
