"""The store: cases, append-only events, clocks, views, transitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001_store"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Tables made later by the owner are usable by the application; what may only grow is narrowed table by table.
    op.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tertib_app")
    op.execute("ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO tertib_app")
    op.execute("GRANT USAGE ON SCHEMA public TO tertib_app")
    op.execute("GRANT SELECT ON alembic_version TO tertib_app")
    op.execute("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON alembic_version FROM tertib_app")

    op.create_table(
        "transitions",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "from_state", "event_type", name="pk_transitions"),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("subject", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("event_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("head_sha256", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("reference", name="uq_cases_reference"),
        sa.ForeignKeyConstraint(["parent_id"], ["cases.id"], name="fk_cases_parent_id"),
        sa.CheckConstraint("kind in ('violation', 'ticket', 'contest', 'complaint')", name=op.f("ck_cases_kind")),
    )
    op.create_index("ix_cases_kind_state_opened_at", "cases", ["kind", "state", "opened_at"])
    op.create_index("ix_cases_plate", "cases", [sa.text("(subject ->> 'plate')")])
    op.create_index("ix_cases_parent_id", "cases", ["parent_id"])
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("previous_sha256", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("case_id", "number", name="uq_events_case_id_number"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_events_case_id"),
        sa.CheckConstraint("audience in ('public', 'party', 'internal')", name=op.f("ck_events_audience")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_events_number")),
    )
    op.create_index("ix_events_type_at", "events", ["type", "at"])
    op.create_table(
        "clocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("stops_on", JSONB(), nullable=False),
        sa.Column("staff_only", sa.Boolean(), nullable=False),
        sa.Column("anchor_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.Column("result", sa.Text(), server_default="running", nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=False),
        sa.Column("stopped_by", sa.Integer(), nullable=True),
        sa.Column("overdue_event", sa.Integer(), nullable=True),
        sa.Column("explain_id", sa.Text(), nullable=False),
        sa.Column("explain_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clocks"),
        sa.UniqueConstraint("case_id", "name", "round", name="uq_clocks_case_id_name_round"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_clocks_case_id"),
        sa.CheckConstraint("result in ('running', 'on_time', 'late')", name=op.f("ck_clocks_result")),
        sa.CheckConstraint("(stopped_at is null) = (result = 'running')", name=op.f("ck_clocks_ended")),
    )
    op.create_index("ix_clocks_due_at_running", "clocks", ["due_at"], postgresql_where=sa.text("stopped_at is null"))
    op.create_table(
        "views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_views"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_views_case_id"),
    )
    op.create_index("ix_views_case_id_at", "views", ["case_id", "at"])

    # What only grows: no role changes or removes it, the owner included.
    op.execute("""
        CREATE FUNCTION tertib_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
        END $$
    """)
    for table in ("events", "views"):
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM tertib_app")
    op.execute(
        "CREATE TRIGGER cases_stay BEFORE DELETE OR TRUNCATE ON cases"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER clocks_stay BEFORE DELETE OR TRUNCATE ON clocks"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE ALL ON transitions FROM tertib_app")
    op.execute("GRANT SELECT ON transitions TO tertib_app")

    # The application opens a case and indexes it; state, count and head are written by the events' trigger alone.
    op.execute("REVOKE ALL ON cases FROM tertib_app")
    op.execute("GRANT SELECT ON cases TO tertib_app")
    op.execute(
        "GRANT INSERT (id, reference, kind, jurisdiction, agency, opened_at, parent_id, subject) ON cases TO tertib_app"
    )
    op.execute("GRANT UPDATE (agency, subject) ON cases TO tertib_app")
    op.execute("""
        CREATE FUNCTION tertib_accept_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        DECLARE
            held cases%ROWTYPE;
            target text;
        BEGIN
            SELECT * INTO held FROM cases WHERE id = NEW.case_id FOR UPDATE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'no case %', NEW.case_id USING ERRCODE = 'foreign_key_violation';
            END IF;
            IF NEW.number <> held.event_count + 1 OR NEW.previous_sha256 IS DISTINCT FROM held.head_sha256 THEN
                RAISE EXCEPTION 'event % does not follow the chain of case %', NEW.number, held.reference
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            IF NEW.sha256 !~ '^[0-9a-f]{64}$' THEN
                RAISE EXCEPTION 'event % has no SHA-256', NEW.number USING ERRCODE = 'check_violation';
            END IF;
            SELECT to_state INTO target FROM transitions
                WHERE kind = held.kind AND from_state = held.state AND event_type = NEW.type;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'a % that is % does not take %', held.kind, held.state, NEW.type
                    USING ERRCODE = 'check_violation';
            END IF;
            UPDATE cases SET state = target, event_count = NEW.number, head_sha256 = NEW.sha256 WHERE id = NEW.case_id;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER events_accepted BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION tertib_accept_event()"
    )

    # A clock that has ended stays as it ended, and no clock changes whose it is or when it started.
    op.execute("""
        CREATE FUNCTION tertib_freeze_clock() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.stopped_at IS NOT NULL THEN
                RAISE EXCEPTION 'the clock % has ended: its result stays', OLD.name
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF (NEW.case_id, NEW.name, NEW.round, NEW.policy_id, NEW.policy_version, NEW.started_at, NEW.anchor_at,
                NEW.stops_on, NEW.staff_only)
                IS DISTINCT FROM
               (OLD.case_id, OLD.name, OLD.round, OLD.policy_id, OLD.policy_version, OLD.started_at, OLD.anchor_at,
                OLD.stops_on, OLD.staff_only) THEN
                RAISE EXCEPTION 'the start of the clock % stays', OLD.name USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER clocks_frozen BEFORE UPDATE ON clocks FOR EACH ROW EXECUTE FUNCTION tertib_freeze_clock()"
    )
    op.execute("REVOKE DELETE, TRUNCATE ON clocks FROM tertib_app")


def downgrade() -> None:
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
