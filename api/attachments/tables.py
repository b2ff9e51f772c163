"""Tables of the attachments: the files of a case, by whatever channel they came."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, deferred, mapped_column

from api.base import Base


class AttachmentRow(Base):
    """One file of a case. Its hash also stands in an event of the case, so that the file cannot be swapped unseen."""

    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint("media_type in ('image/jpeg', 'application/pdf')", name="media_type"),
        CheckConstraint("octet_length(data) = size_bytes", name="size"),
        Index("ix_attachments_case_id", "case_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    original_sha256: Mapped[str]
    added_at: Mapped[datetime]
    # Loaded only when the file itself is asked for: lists of attachments stay small.
    data: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False), raiseload=True)
