"""The table of enrolment: one-time codes, kept as hashes only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class EnrolmentCodeRow(Base):
    """A code for one camera; counts once, and not for long."""

    __tablename__ = "enrolment_codes"

    code_sha256: Mapped[str] = mapped_column(primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.camera_id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
