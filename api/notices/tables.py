"""Tables of the notices."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base
from api.secrecy.columns import SealedText


class LetterBatchRow(Base):
    """Letters that went to the printing house together."""

    __tablename__ = "letter_batches"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    made_at: Mapped[datetime]
    letters: Mapped[int]


class NoticeRow(Base):
    """One notice of a ticket by one channel. `code` stands in the message: with it anybody can ask whether it is ours.

    `to_text` is the address, e-mail or number that it goes to, as the register had it.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("channel in ('letter', 'email', 'whatsapp')", name="channel"),
        CheckConstraint("state in ('queued', 'sent', 'delivered', 'returned', 'failed')", name="state"),
        Index("ix_notices_case_id", "case_id"),
        Index("ix_notices_batch_id", "batch_id"),
        Index("ix_notices_provider_id", "provider_id"),
        Index(
            "ix_notices_letters_waiting",
            "ready_at",
            postgresql_where=text("channel = 'letter' and state = 'queued' and batch_id is null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    channel: Mapped[str]
    code: Mapped[str]
    to_name: Mapped[str] = mapped_column(SealedText("notices.to_name"))
    to_text: Mapped[str] = mapped_column(SealedText("notices.to_text"))
    state: Mapped[str] = mapped_column(server_default="queued")
    made_at: Mapped[datetime]
    # Not before the decision is final.
    ready_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # Why it came back or failed.
    why: Mapped[str | None]
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("letter_batches.id"))
    # The message's id at who carries it.
    provider_id: Mapped[str | None]
