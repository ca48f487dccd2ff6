"""The last block of a node that orders by agreement, and which validators have misbehaved."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "block",
        sa.Column("height", NUMBER, autoincrement=False, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("signed_height", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("height"),
    )
    op.create_table(
        "misbehaved",
        sa.Column("block", NUMBER, autoincrement=False, nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("height", NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("block", "address", "height"),
    )
