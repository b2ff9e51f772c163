"""Outbox, inbox and the job queue (procrastinate, in a schema of its own)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import JSONB

revision = "0400_outbox"
down_revision = "0003_intake"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JOBS = "tertib_jobs"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("tried_at", TIME, nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_outbox_case_id"),
        sa.CheckConstraint("state in ('waiting', 'sending', 'sent', 'failed')", name=op.f("ck_outbox_state")),
    )
    op.create_index("ix_outbox_state_created_at", "outbox", ["state", "created_at"])
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"])
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("headers", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("handled_at", TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("source", "message_id", name="uq_inbox_source_message_id"),
        sa.CheckConstraint("state in ('waiting', 'done', 'failed', 'refused')", name=op.f("ck_inbox_state")),
    )
    op.create_index("ix_inbox_state_received_at", "inbox", ["state", "received_at"])

    # What was to be sent and what came in stays as it was written; only what became of it changes.
    op.execute("""
        CREATE FUNCTION tertib_freeze_message() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_TABLE_NAME = 'outbox' THEN
                IF (NEW.id, NEW.kind, NEW.key, NEW.case_id, NEW.body, NEW.created_at) IS DISTINCT FROM
                   (OLD.id, OLD.kind, OLD.key, OLD.case_id, OLD.body, OLD.created_at) THEN
                    RAISE EXCEPTION 'what was to be sent stays' USING ERRCODE = 'restrict_violation';
                END IF;
            ELSIF (NEW.id, NEW.source, NEW.message_id, NEW.raw, NEW.headers, NEW.received_at) IS DISTINCT FROM
                  (OLD.id, OLD.source, OLD.message_id, OLD.raw, OLD.headers, OLD.received_at) THEN
                RAISE EXCEPTION 'what came in stays' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    for table in ("outbox", "inbox"):
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION tertib_freeze_message()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
        )
        op.execute(f"REVOKE DELETE, TRUNCATE ON {table} FROM tertib_app")

    op.execute(f"CREATE SCHEMA {JOBS}")
    op.execute(f"SET LOCAL search_path TO {JOBS}, public")
    # The library's own schema, many statements at once: only the driver itself takes that.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(SchemaManager.get_schema())
    op.execute("SET LOCAL search_path TO DEFAULT")
    op.execute(f"GRANT USAGE ON SCHEMA {JOBS} TO tertib_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {JOBS} TO tertib_app")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {JOBS} TO tertib_app")


def downgrade() -> None:
    # What an office sent and received is never taken down by a program.
    raise NotImplementedError
