"""Public facts and aliases by their subject. What the log holds already is added when it is read."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "public_fact",
        sa.Column("position", NUMBER, autoincrement=False, nullable=False),
        sa.Column("desk", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("kind", NUMBER, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("withdraws", NUMBER, nullable=True),
        sa.Column("withdrawn_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("public_fact_subject", "public_fact", ["subject"])
    op.create_table(
        "public_alias",
        sa.Column("other", TEXT, nullable=False),
        sa.Column("primary", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("other"),
    )
    op.create_index("public_alias_primary", "public_alias", ["primary"])
