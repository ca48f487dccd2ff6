"""The tables of a node's own database. What changes here gets a migration beside it.

Every party's node has the same tables and uses those of its roles. Months are numbers (year * 12 +
month - 1), money is whole minor units, dates are ISO text, hashes, tokens and keys are raw bytes.
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata = MetaData()

REVISION: Final = "0002"
"""The newest migration, which makes these tables."""

# The log: every node has the whole of it.

log_entry = Table(
    "log_entry",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("leaf", LargeBinary, nullable=False, unique=True),
    Column("statement", LargeBinary, nullable=False),
)
log_hash = Table(
    "log_hash",
    metadata,
    Column("level", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "position"),
    sqlite_with_rowid=False,
)
log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("note", LargeBinary, nullable=False),
)
cosigned = Table(
    "cosigned",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("lines", LargeBinary, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("statement", LargeBinary, nullable=False),
)

# A member's private side.

book_import = Table(
    "book_import",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("taken", Integer, nullable=False),
)
invoice = Table(
    "invoice",
    metadata,
    Column("customer", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("invoice_date", Text, nullable=False),
    Column("due_date", Text, nullable=False),
    Column("paid_date", Text),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("lost_on", Text),
    Column("disputed", Boolean, nullable=False),
    Column("import_id", Integer, ForeignKey("book_import.id"), nullable=False),
    PrimaryKeyConstraint("customer", "reference"),
    Index("invoice_subject", "subject"),
)
token = Table(
    "token",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("token", LargeBinary, nullable=False),
)
draft = Table(
    "draft",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("log_month", Integer, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("evidence_roots", LargeBinary, nullable=False),
    Column("seq", Integer),
    Column("counted", Boolean, nullable=False),
)
own_row = Table(
    "own_row",
    metadata,
    Column("subject", Text, nullable=False),
    Column("month", Integer, nullable=False),
    Column("condition", Integer, nullable=False),
    Column("exposure", Integer, nullable=False),
    Column("delay", Integer, nullable=False),
    Column("peak_minor", Integer, nullable=False),
    Column("delay_days", Integer, nullable=False),
    Column("draft", Integer, ForeignKey("draft.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    PrimaryKeyConstraint("subject", "month"),
    Index("own_row_draft", "draft"),
)
share_out = Table(
    "share_out",
    metadata,
    Column("seq", Integer, nullable=False),
    Column("x", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("seq", "x"),
)
inquiry = Table(
    "inquiry",
    metadata,
    Column("request_hash", LargeBinary, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer_key", LargeBinary, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("position", Integer),
    Column("answers", LargeBinary),
)
api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
    Column("last_used", Text),
    Index("api_key_name", "name"),
)
evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# A steward's vault.

sealing_key = Table(
    "sealing_key",
    metadata,
    Column("key_id", LargeBinary, primary_key=True),
    Column("first_month", Integer, nullable=False, unique=True),
    Column("private", LargeBinary, nullable=False),
    Column("signed", LargeBinary, nullable=False),
)
seed = Table(
    "seed",
    metadata,
    Column("stewards", LargeBinary, nullable=False),
    Column("y", Integer, nullable=False),
    Column("quarter", Integer, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("message", LargeBinary),
    PrimaryKeyConstraint("stewards", "y", "quarter"),
)
seed_hash = Table(
    "seed_hash",
    metadata,
    Column("stewards", LargeBinary, nullable=False),
    Column("y", Integer, nullable=False),
    Column("quarter", Integer, nullable=False),
    Column("x", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stewards", "y", "quarter", "x"),
)
share_in = Table(
    "share_in",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("party", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("share_in_party", "party"),
)
opened = Table(
    "opened",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("member", Text, nullable=False),
    Column("validity", LargeBinary, nullable=False),
    Column("tokens", LargeBinary),
    Column("months", LargeBinary),
    Column("share", LargeBinary),
)
opened_month = Table(
    "opened_month",
    metadata,
    Column("month", Integer, nullable=False),
    Column("entry", Integer, ForeignKey("opened.entry"), nullable=False),
    PrimaryKeyConstraint("month", "entry"),
    sqlite_with_rowid=False,
)
seen_entry = Table(
    "seen_entry",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("seen_at", Text, nullable=False),
)
window = Table(
    "window",
    metadata,
    Column("token", LargeBinary, nullable=False),
    Column("frozen_at", Integer, nullable=False),
    Column("months", Integer, nullable=False),
    Column("groups", Integer, nullable=False),
    Column("share", LargeBinary, nullable=False),
    Column("withheld_at", Integer),
    PrimaryKeyConstraint("token", "frozen_at", "months"),
    Index("window_frozen_at", "frozen_at"),
    sqlite_with_rowid=False,
)
frozen_month = Table(
    "frozen_month",
    metadata,
    Column("month", Integer, primary_key=True),
    Column("contributions", LargeBinary, nullable=False),
)
answer = Table(
    "answer",
    metadata,
    Column("request_hash", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
token_use = Table(
    "token_use",
    metadata,
    Column("party", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("elements", Integer, nullable=False),
    PrimaryKeyConstraint("party", "day"),
)
