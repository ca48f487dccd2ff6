"""The firm's own warnings, and the statuses of invoices that they may rest on."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply."""
    op.add_column("invoice", sa.Column("trouble", TEXT, nullable=True))
    op.add_column("bulletin_item", sa.Column("log_month", NUMBER, nullable=True))
    op.create_table(
        "seen_log_month",
        sa.Column("month", NUMBER, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "own_warning",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("notified_on", TEXT, nullable=True),
        sa.Column("raised_by", TEXT, nullable=False),
        sa.Column("raised_at", TEXT, nullable=False),
        sa.Column("raise_item", NUMBER, nullable=False),
        sa.Column("cleared_by", TEXT, nullable=True),
        sa.Column("cleared_at", TEXT, nullable=True),
        sa.Column("clear_item", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["raise_item"], ["bulletin_item.id"]),
        sa.ForeignKeyConstraint(["clear_item"], ["bulletin_item.id"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("own_warning_subject", "own_warning", ["subject"])
    op.create_table(
        "dismissed_trouble",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("trouble", TEXT, nullable=False),
        sa.Column("dismissed_by", TEXT, nullable=False),
        sa.Column("dismissed_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("customer", "reference", "trouble"),
    )
