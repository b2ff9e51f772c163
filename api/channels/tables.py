"""Tables of the channels: where a case is answered, which messages were heard, and how many were refused."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base
from api.secrecy.columns import SealedText


class ThreadRow(Base):
    """Where a case is answered. Apart from the events, as whoever wrote may ask to be forgotten."""

    __tablename__ = "channel_threads"
    __table_args__ = (Index("ix_channel_threads_author", "channel", "author", "last_at"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    channel: Mapped[str]
    address: Mapped[str] = mapped_column(SealedText("channel_threads.address"))
    author: Mapped[str]
    name: Mapped[str] = mapped_column(SealedText("channel_threads.name"))
    public: Mapped[bool]
    # The newest message of theirs: answers refer to it.
    last_message_id: Mapped[str]
    last_at: Mapped[datetime]


class HeardRow(Base):
    """One message by the channel's own id, held once; with the case that it belongs to, if any. Only grows."""

    __tablename__ = "channel_messages"
    __table_args__ = (
        CheckConstraint("direction in ('in', 'out')", name="direction"),
        Index("ix_channel_messages_case_id", "case_id"),
    )

    channel: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    direction: Mapped[str]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    at: Mapped[datetime]


class RefusedRow(Base):
    """How many calls a source had refused on a day: a wrong signature, a wrong token."""

    __tablename__ = "channel_refusals"

    source: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
