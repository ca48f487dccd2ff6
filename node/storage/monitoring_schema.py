"""The tables of monitoring: what happened, who is watched, alerts, what is told of them, emergency plans.

They stand beside those of `schema.py` in the same database, and nothing in them ever leaves the node but as
the party's own e-mail and webhooks.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from node.storage.columns import NUMBER, TEXT
from node.storage.schema import metadata

risk_event = Table(
    "risk_event",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("at", TEXT, nullable=False),
    Column("reached", TEXT),
    Column("done_at", TEXT),
    UniqueConstraint("kind", "key"),
    Index("risk_event_done_at", "done_at"),
)
watched = Table(
    "watched",
    metadata,
    Column("subject", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("person", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
    PrimaryKeyConstraint("subject", "source"),
)
alert_condition = Table(
    "alert_condition",
    metadata,
    Column("subject", TEXT, nullable=False),
    Column("rule", TEXT, nullable=False),
    Column("held", NUMBER, nullable=False),
    Column("raised", Boolean, nullable=False),
    Column("value", TEXT, nullable=False),
    Column("close", NUMBER),
    PrimaryKeyConstraint("subject", "rule"),
)
alert = Table(
    "alert",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("rule", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("severity", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("raised_at", TEXT, nullable=False),
    Column("before", TEXT, nullable=False),
    Column("after", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("assignee", TEXT),
    Column("snoozed_until", TEXT),
    Column("outcome", TEXT),
    Column("closed_at", TEXT),
    Index("alert_subject", "subject", "rule"),
    Index("alert_state", "state", "snoozed_until"),
)
alert_step = Table(
    "alert_step",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("alert", TEXT, ForeignKey("alert.id"), nullable=False),
    Column("at", TEXT, nullable=False),
    Column("person", TEXT, nullable=False),
    Column("action", TEXT, nullable=False),
    Column("content", TEXT, nullable=False),
    Index("alert_step_alert", "alert"),
)
notice = Table(
    "notice",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("kind", TEXT, nullable=False),
    Column("severity", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("content", TEXT, nullable=False),
)
channel = Table(
    "channel",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("reached", NUMBER, nullable=False),
    Column("attempts", NUMBER, nullable=False),
    Column("next_at", TEXT),
)
delivery = Table(
    "delivery",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("channel", TEXT, ForeignKey("channel.name"), nullable=False),
    Column("notice", NUMBER, ForeignKey("notice.number"), nullable=False),
    Column("attempt", NUMBER, nullable=False),
    Column("begun_at", TEXT, nullable=False),
    Column("ended_at", TEXT),
    Column("outcome", TEXT),
    Column("detail", TEXT),
    Index("delivery_channel", "channel", "notice"),
)
plan = Table(
    "plan",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("template", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("alert", TEXT, ForeignKey("alert.id")),
    Column("drill", Boolean, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("content", TEXT, nullable=False),
    Column("opened_at", TEXT, nullable=False),
    Column("opened_by", TEXT, nullable=False),
    Column("closed_at", TEXT),
    Column("report", TEXT),
    Index("plan_state", "state"),
    Index("plan_alert", "alert"),
)
plan_step = Table(
    "plan_step",
    metadata,
    Column("plan", TEXT, ForeignKey("plan.id"), nullable=False),
    Column("number", NUMBER, nullable=False),
    Column("due_at", TEXT, nullable=False),
    Column("done_at", TEXT),
    Column("done_by", TEXT),
    Column("note", TEXT),
    Column("late_at", TEXT),
    PrimaryKeyConstraint("plan", "number"),
    Index("plan_step_due_at", "due_at"),
)
