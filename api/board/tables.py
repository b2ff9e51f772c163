"""Counts by regency and camera, and how far the store's events have been counted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class BoardCountRow(Base):
    """How many of a thing in a month (its first moment, UTC). `what`: `regency` or `camera`; `key`: `CODE|outcome`."""

    __tablename__ = "board_counts"

    what: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[datetime] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger)


class BoardMarkRow(Base):
    """The last event that was counted; one row."""

    __tablename__ = "board_mark"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime]
