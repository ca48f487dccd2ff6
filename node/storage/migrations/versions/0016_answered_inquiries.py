"""How many inquiries a steward has answered about a subject: what its desk may learn."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "answered_inquiry",
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("request_hash"),
    )
    op.create_index("answered_inquiry_token", "answered_inquiry", ["token", "month"])
    op.create_index("answered_inquiry_month", "answered_inquiry", ["month"])
