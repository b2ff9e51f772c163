"""Notices, batches of letters; and what the register knows beside the owner's address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0403_notices"
down_revision = "0402_following"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "letter_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letter_batches"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("to_text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ready_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("code", name="uq_notices_code"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_notices_case_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["letter_batches.id"], name="fk_notices_batch_id"),
        sa.CheckConstraint("channel in ('letter', 'email', 'whatsapp')", name=op.f("ck_notices_channel")),
        sa.CheckConstraint(
            "state in ('queued', 'sent', 'delivered', 'returned', 'failed')", name=op.f("ck_notices_state")
        ),
    )
    for column in ("case_id", "batch_id", "provider_id"):
        op.create_index(f"ix_notices_{column}", "notices", [column])
    op.create_index(
        "ix_notices_letters_waiting",
        "notices",
        ["ready_at"],
        postgresql_where=sa.text("channel = 'letter' and state = 'queued' and batch_id is null"),
    )
    op.execute(
        "CREATE TRIGGER notices_stay BEFORE DELETE OR TRUNCATE ON notices"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE DELETE, TRUNCATE ON notices FROM tertib_app")

    for column in ("owner_email", "owner_phone", "priority"):
        op.add_column("vehicles", sa.Column(column, sa.Text(), server_default="", nullable=False))
    # Ambulances, fire engines, convoys: known to the office, whatever the register says.
    op.create_table(
        "priority_vehicles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.Column("valid_to", TIME, nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_priority_vehicles"),
        sa.CheckConstraint(
            "kind in ('ambulance', 'fire', 'police', 'state', 'convoy')", name=op.f("ck_priority_vehicles_kind")
        ),
    )
    op.create_index("ix_priority_vehicles_plate", "priority_vehicles", ["plate"])
    # Since when a camera's sighting and the register differ, and who looked into it.
    op.create_table(
        "register_resolutions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_register_resolutions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_register_resolutions_case_id"),
    )
    op.create_index("ix_register_resolutions_case_id", "register_resolutions", ["case_id"])
    op.execute(
        "CREATE TRIGGER register_resolutions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON register_resolutions"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON register_resolutions FROM tertib_app")


def downgrade() -> None:
    # What was sent to whom is never taken down by a program.
    raise NotImplementedError
