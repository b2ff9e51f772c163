"""Readings: who decided what on a violation, known answers, and alarms of pace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0202_readings"
down_revision = "0201_work"
branch_labels = None
# The bolt against tickets of known answers hangs on the table of tickets.
depends_on = "0100_public_face"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason_id", sa.Text(), nullable=True),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("offence", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("dwell_s", sa.Double(), nullable=False),
        sa.Column("seen", JSONB(), nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_readings"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_readings_case_id"),
        sa.CheckConstraint("decision in ('approved', 'rejected')", name=op.f("ck_readings_decision")),
        sa.CheckConstraint("(decision = 'rejected') = (reason_id is not null)", name=op.f("ck_readings_reason")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_readings_number")),
    )
    standing = sa.text("withdrawn_at is null")
    # Four eyes: nobody reads a case twice, and no reading is done twice.
    op.create_index("uq_readings_user_id", "readings", ["case_id", "user_id"], unique=True, postgresql_where=standing)
    op.create_index("uq_readings_number", "readings", ["case_id", "number"], unique=True, postgresql_where=standing)
    op.create_index("ix_readings_user_id_at", "readings", ["user_id", "at"])
    op.create_table(
        "known_answers",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_by_name", sa.Text(), nullable=False),
        sa.Column("placed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_known_answers"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_known_answers_case_id"),
        sa.CheckConstraint("expected in ('approved', 'rejected')", name=op.f("ck_known_answers_expected")),
    )
    op.create_table(
        "pace_alarms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pace_alarms"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_pace_alarms_case_id"),
        sa.CheckConstraint("sort in ('hour', 'quick')", name=op.f("ck_pace_alarms_sort")),
    )
    op.create_index("ix_pace_alarms_user_id_at", "pace_alarms", ["user_id", "at"])
    op.create_index("ix_pace_alarms_at", "pace_alarms", ["at"])
    for table in ("known_answers", "pace_alarms"):
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM tertib_app")
    op.execute(
        "CREATE TRIGGER readings_stay BEFORE DELETE OR TRUNCATE ON readings"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON readings FROM tertib_app")
    op.execute("GRANT UPDATE (withdrawn_at) ON readings TO tertib_app")
    _bolts()
    _agreement()


def _bolts() -> None:
    op.execute("""
        CREATE FUNCTION tertib_reading_stands() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.withdrawn_at IS NOT NULL OR (to_jsonb(NEW) - 'withdrawn_at') <> (to_jsonb(OLD) - 'withdrawn_at') THEN
                RAISE EXCEPTION 'a reading is withdrawn once and otherwise stays' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER readings_stand BEFORE UPDATE ON readings FOR EACH ROW EXECUTE FUNCTION tertib_reading_stands()"
    )
    op.execute("""
        CREATE FUNCTION tertib_no_ticket_of_known() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        BEGIN
            IF EXISTS (SELECT FROM known_answers WHERE case_id = NEW.violation_id) THEN
                RAISE EXCEPTION 'no ticket comes of a case whose answer was known'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER tickets_of_unknown BEFORE INSERT ON tickets"
        " FOR EACH ROW EXECUTE FUNCTION tertib_no_ticket_of_known()"
    )


def _agreement() -> None:
    # What is told of officers, cameras and rules, a month: kept up like every other count. A second or third reading
    # is told of the first reader; a known answer of its reader alone.
    op.execute("""
        CREATE FUNCTION tertib_reading_counted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        DECLARE
            whose text;
            expected_one text;
            first_one readings%ROWTYPE;
            who text := NEW.user_id;
            outcomes text[];
            sign integer := CASE WHEN TG_OP = 'INSERT' THEN 1 ELSE -1 END;
            month timestamptz := date_trunc('month', NEW.at, 'UTC');
        BEGIN
            SELECT agency INTO whose FROM cases WHERE id = NEW.case_id;
            SELECT expected INTO expected_one FROM known_answers WHERE case_id = NEW.case_id;
            IF expected_one IS NOT NULL THEN
                outcomes := ARRAY['known'];
                IF NEW.decision = expected_one THEN
                    outcomes := outcomes || 'known_right'::text;
                END IF;
            ELSIF NEW.number = 1 THEN
                outcomes := ARRAY[NEW.decision];
            ELSE
                SELECT * INTO first_one FROM readings
                    WHERE case_id = NEW.case_id AND number = 1 AND withdrawn_at IS NULL;
                who := first_one.user_id;
                IF NEW.number = 2 THEN
                    outcomes := ARRAY['second'];
                    IF first_one.decision = NEW.decision THEN
                        outcomes := outcomes || 'agreed'::text;
                    END IF;
                ELSIF first_one.decision <> NEW.decision THEN
                    outcomes := ARRAY['overturned'];
                END IF;
            END IF;
            INSERT INTO count_changes
            SELECT 'read', whose, sort, key || '|' || outcome, month, sign
            FROM (VALUES ('officer', who), ('camera', NEW.camera_id), ('rule', NEW.offence)) AS told (sort, key),
                unnest(outcomes) AS outcome
            WHERE key IS NOT NULL AND (sort = 'officer' OR expected_one IS NULL);
            RETURN NULL;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER readings_counted AFTER INSERT OR UPDATE OF withdrawn_at ON readings"
        " FOR EACH ROW EXECUTE FUNCTION tertib_reading_counted()"
    )


def downgrade() -> None:
    # Who decided what is never taken down by a program.
    raise NotImplementedError
