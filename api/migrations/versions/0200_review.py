"""The review: leases, and what was shown to whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0200_review"
down_revision = "0001_store"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "review_leases",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_review_leases"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_review_leases_case_id"),
    )
    op.create_table(
        "evidence_views",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_views"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_evidence_views_case_id"),
        sa.CheckConstraint(
            "what in ('page', 'clip', 'overview', 'offence', 'offence_drawn', 'plate')",
            name=op.f("ck_evidence_views_what"),
        ),
    )
    op.create_index("ix_evidence_views_case_id_user_id_at", "evidence_views", ["case_id", "user_id", "at"])
    # What was shown can be added to, never changed: a decision's `seen` rests on it.
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON evidence_views FROM tertib_app")


def downgrade() -> None:
    op.drop_table("evidence_views")
    op.drop_table("review_leases")
