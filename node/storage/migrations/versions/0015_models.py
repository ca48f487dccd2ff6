"""The fitted models of risk management."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "risk_model",
        sa.Column("version", NUMBER, autoincrement=False, nullable=False),
        sa.Column("fitted_at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=True),
        sa.Column("card", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
