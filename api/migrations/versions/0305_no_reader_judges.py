"""Who read a violation decides no contest of its ticket: held by the database, also for the blind second reader."""

from __future__ import annotations

from alembic import op

revision = "0305_no_reader_judges"
down_revision = "0304_one_statement"
branch_labels = None
# The table of the readings.
depends_on = "0202_readings"


def upgrade() -> None:
    # The approving officer is told apart by `second_persons`; a blind reading is no event of the case.
    op.execute("""
        CREATE FUNCTION tertib_no_reader_judges() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM cases c
                LEFT JOIN cases ticket ON c.kind = 'contest' AND ticket.id = c.parent_id
                JOIN readings r ON r.case_id = CASE c.kind WHEN 'ticket' THEN c.parent_id ELSE ticket.parent_id END
                WHERE c.id = NEW.case_id AND c.kind IN ('ticket', 'contest')
                    AND r.user_id = NEW.actor_id AND r.withdrawn_at IS NULL
            ) THEN
                RAISE EXCEPTION 'whoever read the violation decides no contest of its ticket'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER events_no_reader_judges BEFORE INSERT ON events FOR EACH ROW
        WHEN (NEW.type IN ('upheld', 'answered')) EXECUTE FUNCTION tertib_no_reader_judges()
    """)


def downgrade() -> None:
    # What needs two persons is never taken down by a program.
    raise NotImplementedError
