"""Tables of the e-office: the agenda of each agency."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class AgendaRow(Base):
    """A number in an agency's register of letters: one row a letter, none twice, none left out within a year."""

    __tablename__ = "agenda"
    __table_args__ = (
        UniqueConstraint("agency", "year", "direction", "number"),
        CheckConstraint("direction in ('in', 'out')", name="direction"),
        CheckConstraint("number > 0", name="number"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(primary_key=True)
    agency: Mapped[str]
    year: Mapped[int]
    number: Mapped[int]
    at: Mapped[datetime]
