"""One-time codes with which a box enrols a camera."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0800_enrolment"
down_revision = "0003_intake"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "enrolment_codes",
        sa.Column("code_sha256", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.camera_id"], name="fk_enrolment_codes_camera_id_cameras"),
        sa.PrimaryKeyConstraint("code_sha256", name="pk_enrolment_codes"),
    )


def downgrade() -> None:
    op.drop_table("enrolment_codes")
