"""Clocks that count anew once the letter has left, and how long each stood still."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0303_windows"
down_revision = "0302_lives"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clocks", sa.Column("restarts_on", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False))
    op.add_column("clocks", sa.Column("paused_units", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    # Evidence of what an office did is never taken down by a program.
    raise NotImplementedError
