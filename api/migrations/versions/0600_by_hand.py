"""What people do by hand with messages; messages that are tried again; orders of one plate found quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0600_by_hand"
down_revision = "0403_notices"
branch_labels = None
depends_on = "0302_lives"  # the blocks come of another branch

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("inbox", sa.Column("next_at", TIME, nullable=True))
    op.create_table(
        "outbox_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_actions"),
        sa.CheckConstraint("what in ('viewed', 'sent_again', 'handled_again')", name=op.f("ck_outbox_actions_what")),
    )
    op.create_index("ix_outbox_actions_entry_id", "outbox_actions", ["entry_id"])
    op.execute(
        "CREATE TRIGGER outbox_actions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON outbox_actions"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("GRANT SELECT, INSERT ON outbox_actions TO tertib_app")
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON outbox_actions FROM tertib_app")
    op.create_index(
        "ix_outbox_register_plate",
        "outbox",
        [sa.text("(body ->> 'plate')")],
        postgresql_where=sa.text("kind in ('register_block', 'register_unblock')"),
    )
    op.create_index(
        "ix_blocks_blocked_at_open", "blocks", ["blocked_at"], postgresql_where=sa.text("lifted_at is null")
    )


def downgrade() -> None:
    op.drop_index("ix_blocks_blocked_at_open", "blocks")
    op.drop_index("ix_outbox_register_plate", "outbox")
    op.drop_table("outbox_actions")
    op.drop_column("inbox", "next_at")
