"""Intake: cameras, their keys, packages, incidents; and the embedded vehicle register."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_intake"
down_revision = "0002_people"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cameras",
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("last_package_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("camera_id", name="pk_cameras"),
        sa.UniqueConstraint("token_sha256", name="uq_cameras_token_sha256"),
    )
    op.create_table(
        "camera_keys",
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("public_key_b64", sa.Text(), nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.Column("valid_to", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("keyid", name="pk_camera_keys"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.camera_id"], name="fk_camera_keys_camera_id"),
    )
    op.create_index("ix_camera_keys_camera_id", "camera_keys", ["camera_id"])
    op.create_table(
        "packages",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("chain_sha256", sa.Text(), nullable=False),
        sa.Column("previous_sha256", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("package_id", name="pk_packages"),
        sa.UniqueConstraint("camera_id", "sequence", name="uq_packages_camera_id_sequence"),
        sa.UniqueConstraint("case_id", name="uq_packages_case_id"),
        sa.UniqueConstraint("sha256", name="uq_packages_sha256"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.camera_id"], name="fk_packages_camera_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_packages_case_id"),
    )
    op.execute(
        "CREATE TRIGGER packages_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON packages"
        " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON packages FROM tertib_app")
    op.create_table(
        "intake_incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intake_incidents"),
        sa.UniqueConstraint("camera_id", "sha256", "step", name="uq_intake_incidents_camera_id_sha256_step"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.camera_id"], name="fk_intake_incidents_camera_id"),
    )
    op.create_index("ix_intake_incidents_camera_id_first_at", "intake_incidents", ["camera_id", "first_at"])
    op.create_table(
        "vehicles",
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("vehicle_class", sa.Text(), nullable=False),
        sa.Column("make", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("owner_address", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("plate", name="pk_vehicles"),
    )


def downgrade() -> None:
    raise NotImplementedError
