"""Published versions of cameras' scenes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0703_scene_versions"
down_revision = "0702_vehicle_numbers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scene_versions",
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("version_sha256", sa.Text(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("scene", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "version", name="pk_scene_versions"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.camera_id"], name="fk_scene_versions_camera_id"),
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON scene_versions FROM tertib_app")


def downgrade() -> None:
    # By which lines people were ticketed is never forgotten by a program.
    raise NotImplementedError
