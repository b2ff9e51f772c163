"""Tables of the outbox and the inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class OutboxRow(Base):
    """One effect on the outside, written in the transaction that decided it.

    `key` is the idempotency key: unique here, and told to the other end where its protocol takes one.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("state in ('waiting', 'sending', 'sent', 'failed')", name="state"),
        Index("ix_outbox_state_created_at", "state", "created_at"),
        Index("ix_outbox_case_id", "case_id"),
        Index(
            "ix_outbox_register_plate",
            text("(body ->> 'plate')"),
            postgresql_where=text("kind in ('register_block', 'register_unblock')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    key: Mapped[str]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    # What the other end answered (its message id), and what went wrong last.
    answer: Mapped[str | None]
    error: Mapped[str | None]


class InboxRow(Base):
    """One message from outside, raw as it came, with what came of it. The same message is held once."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("source", "message_id"),
        CheckConstraint("state in ('waiting', 'done', 'failed', 'refused')", name="state"),
        Index("ix_inbox_state_received_at", "state", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source: Mapped[str]
    message_id: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="waiting")
    handled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    result: Mapped[str | None]
    error: Mapped[str | None]
    # When what failed is handled anew by itself; None: handled, or a person must look.
    next_at: Mapped[datetime | None]


class HandActionRow(Base):
    """Somebody of the office looked at a raw message, or had something sent or handled again. Only grows."""

    __tablename__ = "outbox_actions"
    __table_args__ = (
        CheckConstraint("what in ('viewed', 'sent_again', 'handled_again')", name="what"),
        Index("ix_outbox_actions_entry_id", "entry_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    entry_id: Mapped[UUID]
    at: Mapped[datetime]
    user_id: Mapped[str]
    user_name: Mapped[str]
    what: Mapped[str]
    purpose: Mapped[str]
