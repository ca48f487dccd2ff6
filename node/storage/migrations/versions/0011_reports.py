"""Portfolio runs, and the answer files that went into reports."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "portfolio_run",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("made_at", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("standings", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "kept_answer_file",
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
