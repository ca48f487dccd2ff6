"""What signals need: figures beside answers, since when rows count, the firm's own limits."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    op.add_column("draft", sa.Column("counted_in", NUMBER, nullable=True))
    op.add_column("inquiry", sa.Column("figures", TEXT, nullable=True))
    op.create_index("inquiry_subject", "inquiry", ["subject", "position"])
    op.create_table(
        "credit_limit",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("limit_minor", NUMBER, nullable=False),
        sa.Column("set_by", TEXT, nullable=False),
        sa.Column("set_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
