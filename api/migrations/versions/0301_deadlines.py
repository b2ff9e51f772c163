"""Deadlines: the sweeper's index, escalation ladders, calendars as they were seen, and what may move."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0301_deadlines"
down_revision = "0300_audit"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("clocks", sa.Column("counted_in", sa.Text(), nullable=True))
    op.add_column("clocks", sa.Column("next_at", TIME, nullable=True))
    op.add_column("clocks", sa.Column("ladder", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False))
    op.add_column("clocks", sa.Column("rung", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE clocks SET next_at = due_at WHERE stopped_at IS NULL AND overdue_event IS NULL")
    op.create_index(
        "ix_clocks_next_at",
        "clocks",
        ["next_at"],
        postgresql_where=sa.text("stopped_at is null and next_at is not null"),
    )
    op.create_index(
        "ix_clocks_working_days",
        "clocks",
        ["due_at"],
        postgresql_where=sa.text("stopped_at is null and counted_in = 'working_days'"),
    )
    op.create_table(
        "calendars",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("days", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "version", name="pk_calendars"),
    )
    op.execute(
        "CREATE TRIGGER calendars_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON calendars"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON calendars FROM tertib_app")
    # A deadline in hours or days never moves, whoever asks.
    op.execute("""
        CREATE OR REPLACE FUNCTION tertib_freeze_clock() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.stopped_at IS NOT NULL THEN
                RAISE EXCEPTION 'the clock % has ended: its result stays', OLD.name
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF (NEW.case_id, NEW.name, NEW.round, NEW.policy_id, NEW.policy_version, NEW.started_at, NEW.anchor_at,
                NEW.stops_on, NEW.staff_only, NEW.counted_in)
                IS DISTINCT FROM
               (OLD.case_id, OLD.name, OLD.round, OLD.policy_id, OLD.policy_version, OLD.started_at, OLD.anchor_at,
                OLD.stops_on, OLD.staff_only, OLD.counted_in) THEN
                RAISE EXCEPTION 'the start of the clock % stays', OLD.name USING ERRCODE = 'restrict_violation';
            END IF;
            IF NEW.due_at IS DISTINCT FROM OLD.due_at AND OLD.counted_in IN ('hours', 'days') THEN
                RAISE EXCEPTION 'the clock % runs in %: its deadline stays', OLD.name, OLD.counted_in
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
    """)


def downgrade() -> None:
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
