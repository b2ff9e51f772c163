"""Tables of the tickets."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class TicketRow(Base):
    """Which violation a ticket came from: one ticket a violation, by the database's own word."""

    __tablename__ = "tickets"
    __table_args__ = (UniqueConstraint("violation_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    violation_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
