"""Counts of the open board, by regency and camera."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0700_board"
down_revision = "0203_confidential_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_counts",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("month", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "key", "month", name="pk_board_counts"),
    )
    op.create_table(
        "board_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_board_mark"),
        sa.CheckConstraint("id = 1", name=op.f("ck_board_mark_one")),
    )


def downgrade() -> None:
    op.drop_table("board_mark")
    op.drop_table("board_counts")
