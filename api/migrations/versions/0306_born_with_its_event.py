"""A case is born with its first event: written once, in the state, and with the head, that the event gives it."""

from __future__ import annotations

from alembic import op

revision = "0306_born_with_its_event"
down_revision = "0305_no_reader_judges"
branch_labels = None
# `tertib_counted`, and the counts' triggers as they are.
depends_on = "0203_confidential_counts"


def upgrade() -> None:
    op.execute(_ACCEPT)
    op.execute(_OPEN)
    op.execute(_CLOCK_MOVED)


# As in 0302. New: the row of a case that was born with this very event says already what the event makes of it. Only
# the function below writes such rows (the application's role may not write state, count or head).
_ACCEPT = """
CREATE OR REPLACE FUNCTION tertib_accept_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    held cases%ROWTYPE;
    step transitions%ROWTYPE;
    born boolean;
BEGIN
    SELECT * INTO held FROM cases WHERE id = NEW.case_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no case %', NEW.case_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    born := NEW.number = 1 AND NEW.type = 'opened' AND held.event_count = 1
        AND NEW.previous_sha256 IS NULL AND held.head_sha256 = NEW.sha256;
    IF NOT coalesce(born, false)
       AND (NEW.number <> held.event_count + 1 OR NEW.previous_sha256 IS DISTINCT FROM held.head_sha256) THEN
        RAISE EXCEPTION 'event % does not follow the chain of case %', NEW.number, held.reference
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.sha256 !~ '^[0-9a-f]{64}$' THEN
        RAISE EXCEPTION 'event % has no SHA-256', NEW.number USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO step FROM transitions
        WHERE kind = held.kind AND event_type = NEW.type
            AND from_state = CASE WHEN born THEN 'new' ELSE held.state END;
    IF NOT FOUND OR (born AND step.to_state <> held.state) THEN
        RAISE EXCEPTION 'a % that is % does not take %', held.kind, held.state, NEW.type
            USING ERRCODE = 'check_violation';
    END IF;
    IF step.roles <> '' AND NOT NEW.actor_role = ANY (string_to_array(step.roles, ' ')) THEN
        RAISE EXCEPTION '% of a % is for %, not for %', NEW.type, held.kind, step.roles, NEW.actor_role
            USING ERRCODE = 'check_violation';
    END IF;
    IF step.second_person AND NEW.actor_role IN ('officer', 'supervisor', 'auditor', 'agency', 'admin') THEN
        PERFORM tertib_two_persons(held.kind, held.id, held.parent_id, NEW.number, NEW.type, NEW.actor_id);
    END IF;
    IF held.kind IN ('ticket', 'contest') OR (held.kind = 'violation' AND NEW.type = 'undone') THEN
        PERFORM tertib_keep_rules(held.kind, held.id, held.parent_id, held.subject ->> 'plate',
                                  NEW.number, NEW.type, NEW.actor_id, NEW.at);
    END IF;
    IF NOT coalesce(born, false) THEN
        UPDATE cases SET state = step.to_state, event_count = NEW.number, head_sha256 = NEW.sha256
            WHERE id = NEW.case_id;
    END IF;
    RETURN NEW;
END $$
"""

# By the owner's rights: it writes what the application may not, and the events' trigger checks all of it.
_OPEN = """
CREATE OR REPLACE FUNCTION tertib_open_case(
    the_id uuid, the_reference text, the_kind text, the_jurisdiction text, the_agency text,
    the_moment timestamptz, the_parent uuid, the_subject jsonb, hidden boolean,
    the_person text, the_name text, the_role text, the_audience text, the_body text, the_sha256 text,
    the_clocks jsonb
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_state text;
    soonest timestamptz;
BEGIN
    SELECT to_state INTO first_state FROM transitions
        WHERE kind = the_kind AND from_state = 'new' AND event_type = 'opened';
    INSERT INTO cases (id, reference, kind, jurisdiction, agency, opened_at, parent_id, subject, confidential,
                       state, event_count, head_sha256)
        VALUES (the_id, the_reference, the_kind, the_jurisdiction, the_agency, the_moment, the_parent,
                the_subject, hidden, coalesce(first_state, 'new'), 1, the_sha256)
        ON CONFLICT (reference) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO events (case_id, number, at, type, actor_id, actor_name, actor_role, audience, body, sha256)
        VALUES (the_id, 1, the_moment, 'opened', the_person, the_name, the_role, the_audience, the_body, the_sha256);
    INSERT INTO clocks (id, case_id, name, round, policy_id, policy_version, stops_on, staff_only,
                        anchor_at, started_at, due_at, started_by, drops_on, restarts_on, then_types,
                        pauses_on, resumes_on, paused_units, counted_in, next_at, ladder, rung,
                        explain_id, explain_en)
        SELECT id, the_id, name, round, policy_id, policy_version, stops_on, staff_only,
               anchor_at, started_at, due_at, started_by, drops_on, restarts_on, then_types,
               pauses_on, resumes_on, paused_units, counted_in, next_at, ladder, rung,
               explain_id, explain_en
        FROM jsonb_populate_recordset(NULL::clocks, the_clocks);
    INSERT INTO count_changes VALUES
        (tertib_counted('case', hidden), the_agency, the_kind, first_state,
         date_trunc('month', the_moment, 'UTC'), 1);
    IF EXISTS (SELECT FROM queue_states WHERE kind = the_kind AND state = first_state) THEN
        SELECT min((one ->> 'due_at')::timestamptz) INTO soonest FROM jsonb_array_elements(the_clocks) AS one;
        INSERT INTO review_work (case_id, kind, agency, due_at)
            VALUES (the_id, the_kind, the_agency, coalesce(soonest, '9999-01-01 00:00:00+00'));
    END IF;
    RETURN true;
END $$
"""

# As in 0203. New: a clock that begins can only bring the work item's deadline nearer: nothing is searched.
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
    IF TG_OP = 'INSERT' THEN
        UPDATE review_work SET due_at = NEW.due_at
            WHERE case_id = NEW.case_id AND NEW.stopped_at IS NULL AND due_at > NEW.due_at;
    ELSE
        SELECT coalesce(min(due_at), '9999-01-01 00:00:00+00') INTO sooner
            FROM clocks WHERE case_id = NEW.case_id AND stopped_at IS NULL;
        UPDATE review_work SET due_at = sooner WHERE case_id = NEW.case_id AND due_at <> sooner;
    END IF;
    RETURN NULL;
END $$
"""


def downgrade() -> None:
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
