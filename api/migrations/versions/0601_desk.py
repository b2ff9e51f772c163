"""The agenda of letters and the numbers of a mall's day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0601_desk"
down_revision = "0600_by_hand"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "agenda",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "direction", name="pk_agenda"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_agenda_case_id"),
        sa.UniqueConstraint("agency", "year", "direction", "number", name="uq_agenda_agency_year_direction_number"),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_agenda_direction")),
        sa.CheckConstraint("number > 0", name=op.f("ck_agenda_number")),
    )
    # A number that was given stays given.
    op.execute(
        "CREATE TRIGGER agenda_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON agenda"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("GRANT SELECT, INSERT ON agenda TO tertib_app")
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON agenda FROM tertib_app")
    op.create_table(
        "mall_numbers",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("hall", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("called_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("case_id", "hall", "day", name="pk_mall_numbers"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_mall_numbers_case_id"),
        sa.UniqueConstraint("hall", "day", "letter", "number", name="uq_mall_numbers_hall_day_letter_number"),
        sa.CheckConstraint("state in ('waiting', 'called', 'served', 'missed')", name=op.f("ck_mall_numbers_state")),
    )
    op.create_index("ix_mall_numbers_waiting", "mall_numbers", ["hall", "day", "state"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON mall_numbers TO tertib_app")


def downgrade() -> None:
    op.drop_table("mall_numbers")
    op.drop_table("agenda")
