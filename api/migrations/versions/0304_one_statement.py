"""A case is opened in one question: its row, its first event and its clocks."""

from __future__ import annotations

from alembic import op

revision = "0304_one_statement"
down_revision = "0303_windows"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By the caller's own rights: the triggers check here what they check everywhere.
    op.execute("""
        CREATE FUNCTION tertib_open_case(
            the_id uuid, the_reference text, the_kind text, the_jurisdiction text, the_agency text,
            the_moment timestamptz, the_parent uuid, the_subject jsonb, hidden boolean,
            the_person text, the_name text, the_role text, the_audience text, the_body text, the_sha256 text,
            the_clocks jsonb
        ) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.cases (id, reference, kind, jurisdiction, agency, opened_at, parent_id, subject,
                                      confidential)
                VALUES (the_id, the_reference, the_kind, the_jurisdiction, the_agency, the_moment, the_parent,
                        the_subject, hidden)
                ON CONFLICT (reference) DO NOTHING;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            -- Before the event: the work item that it makes then knows its deadline at once.
            INSERT INTO public.clocks (id, case_id, name, round, policy_id, policy_version, stops_on, staff_only,
                                       anchor_at, started_at, due_at, started_by, drops_on, restarts_on, then_types,
                                       pauses_on, resumes_on, paused_units, counted_in, next_at, ladder, rung,
                                       explain_id, explain_en)
                SELECT id, the_id, name, round, policy_id, policy_version, stops_on, staff_only,
                       anchor_at, started_at, due_at, started_by, drops_on, restarts_on, then_types,
                       pauses_on, resumes_on, paused_units, counted_in, next_at, ladder, rung,
                       explain_id, explain_en
                FROM jsonb_populate_recordset(NULL::public.clocks, the_clocks);
            INSERT INTO public.events (case_id, number, at, type, actor_id, actor_name, actor_role, audience, body,
                                       sha256)
                VALUES (the_id, 1, the_moment, 'opened', the_person, the_name, the_role, the_audience, the_body,
                        the_sha256);
            RETURN true;
        END $$
    """)


def downgrade() -> None:
    raise NotImplementedError
