"""Tables of the redaction: the citizens' copies, with what they were made from and how."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, deferred, mapped_column

from api.base import Base


class CitizenCopyRow(Base):
    """The redacted derivative of one still of a violation. Made once, never changed."""

    __tablename__ = "citizen_copies"

    violation_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    parent_member: Mapped[str]
    parent_sha256: Mapped[str]
    recipe: Mapped[str]
    sha256: Mapped[str]
    width_px: Mapped[int]
    height_px: Mapped[int]
    made_at: Mapped[datetime]
    # Loaded only when the picture itself is asked for.
    data: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False), raiseload=True)
