"""Monitoring: events, the watch list, alerts, deliveries, emergency plans."""

import sqlalchemy as sa
from alembic import op

from node.storage.columns import NUMBER, TEXT

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "risk_event",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("reached", TEXT, nullable=True),
        sa.Column("done_at", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("kind", "key"),
    )
    op.create_index("risk_event_done_at", "risk_event", ["done_at"])
    op.create_table(
        "watched",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("subject", "source"),
    )
    op.create_table(
        "alert_condition",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("held", NUMBER, nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("close", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("subject", "rule"),
    )
    op.create_table(
        "alert",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("raised_at", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=False),
        sa.Column("after", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("assignee", TEXT, nullable=True),
        sa.Column("snoozed_until", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("closed_at", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("alert_state", "alert", ["state", "snoozed_until"])
    op.create_index("alert_subject", "alert", ["subject", "rule"])
    op.create_table(
        "alert_step",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("alert", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("alert_step_alert", "alert_step", ["alert"])
    op.create_table(
        "notice",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "channel",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("reached", NUMBER, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("next_at", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "delivery",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("notice", NUMBER, nullable=False),
        sa.Column("attempt", NUMBER, nullable=False),
        sa.Column("begun_at", TEXT, nullable=False),
        sa.Column("ended_at", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["channel"], ["channel.name"]),
        sa.ForeignKeyConstraint(["notice"], ["notice.number"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("delivery_channel", "delivery", ["channel", "notice"])
    op.create_table(
        "plan",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("alert", TEXT, nullable=True),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("opened_at", TEXT, nullable=False),
        sa.Column("opened_by", TEXT, nullable=False),
        sa.Column("closed_at", TEXT, nullable=True),
        sa.Column("report", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("plan_alert", "plan", ["alert"])
    op.create_index("plan_state", "plan", ["state"])
    op.create_table(
        "plan_step",
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("due_at", TEXT, nullable=False),
        sa.Column("done_at", TEXT, nullable=True),
        sa.Column("done_by", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("late_at", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"]),
        sa.PrimaryKeyConstraint("plan", "number"),
    )
    op.create_index("plan_step_due_at", "plan_step", ["due_at"])
