"""Bulletins: what a member sends in them, what a steward finds in them."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "period_seen",
        sa.Column("period", NUMBER, nullable=False, autoincrement=False),
        sa.Column("seen_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("period"),
    )
    op.create_table(
        "bulletin_item",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("is_raised", sa.Boolean(), nullable=True),
        sa.Column("dispute", NUMBER, nullable=True),
        sa.Column("report", NUMBER, nullable=True),
        sa.Column("row", NUMBER, nullable=True),
        sa.Column("code", NUMBER, nullable=True),
        sa.Column("period", NUMBER, nullable=True),
        sa.Column("took_effect", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bulletin_item_period", "bulletin_item", ["period"])
    op.create_index("bulletin_item_took_effect", "bulletin_item", ["took_effect"])
    op.create_table(
        "own_bulletin",
        sa.Column("period", NUMBER, nullable=False, autoincrement=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("period"),
    )
    op.create_table(
        "opened_text",
        sa.Column("entry", NUMBER, nullable=False, autoincrement=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("took_effect", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_index("opened_text_party", "opened_text", ["party"])
    op.create_index("opened_text_took_effect", "opened_text", ["took_effect"])
    op.create_table(
        "warning",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("member", TEXT, nullable=False),
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("took_effect", NUMBER, nullable=False),
        sa.Column("log_month", NUMBER, nullable=False),
        sa.Column("is_raised", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("token", "member", "entry"),
        sqlite_with_rowid=False,
    )
    op.create_index("warning_member", "warning", ["member"])
    op.create_table(
        "row_withdrawal",
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("slot", NUMBER, nullable=False),
        sa.Column("member", TEXT, nullable=False),
        sa.Column("report", NUMBER, nullable=False),
        sa.Column("row", NUMBER, nullable=False),
        sa.Column("code", NUMBER, nullable=False),
        sa.Column("dispute", NUMBER, nullable=True),
        sa.Column("took_effect", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("entry", "slot"),
    )
    op.create_index("row_withdrawal_row", "row_withdrawal", ["member", "report", "row"])
    op.create_table(
        "disputed_token",
        sa.Column("entry", NUMBER, nullable=False, autoincrement=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("took_effect", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_index("disputed_token_token", "disputed_token", ["token"])
