"""The whole life of a case: new kinds, who may do what, two persons, blocks, undoing, windows and pauses of clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0302_lives"
down_revision = "0301_deadlines"
branch_labels = None
# The table of the tickets.
depends_on = "0100_public_face"

TIME = sa.DateTime(timezone=True)
_KINDS = "kind in ('violation', 'ticket', 'contest', 'complaint', 'correction', 'request', 'letter')"


def upgrade() -> None:
    _cases()
    _persons()
    _tickets_and_blocks()
    _clocks()
    op.execute(_ACCEPT)
    op.execute(_TWO_PERSONS)
    op.execute(_KEEP_RULES)


def _cases() -> None:
    op.drop_constraint(op.f("ck_cases_kind"), "cases")
    op.create_check_constraint(op.f("ck_cases_kind"), "cases", _KINDS)
    op.add_column("cases", sa.Column("confidential", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("GRANT INSERT (confidential) ON cases TO tertib_app")


def _persons() -> None:
    op.add_column("transitions", sa.Column("roles", sa.Text(), server_default="", nullable=False))
    op.add_column("transitions", sa.Column("second_person", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "second_person_rules",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("first_type", sa.Text(), nullable=False),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.Column("needed", sa.Boolean(), nullable=False),
        sa.Column("since_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "event_type", "first_type", "whose", name="pk_second_person_rules"),
    )
    op.execute("REVOKE ALL ON second_person_rules FROM tertib_app")
    op.execute("GRANT SELECT ON second_person_rules TO tertib_app")
    op.create_table(
        "second_persons",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_case_id", sa.Uuid(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("first_person", sa.Text(), nullable=False),
        sa.Column("second_person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", "first_case_id", "first_number", name="pk_second_persons"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_second_persons_case_id"),
        sa.ForeignKeyConstraint(["first_case_id"], ["cases.id"], name="fk_second_persons_first_case_id"),
        # Four eyes, by the database's own word.
        sa.CheckConstraint("first_person <> second_person", name=op.f("ck_second_persons_two_persons")),
    )
    op.execute(
        "CREATE TRIGGER second_persons_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON second_persons"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE ALL ON second_persons FROM tertib_app")
    op.execute("GRANT SELECT ON second_persons TO tertib_app")


def _tickets_and_blocks() -> None:
    # One ticket a violation that is alive: an undone one, or one whose liability moved, makes room for the next.
    op.add_column("tickets", sa.Column("superseded_at", TIME, nullable=True))
    op.add_column("tickets", sa.Column("moved_from", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_tickets_moved_from", "tickets", "cases", ["moved_from"], ["id"])
    op.drop_constraint("uq_tickets_violation_id", "tickets")
    op.create_index(
        "uq_tickets_violation_id",
        "tickets",
        ["violation_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at is null"),
    )
    op.create_index("ix_tickets_violation_id", "tickets", ["violation_id"])
    op.execute("GRANT UPDATE (superseded_at) ON tickets TO tertib_app")
    # Which vehicles are blocked, and were: written by the events' trigger alone.
    op.create_table(
        "blocks",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("blocked_at", TIME, nullable=False),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.Column("lifted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_blocks"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_blocks_case_id"),
        sa.CheckConstraint("(lifted_by is null) = (lifted_at is null)", name=op.f("ck_blocks_lifted")),
    )
    op.create_index(
        "uq_blocks_case_id_open", "blocks", ["case_id"], unique=True, postgresql_where=sa.text("lifted_at is null")
    )
    op.create_index("ix_blocks_plate_open", "blocks", ["plate"], postgresql_where=sa.text("lifted_at is null"))
    op.execute("REVOKE ALL ON blocks FROM tertib_app")
    op.execute("GRANT SELECT ON blocks TO tertib_app")


def _clocks() -> None:
    empty = sa.text("'[]'::jsonb")
    for name in ("drops_on", "then_types", "pauses_on", "resumes_on"):
        op.add_column("clocks", sa.Column(name, JSONB(), server_default=empty, nullable=False))
    op.add_column("clocks", sa.Column("paused_at", TIME, nullable=True))
    op.drop_constraint(op.f("ck_clocks_result"), "clocks")
    op.create_check_constraint(
        op.f("ck_clocks_result"), "clocks", "result in ('running', 'on_time', 'late', 'dropped')"
    )
    op.execute(_FREEZE)


# A deadline in hours, days or years stays; only the end of a pause moves it. What a clock counts in is learnt once.
_FREEZE = """
CREATE OR REPLACE FUNCTION tertib_freeze_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stopped_at IS NOT NULL THEN
        RAISE EXCEPTION 'the clock % has ended: its result stays', OLD.name USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.case_id, NEW.name, NEW.round, NEW.policy_id, NEW.policy_version, NEW.started_at, NEW.anchor_at,
        NEW.stops_on, NEW.staff_only, NEW.drops_on, NEW.pauses_on, NEW.resumes_on)
        IS DISTINCT FROM
       (OLD.case_id, OLD.name, OLD.round, OLD.policy_id, OLD.policy_version, OLD.started_at, OLD.anchor_at,
        OLD.stops_on, OLD.staff_only, OLD.drops_on, OLD.pauses_on, OLD.resumes_on)
       OR (OLD.counted_in IS NOT NULL AND NEW.counted_in IS DISTINCT FROM OLD.counted_in) THEN
        RAISE EXCEPTION 'the start of the clock % stays', OLD.name USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.paused_at IS NOT NULL AND OLD.paused_at IS NULL AND OLD.pauses_on = '[]'::jsonb THEN
        RAISE EXCEPTION 'the clock % never pauses', OLD.name USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.due_at IS DISTINCT FROM OLD.due_at AND OLD.counted_in IN ('hours', 'days', 'years')
       AND NOT (OLD.paused_at IS NOT NULL AND NEW.paused_at IS NULL AND NEW.due_at >= OLD.due_at) THEN
        RAISE EXCEPTION 'the clock % runs in %: its deadline stays', OLD.name, OLD.counted_in
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

# What 0001 checked (chain, transition), and now: who acts, the second person, and what no path may lead around.
_ACCEPT = """
CREATE OR REPLACE FUNCTION tertib_accept_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    held cases%ROWTYPE;
    step transitions%ROWTYPE;
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
    SELECT * INTO step FROM transitions
        WHERE kind = held.kind AND from_state = held.state AND event_type = NEW.type;
    IF NOT FOUND THEN
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
    IF held.kind IN ('violation', 'ticket', 'contest') THEN
        PERFORM tertib_keep_rules(held.kind, held.id, held.parent_id, held.subject ->> 'plate',
                                  NEW.number, NEW.type, NEW.actor_id, NEW.at);
    END IF;
    UPDATE cases SET state = step.to_state, event_count = NEW.number, head_sha256 = NEW.sha256
        WHERE id = NEW.case_id;
    RETURN NEW;
END $$
"""

# Writes both persons down, a row for each earlier event that matters: the table's own constraint tells them apart.
_TWO_PERSONS = """
CREATE FUNCTION tertib_two_persons(
    the_kind text, the_case uuid, the_parent uuid, the_number integer, the_type text, the_person text
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    rule second_person_rules%ROWTYPE;
    first_case uuid;
    after_number integer;
    proposal events%ROWTYPE;
BEGIN
    FOR rule IN SELECT * FROM second_person_rules WHERE kind = the_kind AND event_type = the_type LOOP
        first_case := CASE rule.whose
            WHEN 'case' THEN the_case
            WHEN 'parent' THEN the_parent
            ELSE (SELECT parent_id FROM cases WHERE id = the_parent) END;
        SELECT coalesce(max(number), 0) INTO after_number FROM events
            WHERE case_id = first_case AND type = rule.since_type;
        IF rule.needed THEN
            SELECT * INTO proposal FROM events
                WHERE case_id = first_case AND type = rule.first_type AND number > after_number
                ORDER BY actor_id = the_person, number DESC LIMIT 1;
            IF NOT FOUND THEN
                RAISE EXCEPTION '% needs a second person: nobody has said % before', the_type, rule.first_type
                    USING ERRCODE = 'check_violation';
            END IF;
            INSERT INTO second_persons VALUES
                (the_case, the_number, proposal.case_id, proposal.number, proposal.actor_id, the_person);
        ELSE
            INSERT INTO second_persons
                SELECT the_case, the_number, case_id, number, actor_id, the_person FROM events
                WHERE case_id = first_case AND type = rule.first_type AND number > after_number
                ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END $$
"""

_KEEP_RULES = """
CREATE FUNCTION tertib_keep_rules(
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
        IF parent.state = 'blocked' THEN
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
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
