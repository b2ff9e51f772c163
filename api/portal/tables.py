"""Tables of the portal: forms that were sent, and look-ups that were tried."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class SubmissionRow(Base):
    """A form that was sent: its token makes one case of it, however often it is sent."""

    __tablename__ = "submissions"

    token: Mapped[str] = mapped_column(primary_key=True)
    form: Mapped[str]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    at: Mapped[datetime]


class LookupRow(Base):
    """A look-up that opened no ticket. Holds keyed hashes: no address or reference can be read from it."""

    __tablename__ = "lookups"
    __table_args__ = (
        Index("ix_lookups_client_at", "client", "at"),
        Index("ix_lookups_reference_at", "reference", "at"),
        Index("ix_lookups_at", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    client: Mapped[str]
    reference: Mapped[str]
    at: Mapped[datetime]
