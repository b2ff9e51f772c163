"""What is confidential is counted apart: a total reveals it only to those who may read it."""

from __future__ import annotations

from alembic import op

revision = "0203_confidential_counts"
down_revision = "0202_readings"
branch_labels = None
# The column `confidential`.
depends_on = "0302_lives"


def upgrade() -> None:
    op.execute(_MOVE)
    op.execute("""
        CREATE FUNCTION tertib_counted(what text, hidden boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN hidden THEN what || '/confidential' ELSE what END
        $$
    """)
    op.execute(_CASE_MOVED)
    op.execute(_CLOCK_MOVED)
    op.execute(_WORK_MOVED)
    op.execute(_COUNT_ANEW)


# What was counted among the rest so far.
_MOVE = """
    WITH open_lines AS (
        SELECT 'case' AS what, agency, kind, state AS key, date_trunc('month', opened_at, 'UTC') AS bucket
        FROM cases WHERE confidential AND state <> 'new'
        UNION ALL
        SELECT CASE WHEN k.stopped_at IS NULL THEN 'running' ELSE 'ended' END, c.agency, c.kind,
            CASE WHEN k.stopped_at IS NULL THEN k.name ELSE k.name || ':' || k.result END,
            CASE WHEN k.stopped_at IS NULL
                THEN date_trunc('hour', coalesce(k.due_at, '9999-01-01 00:00:00+00'), 'UTC')
                ELSE date_trunc('month', k.started_at, 'UTC') END
        FROM clocks k JOIN cases c ON c.id = k.case_id WHERE c.confidential
        UNION ALL
        SELECT 'waiting', w.agency, w.kind, '', date_trunc('hour', w.due_at, 'UTC')
        FROM review_work w JOIN cases c ON c.id = w.case_id WHERE c.confidential
    )
    INSERT INTO count_changes
    SELECT what, agency, kind, key, bucket, -1 FROM open_lines
    UNION ALL
    SELECT what || '/confidential', agency, kind, key, bucket, 1 FROM open_lines
"""

_CASE_MOVED = """
CREATE OR REPLACE FUNCTION tertib_case_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    month timestamptz := date_trunc('month', NEW.opened_at, 'UTC');
    what_case text := tertib_counted('case', NEW.confidential);
BEGIN
    IF (NEW.state, NEW.agency) IS NOT DISTINCT FROM (OLD.state, OLD.agency) THEN
        RETURN NULL;
    END IF;
    IF OLD.state <> 'new' THEN
        INSERT INTO count_changes VALUES (what_case, OLD.agency, OLD.kind, OLD.state, month, -1);
    END IF;
    INSERT INTO count_changes VALUES (what_case, NEW.agency, NEW.kind, NEW.state, month, 1);
    IF NEW.agency <> OLD.agency THEN
        INSERT INTO count_changes
        SELECT tertib_counted(what, NEW.confidential), who, NEW.kind, key, bucket, sign
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
"""

_CLOCK_MOVED = """
CREATE OR REPLACE FUNCTION tertib_clock_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    whose record;
    sooner timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.due_at, NEW.stopped_at) IS NOT DISTINCT FROM (OLD.due_at, OLD.stopped_at) THEN
        RETURN NULL;
    END IF;
    SELECT agency, kind, tertib_counted('running', confidential) AS running,
        tertib_counted('ended', confidential) AS ended
        INTO whose FROM cases WHERE id = NEW.case_id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO count_changes VALUES (whose.running, whose.agency, whose.kind, OLD.name,
            date_trunc('hour', coalesce(OLD.due_at, '9999-01-01 00:00:00+00'), 'UTC'), -1);
    END IF;
    IF NEW.stopped_at IS NULL THEN
        INSERT INTO count_changes VALUES (whose.running, whose.agency, whose.kind, NEW.name,
            date_trunc('hour', coalesce(NEW.due_at, '9999-01-01 00:00:00+00'), 'UTC'), 1);
    ELSE
        INSERT INTO count_changes VALUES (whose.ended, whose.agency, whose.kind, NEW.name || ':' || NEW.result,
            date_trunc('month', NEW.started_at, 'UTC'), 1);
    END IF;
    SELECT coalesce(min(due_at), '9999-01-01 00:00:00+00') INTO sooner
        FROM clocks WHERE case_id = NEW.case_id AND stopped_at IS NULL;
    UPDATE review_work SET due_at = sooner WHERE case_id = NEW.case_id AND due_at <> sooner;
    RETURN NULL;
END $$
"""

_WORK_MOVED = """
CREATE OR REPLACE FUNCTION tertib_work_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    waiting text := tertib_counted('waiting', (SELECT confidential FROM cases
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.case_id ELSE NEW.case_id END));
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO count_changes VALUES
            (waiting, OLD.agency, OLD.kind, '', date_trunc('hour', OLD.due_at, 'UTC'), -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO count_changes VALUES
            (waiting, NEW.agency, NEW.kind, '', date_trunc('hour', NEW.due_at, 'UTC'), 1);
    END IF;
    RETURN NULL;
END $$
"""

_COUNT_ANEW = """
CREATE OR REPLACE FUNCTION tertib_count_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO review_work (case_id, kind, agency, due_at)
    SELECT c.id, c.kind, c.agency, coalesce(k.due_at, '9999-01-01 00:00:00+00')
    FROM cases c JOIN queue_states q ON q.kind = c.kind AND q.state = c.state
    LEFT JOIN (SELECT case_id, min(due_at) AS due_at FROM clocks WHERE stopped_at IS NULL GROUP BY case_id) k
        ON k.case_id = c.id
    ON CONFLICT (case_id) DO NOTHING;
    TRUNCATE counts, count_changes;
    INSERT INTO counts
    SELECT tertib_counted('case', confidential), agency, kind, state, date_trunc('month', opened_at, 'UTC'), count(*)
    FROM cases WHERE state <> 'new' GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT tertib_counted('running', c.confidential), c.agency, c.kind, k.name,
        date_trunc('hour', coalesce(k.due_at, '9999-01-01 00:00:00+00'), 'UTC'), count(*)
    FROM clocks k JOIN cases c ON c.id = k.case_id WHERE k.stopped_at IS NULL GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT tertib_counted('ended', c.confidential), c.agency, c.kind, k.name || ':' || k.result,
        date_trunc('month', k.started_at, 'UTC'), count(*)
    FROM clocks k JOIN cases c ON c.id = k.case_id WHERE k.stopped_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT tertib_counted('waiting', c.confidential), w.agency, w.kind, '',
        date_trunc('hour', w.due_at, 'UTC'), count(*)
    FROM review_work w JOIN cases c ON c.id = w.case_id GROUP BY 1, 2, 3, 5;
END $$
"""


def downgrade() -> None:
    # What is confidential is not mixed in again.
    raise NotImplementedError
