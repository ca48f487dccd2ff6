"""What the member's API keeps: calls, previews of imports, customers, portfolios, and how inquiries ended."""

import sqlalchemy as sa
from alembic import op

from hanse_ledger.privacy.answer import parse_request
from node.storage.columns import NUMBER, TEXT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_call",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("begun_at", TEXT, nullable=False),
        sa.Column("status", NUMBER, nullable=True),
        sa.Column("media_type", TEXT, nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("api_call_begun_at", "api_call", ["begun_at"])
    op.create_table(
        "import_preview",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("refused", sa.LargeBinary(), nullable=False),
        sa.Column("unmatched", sa.LargeBinary(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "customer",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("customer"),
    )
    op.create_index("customer_subject", "customer", ["subject"])
    op.create_table(
        "portfolio",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("total", NUMBER, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("ended_at", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "portfolio_item",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("asked", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["portfolio"], ["portfolio.id"]),
        sa.PrimaryKeyConstraint("portfolio", "number"),
    )
    op.create_index("portfolio_item_subject", "portfolio_item", ["portfolio", "subject"])
    _say_more_of_inquiries()


def _say_more_of_inquiries() -> None:
    """Put beside each stored request what had to be read out of it before."""
    for name in ("request_id", "purpose", "call", "status", "code"):
        op.add_column("inquiry", sa.Column(name, TEXT, nullable=True))
    names = ("request_hash", "request", "request_id", "purpose")
    inquiry = sa.table("inquiry", *map(sa.column, names))
    connection = op.get_bind()
    stored = connection.execute(sa.select(inquiry.c.request_hash, inquiry.c.request)).all()
    for row in stored:
        request = parse_request(row.request)
        values = {"request_id": request.request_id.hex(), "purpose": request.purpose}
        connection.execute(inquiry.update().where(inquiry.c.request_hash == row.request_hash).values(values))
    with op.batch_alter_table("inquiry") as batch:
        batch.alter_column("request_id", existing_type=TEXT, nullable=False)
        batch.alter_column("purpose", existing_type=TEXT, nullable=False)
        batch.create_index("inquiry_request_id", ["request_id"], unique=True)
        batch.create_index("inquiry_made_at", ["made_at", "request_id"])
        batch.create_index("inquiry_call", ["call", "subject"])
