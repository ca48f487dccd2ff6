"""The tables of disputes: what a steward holds of them, what a member is asked, what a desk has filed."""

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

# A steward's: the counting rows on a disputed subject as they stood when the dispute took effect.

disputed_row = Table(
    "disputed_row",
    metadata,
    Column("dispute", NUMBER, nullable=False),
    Column("entry", NUMBER, nullable=False),
    Column("row", NUMBER, nullable=False),
    Column("member", TEXT, nullable=False),
    PrimaryKeyConstraint("dispute", "entry", "row"),
    Index("disputed_row_member", "member"),
)

# A steward's: whom it has answered inquiries about, for which purpose, in which log month; not by whom.

answered_inquiry = Table(
    "answered_inquiry",
    metadata,
    Column("request_hash", LargeBinary, primary_key=True),
    Column("token", LargeBinary, nullable=False),
    Column("month", NUMBER, nullable=False),
    Column("purpose", TEXT, nullable=False),
    Index("answered_inquiry_token", "token", "month"),
    Index("answered_inquiry_month", "month"),
)

# A member's: its own rows that are contested, and which item of a bulletin answers for each.

contested_row = Table(
    "contested_row",
    metadata,
    Column("dispute", NUMBER, nullable=False),
    Column("report", NUMBER, nullable=False),
    Column("row", NUMBER, nullable=False),
    Column("month", NUMBER, nullable=False),
    Column("heard_at", TEXT, nullable=False),
    Column("item", NUMBER),
    PrimaryKeyConstraint("dispute", "report", "row"),
)

# A desk's: whom each of its disputes is about, which nobody but the stewards can see on the log.

desk_dispute = Table(
    "desk_dispute",
    metadata,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),
    Column("reference", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("opened_at", TEXT, nullable=False),
    Index("desk_dispute_reference", "reference"),
)
