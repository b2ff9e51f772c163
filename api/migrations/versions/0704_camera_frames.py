"""A frame of a camera to draw its scene on, before it has sent anything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0704_camera_frames"
down_revision = "0703_scene_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "camera_frames",
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("put_by", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", name="pk_camera_frames"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.camera_id"], name="fk_camera_frames_camera_id"),
    )


def downgrade() -> None:
    op.drop_table("camera_frames")
