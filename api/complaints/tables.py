"""Tables of the complaints: who complained, kept apart from what was said."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class ComplainantRow(Base):
    """Name and contact of a complainant who gave them.

    They stand here and not in an event: events are for ever, whereas a person may ask to be forgotten.
    """

    __tablename__ = "complainants"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    name: Mapped[str | None]
    contact: Mapped[str | None]
