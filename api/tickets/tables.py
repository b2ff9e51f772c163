"""Tables of the tickets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class TicketRow(Base):
    """Which violation a ticket came from: one living ticket a violation, by the database's own word."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("uq_tickets_violation_id", "violation_id", unique=True, postgresql_where=text("superseded_at is null")),
        Index("ix_tickets_violation_id", "violation_id"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    violation_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    # Its decision was undone, or somebody else answers for it now.
    superseded_at: Mapped[datetime | None]
    # The ticket whose owner named this one's driver.
    moved_from: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
