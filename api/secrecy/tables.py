"""Keys of cases, and the book of those that were destroyed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class CaseKeyRow(Base):
    """The key of one case, sealed by the office's ring. Deleting the row is the erasure."""

    __tablename__ = "case_keys"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    key: Mapped[bytes]
    made_at: Mapped[datetime]


class ErasureRow(Base):
    """A case whose key was destroyed: when, by which rule, by whom. Only grows."""

    __tablename__ = "erasures"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    erased_at: Mapped[datetime]
    rule: Mapped[str]
    by: Mapped[str]
