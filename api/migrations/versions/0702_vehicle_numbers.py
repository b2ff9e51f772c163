"""Engine and chassis numbers of the register's vehicles: an owner without a letter is known by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0702_vehicle_numbers"
down_revision = "0701_looks"
branch_labels = None
depends_on = "0403_notices"


def upgrade() -> None:
    for column in ("engine_number", "chassis_number"):
        op.add_column("vehicles", sa.Column(column, sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for column in ("engine_number", "chassis_number"):
        op.drop_column("vehicles", column)
