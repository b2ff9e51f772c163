"""The public face: tickets, citizens' copies, attachments, complainants, submissions, look-ups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0100_public_face"
down_revision = "0003_intake"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("violation_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_tickets"),
        sa.UniqueConstraint("violation_id", name="uq_tickets_violation_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tickets_case_id"),
        sa.ForeignKeyConstraint(["violation_id"], ["cases.id"], name="fk_tickets_violation_id"),
    )
    op.create_table(
        "citizen_copies",
        sa.Column("violation_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("parent_member", sa.Text(), nullable=False),
        sa.Column("parent_sha256", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("violation_id", "role", name="pk_citizen_copies"),
        sa.ForeignKeyConstraint(["violation_id"], ["cases.id"], name="fk_citizen_copies_violation_id"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("original_sha256", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_attachments_case_id"),
        sa.CheckConstraint("media_type in ('image/jpeg', 'application/pdf')", name=op.f("ck_attachments_media_type")),
        sa.CheckConstraint("octet_length(data) = size_bytes", name=op.f("ck_attachments_size")),
    )
    op.create_index("ix_attachments_case_id", "attachments", ["case_id"])
    op.create_table(
        "complainants",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_complainants"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_complainants_case_id"),
    )
    op.create_table(
        "submissions",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_submissions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_submissions_case_id"),
    )
    op.create_table(
        "lookups",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lookups"),
    )
    op.create_index("ix_lookups_client_at", "lookups", ["client", "at"])
    op.create_index("ix_lookups_reference_at", "lookups", ["reference", "at"])
    op.create_index("ix_lookups_at", "lookups", ["at"])
    # What was made or handed in stays as it is; retention removes it as the owner, never a page.
    for table in ("tickets", "citizen_copies", "attachments"):
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM tertib_app")


def downgrade() -> None:
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
