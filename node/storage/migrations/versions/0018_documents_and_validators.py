"""Every consortium document that has been in force, and the validators that CometBFT has."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "document",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "validator",
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("public_key"),
    )
