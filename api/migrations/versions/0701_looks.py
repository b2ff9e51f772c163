"""Stills before and beyond the line count as looks, too; decisions of a rule at a camera are found quickly."""

from __future__ import annotations

from alembic import op

revision = "0701_looks"
down_revision = "0700_board"
branch_labels = None
depends_on = None

_WHAT = ("page", "clip", "overview", "offence", "offence_drawn", "plate", "before", "beyond", "measured", "head")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_evidence_views_what"), "evidence_views", type_="check")
    op.create_check_constraint(op.f("ck_evidence_views_what"), "evidence_views", f"what in {_WHAT!r}")
    op.create_index("ix_readings_camera_id_offence_at", "readings", ["camera_id", "offence", "at"])


def downgrade() -> None:
    # What was looked at is never taken down by a program.
    raise NotImplementedError
