"""How far the books have followed the cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0402_following"
down_revision = "0401_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bill_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bill_cursor"),
        sa.CheckConstraint("id = 1", name=op.f("ck_bill_cursor_one")),
    )


def downgrade() -> None:
    op.drop_table("bill_cursor")
