"""The audit: the log of cases' heads, published heads, and their time stamps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0300_audit"
down_revision = "0001_store"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tree_leaves",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("head_sha256", sa.Text(), nullable=False),
        sa.Column("identity_sha256", sa.Text(), nullable=False),
        sa.Column("clocks_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_tree_leaves"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tree_leaves_case_id"),
    )
    op.create_index("ix_tree_leaves_case_id_event_count", "tree_leaves", ["case_id", "event_count"])
    op.create_table(
        "tree_heads",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root_sha256", sa.Text(), nullable=False),
        sa.Column("peaks", JSONB(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tree_heads"),
        sa.UniqueConstraint("day", name="uq_tree_heads_day"),
        sa.CheckConstraint("size >= 0", name=op.f("ck_tree_heads_size")),
    )
    op.create_table(
        "tree_stamps",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("stamped_at", TIME, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", "authority", name="pk_tree_stamps"),
        sa.ForeignKeyConstraint(["number"], ["tree_heads.number"], name="fk_tree_stamps_number"),
    )
    for table in ("tree_leaves", "tree_heads", "tree_stamps"):
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM tertib_app")


def downgrade() -> None:
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
