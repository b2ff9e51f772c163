"""Channels: threads, messages by the channel's own id, refusals; and Open311's tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0500_channels"
down_revision = "0403_notices"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channel_threads",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("last_message_id", sa.Text(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_channel_threads"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_channel_threads_case_id"),
    )
    op.create_index("ix_channel_threads_author", "channel_threads", ["channel", "author", "last_at"])
    op.create_table(
        "channel_messages",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel", "message_id", name="pk_channel_messages"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_channel_messages_case_id"),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_channel_messages_direction")),
    )
    op.create_index("ix_channel_messages_case_id", "channel_messages", ["case_id"])
    op.execute(
        "CREATE TRIGGER channel_messages_stay BEFORE DELETE OR TRUNCATE ON channel_messages"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE DELETE, TRUNCATE ON channel_messages FROM tertib_app")
    op.create_table(
        "channel_refusals",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_channel_refusals"),
    )
    op.execute(
        "CREATE INDEX ix_cases_listed ON cases (opened_at) WHERE kind = 'complaint' AND (subject ->> 'listed') = 'true'"
    )


def downgrade() -> None:
    # What came in is never taken down by a program.
    raise NotImplementedError
