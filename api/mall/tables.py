"""Tables of the mall: numbers of the day."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class NumberRow(Base):
    """A visitor's number: one a hall, day, letter and count. The case tells what became of it."""

    __tablename__ = "mall_numbers"
    __table_args__ = (
        UniqueConstraint("hall", "day", "letter", "number"),
        CheckConstraint("state in ('waiting', 'called', 'served', 'missed')", name="state"),
        Index("ix_mall_numbers_waiting", "hall", "day", "state"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    hall: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    letter: Mapped[str]
    number: Mapped[int]
    agency: Mapped[str]
    state: Mapped[str]
    counter: Mapped[str]
    taken_at: Mapped[datetime]
    called_at: Mapped[datetime | None]

    @property
    def shown(self) -> str:
        """As the ticket says it: `A-012`."""
        return f"{self.letter}-{self.number:03d}"
