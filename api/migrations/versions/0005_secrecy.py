"""Keys of cases, which can be destroyed, and the book of their destruction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_secrecy"
down_revision = "0004_keys_of_people"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_keys",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_keys"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_keys_case_id"),
    )
    op.create_table(
        "erasures",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("erased_at", TIME, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_erasures"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_erasures_case_id"),
    )
    op.execute("REVOKE UPDATE, DELETE ON erasures FROM tertib_app")


def downgrade() -> None:
    op.drop_table("erasures")
    op.drop_table("case_keys")
