"""What a ticket needs to know of its evidence package."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.intake.tables import CameraKeyRow, PackageRow


def signing_key_of(session: Session, package: PackageRow) -> str:
    """Id of the key that the camera signed with when the package came in; empty when its keys are not held any more."""
    query = (
        select(CameraKeyRow.keyid)
        .where(
            CameraKeyRow.camera_id == package.camera_id,
            CameraKeyRow.valid_from <= package.received_at,
            or_(CameraKeyRow.valid_to.is_(None), CameraKeyRow.valid_to > package.received_at),
        )
        .order_by(CameraKeyRow.valid_from.desc())
    )
    return session.scalars(query).first() or ""
