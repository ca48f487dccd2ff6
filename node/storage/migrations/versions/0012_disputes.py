"""Disputes: what a steward holds of them, what a member is asked, what a desk has filed."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "disputed_row",
        sa.Column("dispute", NUMBER, nullable=False),
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("row", NUMBER, nullable=False),
        sa.Column("member", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("dispute", "entry", "row"),
    )
    op.create_index("disputed_row_member", "disputed_row", ["member"])
    op.create_table(
        "contested_row",
        sa.Column("dispute", NUMBER, nullable=False),
        sa.Column("report", NUMBER, nullable=False),
        sa.Column("row", NUMBER, nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("heard_at", TEXT, nullable=False),
        sa.Column("item", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("dispute", "report", "row"),
    )
    op.create_table(
        "desk_dispute",
        sa.Column("seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("desk_dispute_reference", "desk_dispute", ["reference"])
