"""No contest opens while a vehicle is blocked for its ticket, whatever the state is called that the block stands in."""

from __future__ import annotations

from alembic import op

revision = "0307_no_contest_while_blocked"
down_revision = "0306_born_with_its_event"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_KEEP_RULES)


# As in 0302. New: whether a block stands is asked of the blocks, which hold what no state can leave behind.
_KEEP_RULES = """
CREATE OR REPLACE FUNCTION tertib_keep_rules(
    the_kind text, the_case uuid, the_parent uuid, the_plate text,
    the_number integer, the_type text, the_person text, the_moment timestamptz
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    decision events%ROWTYPE;
    parent cases%ROWTYPE;
BEGIN
    IF the_kind = 'ticket' AND the_type = 'blocked' THEN
        IF EXISTS (SELECT 1 FROM cases WHERE parent_id = the_case AND kind = 'contest'
                   AND state NOT IN ('answered', 'closed')) THEN
            RAISE EXCEPTION 'no vehicle is blocked while its contest is open' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO blocks (case_id, number, plate, blocked_at)
            VALUES (the_case, the_number, coalesce(the_plate, ''), the_moment);
    ELSIF the_kind = 'ticket' AND the_type = 'unblocked' THEN
        UPDATE blocks SET lifted_by = the_number, lifted_at = the_moment
            WHERE case_id = the_case AND lifted_at IS NULL;
    ELSIF the_kind = 'contest' AND the_type IN ('opened', 'reopened') AND the_parent IS NOT NULL THEN
        SELECT * INTO parent FROM cases WHERE id = the_parent FOR UPDATE;
        IF EXISTS (SELECT FROM blocks WHERE case_id = the_parent AND lifted_at IS NULL) THEN
            RAISE EXCEPTION 'the vehicle is blocked: lift the block before its contest opens'
                USING ERRCODE = 'check_violation';
        END IF;
    ELSIF the_kind = 'violation' AND the_type = 'undone' THEN
        SELECT * INTO decision FROM events
            WHERE case_id = the_case AND type IN ('approved', 'rejected') ORDER BY number DESC LIMIT 1;
        IF decision.actor_id <> the_person THEN
            RAISE EXCEPTION 'only whoever decided undoes it' USING ERRCODE = 'check_violation';
        END IF;
        IF the_moment > coalesce((decision.body::jsonb ->> 'final_at')::timestamptz, decision.at) THEN
            RAISE EXCEPTION 'the decision is final' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF the_kind = 'ticket' AND the_parent IS NOT NULL
          AND the_type IN ('notice_sent', 'letter_sent', 'message_sent') THEN
        SELECT * INTO decision FROM events
            WHERE case_id = the_parent AND type = 'approved' ORDER BY number DESC LIMIT 1;
        IF FOUND AND the_moment < (decision.body::jsonb ->> 'final_at')::timestamptz THEN
            RAISE EXCEPTION 'the decision can still be undone: nothing leaves before it is final'
                USING ERRCODE = 'check_violation';
        END IF;
    ELSIF the_kind = 'ticket' AND the_type = 'withdrawn' THEN
        IF NOT EXISTS (SELECT 1 FROM cases WHERE id = the_parent AND state = 'awaiting_review') THEN
            RAISE EXCEPTION 'a ticket is withdrawn only when its decision was undone'
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
END $$
"""


def downgrade() -> None:
    # What no order of acts leads around is never taken down by a program.
    raise NotImplementedError
