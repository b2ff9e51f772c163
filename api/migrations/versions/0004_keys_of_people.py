"""Passwords that must be changed, sign-ins that wait for a second step, and officers' hardware keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_keys_of_people"
down_revision = "0003_intake"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("password_is_first", sa.Boolean(), server_default="false", nullable=False))
    # A table of its own: a version of the office that knows nothing of second steps takes nobody in half-way.
    op.create_table(
        "waiting_sign_ins",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("with_key", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_waiting_sign_ins"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_waiting_sign_ins_user_id"),
    )
    op.create_table(
        "hardware_keys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("credential_id", name="pk_hardware_keys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_hardware_keys_user_id"),
    )
    op.create_index("ix_hardware_keys_user_id", "hardware_keys", ["user_id"])
    # Which keys somebody had, and until when, stays to be asked.
    op.execute("REVOKE DELETE ON hardware_keys FROM tertib_app")


def downgrade() -> None:
    op.drop_table("hardware_keys")
    op.drop_table("waiting_sign_ins")
    op.drop_column("users", "password_is_first")
