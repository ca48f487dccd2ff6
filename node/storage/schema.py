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
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)

from node.storage.columns import NUMBER, TEXT

metadata = MetaData()

REVISION: Final = "0019"
"""The newest migration, which makes these tables."""

# The log: every node has the whole of it.

log_entry = Table(
    "log_entry",
    metadata,
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False, unique=True),
    Column("statement", LargeBinary, nullable=False),
)
log_hash = Table(
    "log_hash",
    metadata,
    Column("level", NUMBER, nullable=False),
    Column("position", NUMBER, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "position"),
    sqlite_with_rowid=False,
)
log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("size", NUMBER, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)
cosigned = Table(
    "cosigned",
    metadata,
    Column("origin", TEXT, primary_key=True),
    Column("size", NUMBER, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("lines", LargeBinary, nullable=False),
)
log_evidence = Table(
    "log_evidence",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("term", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
block = Table(
    "block",
    metadata,
    Column("height", NUMBER, primary_key=True, autoincrement=False),
    Column("size", NUMBER, nullable=False),
    Column("signed_height", NUMBER, nullable=False),
)
misbehaved = Table(
    "misbehaved",
    metadata,
    Column("block", NUMBER, primary_key=True, autoincrement=False),
    Column("address", LargeBinary, primary_key=True),
    Column("height", NUMBER, primary_key=True, autoincrement=False),
)
validator = Table(
    "validator",
    metadata,
    Column("public_key", LargeBinary, primary_key=True),
)
document = Table(
    "document",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),
    Column("statement", LargeBinary, nullable=False),
)

# A member's private side.

book_import = Table(
    "book_import",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("as_of", TEXT, nullable=False),
    Column("taken", NUMBER, nullable=False),
)
invoice = Table(
    "invoice",
    metadata,
    Column("customer", TEXT, nullable=False),
    Column("reference", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("invoice_date", TEXT, nullable=False),
    Column("due_date", TEXT, nullable=False),
    Column("paid_date", TEXT),
    Column("amount_minor", NUMBER, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("lost_on", TEXT),
    Column("disputed", Boolean, nullable=False),
    Column("import_id", NUMBER, ForeignKey("book_import.id"), nullable=False),
    Column("trouble", TEXT),
    PrimaryKeyConstraint("customer", "reference"),
    Index("invoice_subject", "subject"),
)
token = Table(
    "token",
    metadata,
    Column("subject", TEXT, primary_key=True),
    Column("token", LargeBinary, nullable=False),
)
draft = Table(
    "draft",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("log_month", NUMBER, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("evidence_roots", LargeBinary, nullable=False),
    Column("seq", NUMBER),
    Column("counted", Boolean, nullable=False),
    Column("counted_in", NUMBER),
)
own_row = Table(
    "own_row",
    metadata,
    Column("subject", TEXT, nullable=False),
    Column("month", NUMBER, nullable=False),
    Column("condition", NUMBER, nullable=False),
    Column("exposure", NUMBER, nullable=False),
    Column("delay", NUMBER, nullable=False),
    Column("peak_minor", NUMBER, nullable=False),
    Column("delay_days", NUMBER, nullable=False),
    Column("draft", NUMBER, ForeignKey("draft.id"), nullable=False),
    Column("number", NUMBER, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    PrimaryKeyConstraint("subject", "month"),
    Index("own_row_draft", "draft"),
)
share_out = Table(
    "share_out",
    metadata,
    Column("seq", NUMBER, nullable=False),
    Column("x", NUMBER, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("seq", "x"),
)
inquiry = Table(
    "inquiry",
    metadata,
    Column("request_hash", LargeBinary, primary_key=True),
    Column("subject", TEXT, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer_key", LargeBinary, nullable=False),
    Column("made_at", TEXT, nullable=False),
    Column("position", NUMBER),
    Column("answers", LargeBinary),
    Column("request_id", TEXT, nullable=False),
    Column("purpose", TEXT, nullable=False),
    Column("call", TEXT),
    Column("status", TEXT),
    Column("code", TEXT),
    Column("figures", TEXT),
    Index("inquiry_request_id", "request_id", unique=True),
    Index("inquiry_made_at", "made_at", "request_id"),
    Index("inquiry_call", "call", "subject"),
    Index("inquiry_subject", "subject", "position"),
)
api_key = Table(
    "api_key",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("scopes", TEXT, nullable=False),
    Column("created_at", TEXT, nullable=False),
    Column("expires_at", TEXT),
    Column("revoked_at", TEXT),
    Column("last_used", TEXT),
    Column("person", TEXT),
    Index("api_key_name", "name"),
)
api_call = Table(
    "api_call",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("effect", TEXT, nullable=False),
    Column("begun_at", TEXT, nullable=False),
    Column("status", NUMBER),
    Column("media_type", TEXT),
    Column("response", LargeBinary),
    Index("api_call_begun_at", "begun_at"),
)
import_preview = Table(
    "import_preview",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("state", TEXT, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("as_of", TEXT, nullable=False),
    Column("created_at", TEXT, nullable=False),
    Column("summary", TEXT, nullable=False),
    Column("refused", LargeBinary, nullable=False),
    Column("unmatched", LargeBinary, nullable=False),
    Column("records", LargeBinary),
)
customer = Table(
    "customer",
    metadata,
    Column("customer", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("name_key", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("updated_at", TEXT, nullable=False),
    Index("customer_subject", "subject"),
)
portfolio = Table(
    "portfolio",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("purpose", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("code", TEXT),
    Column("total", NUMBER, nullable=False),
    Column("created_at", TEXT, nullable=False),
    Column("ended_at", TEXT),
)
portfolio_item = Table(
    "portfolio_item",
    metadata,
    Column("portfolio", TEXT, ForeignKey("portfolio.id"), nullable=False),
    Column("number", NUMBER, nullable=False),
    Column("asked", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("code", TEXT),
    PrimaryKeyConstraint("portfolio", "number"),
    Index("portfolio_item_subject", "portfolio", "subject"),
)
evidence = Table(
    "evidence",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("party", TEXT, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# A steward's vault.

sealing_key = Table(
    "sealing_key",
    metadata,
    Column("key_id", LargeBinary, primary_key=True),
    Column("first_month", NUMBER, nullable=False, unique=True),
    Column("private", LargeBinary, nullable=False),
    Column("signed", LargeBinary, nullable=False),
)
seed = Table(
    "seed",
    metadata,
    Column("stewards", LargeBinary, nullable=False),
    Column("y", NUMBER, nullable=False),
    Column("quarter", NUMBER, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("message", LargeBinary),
    PrimaryKeyConstraint("stewards", "y", "quarter"),
)
seed_hash = Table(
    "seed_hash",
    metadata,
    Column("stewards", LargeBinary, nullable=False),
    Column("y", NUMBER, nullable=False),
    Column("quarter", NUMBER, nullable=False),
    Column("x", NUMBER, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stewards", "y", "quarter", "x"),
)
share_in = Table(
    "share_in",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("party", TEXT, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("share_in_party", "party"),
)
opened = Table(
    "opened",
    metadata,
    Column("entry", NUMBER, primary_key=True, autoincrement=False),
    Column("member", TEXT, nullable=False),
    Column("validity", LargeBinary, nullable=False),
    Column("tokens", LargeBinary),
    Column("months", LargeBinary),
    Column("share", LargeBinary),
)
opened_month = Table(
    "opened_month",
    metadata,
    Column("month", NUMBER, nullable=False),
    Column("entry", NUMBER, ForeignKey("opened.entry"), nullable=False),
    PrimaryKeyConstraint("month", "entry"),
    sqlite_with_rowid=False,
)
seen_entry = Table(
    "seen_entry",
    metadata,
    Column("entry", NUMBER, primary_key=True, autoincrement=False),
    Column("seen_at", TEXT, nullable=False),
)
window = Table(
    "window",
    metadata,
    Column("token", LargeBinary, nullable=False),
    Column("frozen_at", NUMBER, nullable=False),
    Column("months", NUMBER, nullable=False),
    Column("groups", NUMBER, nullable=False),
    Column("share", LargeBinary, nullable=False),
    Column("withheld_at", NUMBER),
    PrimaryKeyConstraint("token", "frozen_at", "months"),
    Index("window_frozen_at", "frozen_at"),
    sqlite_with_rowid=False,
)
frozen_month = Table(
    "frozen_month",
    metadata,
    Column("month", NUMBER, primary_key=True, autoincrement=False),
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
    Column("party", TEXT, nullable=False),
    Column("day", TEXT, nullable=False),
    Column("elements", NUMBER, nullable=False),
    PrimaryKeyConstraint("party", "day"),
)
