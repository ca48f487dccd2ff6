"""What a steward gets from others in the place of values that it lacks."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "received_unit",
        sa.Column("kind", NUMBER, nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.Column("start", NUMBER, nullable=False),
        sa.Column("first", NUMBER, nullable=False),
        sa.Column("second", NUMBER, nullable=False),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("come_at", NUMBER, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "place", "start"),
    )
    op.create_table(
        "refused_unit",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", NUMBER, nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.Column("start", NUMBER, nullable=False),
        sa.Column("first", NUMBER, nullable=False),
        sa.Column("second", NUMBER, nullable=False),
        sa.Column("odd", NUMBER),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("refused_unit_unit", "refused_unit", ["kind", "place", "start"])
    op.create_table(
        "shares_standing",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("lacking", NUMBER, nullable=False),
        sa.Column("received", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
