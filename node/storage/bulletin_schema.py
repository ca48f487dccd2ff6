"""The tables of bulletins: what a member sends in them, what a steward found in them (protocol section 8)."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

period_seen = Table(
    "period_seen",
    metadata,
    Column("period", NUMBER, primary_key=True, autoincrement=False),
    Column("seen_at", TEXT, nullable=False),
)

# A member's: what waits for a bulletin, and the one that is on its way.

bulletin_item = Table(
    "bulletin_item",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("is_raised", Boolean),
    Column("dispute", NUMBER),
    Column("report", NUMBER),
    Column("row", NUMBER),
    Column("code", NUMBER),
    Column("period", NUMBER),
    Column("took_effect", NUMBER),
    Column("log_month", NUMBER),
    Index("bulletin_item_period", "period"),
    Index("bulletin_item_took_effect", "took_effect"),
)
own_bulletin = Table(
    "own_bulletin",
    metadata,
    Column("period", NUMBER, primary_key=True, autoincrement=False),
    Column("seq", NUMBER, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

seen_log_month = Table(
    "seen_log_month",
    metadata,
    Column("month", NUMBER, primary_key=True, autoincrement=False),
)
own_warning = Table(
    "own_warning",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("subject", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("note", TEXT, nullable=False),
    Column("notified_on", TEXT),
    Column("raised_by", TEXT, nullable=False),
    Column("raised_at", TEXT, nullable=False),
    Column("raise_item", NUMBER, ForeignKey("bulletin_item.id"), nullable=False),
    Column("cleared_by", TEXT),
    Column("cleared_at", TEXT),
    Column("clear_item", NUMBER, ForeignKey("bulletin_item.id")),
    Index("own_warning_subject", "subject"),
)
dismissed_trouble = Table(
    "dismissed_trouble",
    metadata,
    Column("customer", TEXT, nullable=False),
    Column("reference", TEXT, nullable=False),
    Column("trouble", TEXT, nullable=False),
    Column("dismissed_by", TEXT, nullable=False),
    Column("dismissed_at", TEXT, nullable=False),
    PrimaryKeyConstraint("customer", "reference", "trouble"),
)

# A steward's: what it opened, and what that comes to.

opened_text = Table(
    "opened_text",
    metadata,
    Column("entry", NUMBER, primary_key=True, autoincrement=False),
    Column("party", TEXT, nullable=False),
    Column("text", LargeBinary),
    Column("took_effect", NUMBER),
    Index("opened_text_party", "party"),
    Index("opened_text_took_effect", "took_effect"),
)
warning = Table(
    "warning",
    metadata,
    Column("token", LargeBinary, nullable=False),
    Column("member", TEXT, nullable=False),
    Column("entry", NUMBER, nullable=False),
    Column("took_effect", NUMBER, nullable=False),
    Column("log_month", NUMBER, nullable=False),
    Column("is_raised", Boolean, nullable=False),
    PrimaryKeyConstraint("token", "member", "entry"),
    Index("warning_member", "member"),
    sqlite_with_rowid=False,
)
row_withdrawal = Table(
    "row_withdrawal",
    metadata,
    Column("entry", NUMBER, nullable=False),
    Column("slot", NUMBER, nullable=False),
    Column("member", TEXT, nullable=False),
    Column("report", NUMBER, nullable=False),
    Column("row", NUMBER, nullable=False),
    Column("code", NUMBER, nullable=False),
    Column("dispute", NUMBER),
    Column("took_effect", NUMBER, nullable=False),
    PrimaryKeyConstraint("entry", "slot"),
    Index("row_withdrawal_row", "member", "report", "row"),
)
disputed_token = Table(
    "disputed_token",
    metadata,
    Column("entry", NUMBER, primary_key=True, autoincrement=False),
    Column("token", LargeBinary, nullable=False),
    Column("took_effect", NUMBER, nullable=False),
    Index("disputed_token_token", "token"),
)
