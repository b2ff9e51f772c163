"""What waits for an answer, as work items; counts that are kept up; searches that are written down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0201_work"
down_revision = "0200_review"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEVER = "9999-01-01 00:00:00+00"
_BUCKETS = ("what", "agency", "kind", "key", "bucket")


def upgrade() -> None:
    _work()
    _counts()
    _triggers()
    _fill()
    op.create_table(
        "searches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
    )
    op.create_index("ix_searches_user_id_at", "searches", ["user_id", "at"])
    op.execute(
        "CREATE TRIGGER searches_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON searches"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON searches FROM tertib_app")


def _work() -> None:
    op.create_table(
        "queue_states",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "state", name="pk_queue_states"),
    )
    op.execute("REVOKE ALL ON queue_states FROM tertib_app")
    op.execute("GRANT SELECT ON queue_states TO tertib_app")
    op.execute(
        "INSERT INTO queue_states (kind, state) VALUES"
        " ('violation', 'awaiting_review'), ('contest', 'open'), ('complaint', 'open')"
    )
    op.create_table(
        "review_work",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("due_at", TIME, server_default=sa.text(f"'{NEVER}'"), nullable=False),
        sa.Column("due_day", sa.Date(), sa.Computed("(due_at AT TIME ZONE 'UTC')::date", persisted=True)),
        sa.Column("reading", sa.Integer(), server_default="1", nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=True),
        sa.Column("taken_at", TIME, nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("rests_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_review_work"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_review_work_case_id"),
        sa.CheckConstraint(
            "(user_id is null) = (until is null) and (user_id is null) = (taken_at is null)",
            name=op.f("ck_review_work_lease"),
        ),
        sa.CheckConstraint("reading between 1 and 3", name=op.f("ck_review_work_reading")),
    )
    free = sa.text("user_id is null and rests_until is null")
    op.create_index("ix_review_work_due_at", "review_work", ["due_at", "case_id"])
    op.create_index("ix_review_work_agency_due_at", "review_work", ["agency", "due_at", "case_id"])
    # A case on a desk leaves these two: whoever asks for the next one never steps over those that are taken.
    op.create_index("ix_review_work_free", "review_work", ["due_day", "case_id"], postgresql_where=free)
    op.create_index(
        "ix_review_work_agency_free", "review_work", ["agency", "due_day", "case_id"], postgresql_where=free
    )
    op.create_index("ix_review_work_until", "review_work", ["until"], postgresql_where=sa.text("user_id is not null"))
    op.create_index(
        "ix_review_work_rests_until",
        "review_work",
        ["rests_until"],
        postgresql_where=sa.text("rests_until is not null"),
    )
    # Rows come and go with the state of their case, by trigger; the application lends them out.
    op.execute("REVOKE ALL ON review_work FROM tertib_app")
    op.execute("GRANT SELECT ON review_work TO tertib_app")
    op.execute("GRANT UPDATE (reading, user_id, user_name, taken_at, until, rests_until) ON review_work TO tertib_app")
    op.execute(
        "ALTER TABLE review_work SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)"
    )
    op.drop_table("review_leases")


def _counts() -> None:
    for table in ("counts", "count_changes"):
        op.create_table(
            table,
            *(sa.Column(name, TIME if name == "bucket" else sa.Text(), nullable=False) for name in _BUCKETS),
            sa.Column("n", sa.BigInteger(), nullable=False),
        )
        op.execute(f"REVOKE ALL ON {table} FROM tertib_app")
        op.execute(f"GRANT SELECT ON {table} TO tertib_app")
    op.create_primary_key("pk_counts", "counts", list(_BUCKETS))
    op.execute("ALTER TABLE count_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)")
    # Changes are only added, so that no two transactions wait for one count; now and then they are folded in.
    op.execute("""
        CREATE FUNCTION tertib_fold_counts(most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        DECLARE
            folded integer;
        BEGIN
            IF NOT pg_try_advisory_xact_lock(7415024) THEN
                RETURN 0;
            END IF;
            WITH gone AS (
                DELETE FROM count_changes WHERE ctid = ANY (ARRAY(SELECT ctid FROM count_changes LIMIT most))
                RETURNING what, agency, kind, key, bucket, n
            ), put AS (
                INSERT INTO counts AS held (what, agency, kind, key, bucket, n)
                SELECT what, agency, kind, key, bucket, sum(n) FROM gone
                GROUP BY what, agency, kind, key, bucket HAVING sum(n) <> 0
                ON CONFLICT (what, agency, kind, key, bucket) DO UPDATE SET n = held.n + EXCLUDED.n
            )
            SELECT count(*) INTO folded FROM gone;
            DELETE FROM counts WHERE n = 0;
            RETURN folded;
        END $$
    """)


def _triggers() -> None:
    # A case enters the queue with a state that waits for somebody, and leaves it with any other.
    op.execute("""
        CREATE FUNCTION tertib_case_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        DECLARE
            month timestamptz := date_trunc('month', NEW.opened_at, 'UTC');
        BEGIN
            IF (NEW.state, NEW.agency) IS NOT DISTINCT FROM (OLD.state, OLD.agency) THEN
                RETURN NULL;
            END IF;
            IF OLD.state <> 'new' THEN
                INSERT INTO count_changes VALUES ('case', OLD.agency, OLD.kind, OLD.state, month, -1);
            END IF;
            INSERT INTO count_changes VALUES ('case', NEW.agency, NEW.kind, NEW.state, month, 1);
            IF NEW.agency <> OLD.agency THEN
                INSERT INTO count_changes
                SELECT what, who, NEW.kind, key, bucket, sign
                FROM (VALUES (OLD.agency, -1), (NEW.agency, 1)) AS side (who, sign),
                LATERAL (
                    SELECT CASE WHEN stopped_at IS NULL THEN 'running' ELSE 'ended' END AS what,
                        CASE WHEN stopped_at IS NULL THEN name ELSE name || ':' || result END AS key,
                        CASE WHEN stopped_at IS NULL
                            THEN date_trunc('hour', coalesce(due_at, '9999-01-01 00:00:00+00'), 'UTC')
                            ELSE date_trunc('month', started_at, 'UTC') END AS bucket
                    FROM clocks WHERE case_id = NEW.id
                ) AS held;
            END IF;
            IF EXISTS (SELECT FROM queue_states WHERE kind = NEW.kind AND state = NEW.state) THEN
                INSERT INTO review_work (case_id, kind, agency, due_at)
                VALUES (NEW.id, NEW.kind, NEW.agency, coalesce(
                    (SELECT min(due_at) FROM clocks WHERE case_id = NEW.id AND stopped_at IS NULL),
                    '9999-01-01 00:00:00+00'))
                ON CONFLICT (case_id) DO UPDATE SET agency = EXCLUDED.agency;
            ELSE
                DELETE FROM review_work WHERE case_id = NEW.id;
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER cases_moved AFTER UPDATE OF state, agency ON cases"
        " FOR EACH ROW EXECUTE FUNCTION tertib_case_moved()"
    )
    op.execute("""
        CREATE FUNCTION tertib_clock_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        DECLARE
            whose record;
            sooner timestamptz;
        BEGIN
            IF TG_OP = 'UPDATE' AND (NEW.due_at, NEW.stopped_at) IS NOT DISTINCT FROM (OLD.due_at, OLD.stopped_at) THEN
                RETURN NULL;
            END IF;
            SELECT agency, kind INTO whose FROM cases WHERE id = NEW.case_id;
            IF TG_OP = 'UPDATE' THEN
                INSERT INTO count_changes VALUES ('running', whose.agency, whose.kind, OLD.name,
                    date_trunc('hour', coalesce(OLD.due_at, '9999-01-01 00:00:00+00'), 'UTC'), -1);
            END IF;
            IF NEW.stopped_at IS NULL THEN
                INSERT INTO count_changes VALUES ('running', whose.agency, whose.kind, NEW.name,
                    date_trunc('hour', coalesce(NEW.due_at, '9999-01-01 00:00:00+00'), 'UTC'), 1);
            ELSE
                INSERT INTO count_changes VALUES ('ended', whose.agency, whose.kind, NEW.name || ':' || NEW.result,
                    date_trunc('month', NEW.started_at, 'UTC'), 1);
            END IF;
            SELECT coalesce(min(due_at), '9999-01-01 00:00:00+00') INTO sooner
                FROM clocks WHERE case_id = NEW.case_id AND stopped_at IS NULL;
            UPDATE review_work SET due_at = sooner WHERE case_id = NEW.case_id AND due_at <> sooner;
            RETURN NULL;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER clocks_moved AFTER INSERT OR UPDATE OF due_at, stopped_at ON clocks"
        " FOR EACH ROW EXECUTE FUNCTION tertib_clock_moved()"
    )
    op.execute("""
        CREATE FUNCTION tertib_work_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                INSERT INTO count_changes VALUES
                    ('waiting', OLD.agency, OLD.kind, '', date_trunc('hour', OLD.due_at, 'UTC'), -1);
            END IF;
            IF TG_OP <> 'DELETE' THEN
                INSERT INTO count_changes VALUES
                    ('waiting', NEW.agency, NEW.kind, '', date_trunc('hour', NEW.due_at, 'UTC'), 1);
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER work_moved AFTER INSERT OR DELETE OR UPDATE OF agency, due_at ON review_work"
        " FOR EACH ROW EXECUTE FUNCTION tertib_work_moved()"
    )


def _fill() -> None:
    """What an office held before this version; also run by the load test after it has copied its cases in."""
    op.execute("""
        CREATE FUNCTION tertib_count_anew() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO review_work (case_id, kind, agency, due_at)
            SELECT c.id, c.kind, c.agency, coalesce(k.due_at, '9999-01-01 00:00:00+00')
            FROM cases c JOIN queue_states q ON q.kind = c.kind AND q.state = c.state
            LEFT JOIN (SELECT case_id, min(due_at) AS due_at FROM clocks WHERE stopped_at IS NULL GROUP BY case_id) k
                ON k.case_id = c.id
            ON CONFLICT (case_id) DO NOTHING;
            TRUNCATE counts, count_changes;
            INSERT INTO counts
            SELECT 'case', agency, kind, state, date_trunc('month', opened_at, 'UTC'), count(*)
            FROM cases WHERE state <> 'new' GROUP BY 2, 3, 4, 5
            UNION ALL
            SELECT 'running', c.agency, c.kind, k.name,
                date_trunc('hour', coalesce(k.due_at, '9999-01-01 00:00:00+00'), 'UTC'), count(*)
            FROM clocks k JOIN cases c ON c.id = k.case_id WHERE k.stopped_at IS NULL GROUP BY 2, 3, 4, 5
            UNION ALL
            SELECT 'ended', c.agency, c.kind, k.name || ':' || k.result,
                date_trunc('month', k.started_at, 'UTC'), count(*)
            FROM clocks k JOIN cases c ON c.id = k.case_id WHERE k.stopped_at IS NOT NULL GROUP BY 2, 3, 4, 5
            UNION ALL
            SELECT 'waiting', agency, kind, '', date_trunc('hour', due_at, 'UTC'), count(*)
            FROM review_work GROUP BY 2, 3, 5;
        END $$
    """)
    op.execute("REVOKE ALL ON FUNCTION tertib_count_anew() FROM PUBLIC")
    op.execute("SELECT tertib_count_anew()")


def downgrade() -> None:
    # What was searched by whom is never taken down by a program.
    raise NotImplementedError
