"""Tables of the review: what waits and on whose desk it lies, and what was shown to whom."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, FetchedValue, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base

_FREE = text("user_id is null and rests_until is null")


class QueueStateRow(Base):
    """A state of a kind of case in which it waits for somebody of the office; read by the database's triggers.

    Another kind comes into the queue by a migration that adds its line here and calls `tertib_count_anew()`.
    """

    __tablename__ = "queue_states"

    kind: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)


class WorkRow(Base):
    """A case that waits for somebody, by the database's trigger there as long as its state is one of `queue_states`.

    On a desk it carries who took it and until when, and leaves the indexes of what is free. `rests_until`: decided, and
    the decision can still be undone.
    """

    __tablename__ = "review_work"
    __table_args__ = (
        CheckConstraint("(user_id is null) = (until is null) and (user_id is null) = (taken_at is null)", name="lease"),
        CheckConstraint("reading between 1 and 3", name="reading"),
        Index("ix_review_work_due_at", "due_at", "case_id"),
        Index("ix_review_work_agency_due_at", "agency", "due_at", "case_id"),
        Index("ix_review_work_free", "due_day", "case_id", postgresql_where=_FREE),
        Index("ix_review_work_agency_free", "agency", "due_day", "case_id", postgresql_where=_FREE),
        Index("ix_review_work_until", "until", postgresql_where=text("user_id is not null")),
        Index("ix_review_work_rests_until", "rests_until", postgresql_where=text("rests_until is not null")),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    kind: Mapped[str]
    agency: Mapped[str]
    # The running deadline that comes first; the year 9999 when there is none.
    due_at: Mapped[datetime] = mapped_column(FetchedValue())
    due_day: Mapped[date] = mapped_column(Computed("(due_at AT TIME ZONE 'UTC')::date", persisted=True))
    # 1: nobody has read it; 2: a second reader is wanted; 3: two readers differ, a supervisor is wanted.
    reading: Mapped[int] = mapped_column(server_default="1")
    user_id: Mapped[str | None]
    user_name: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]


class EvidenceViewRow(Base):
    """A part of the evidence was sent to a signed-in session. Only grows; what a decision's `seen` rests on."""

    __tablename__ = "evidence_views"
    __table_args__ = (
        CheckConstraint("what in ('page', 'clip', 'overview', 'offence', 'offence_drawn', 'plate')", name="what"),
        Index("ix_evidence_views_case_id_user_id_at", "case_id", "user_id", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    user_id: Mapped[str]
    session_id: Mapped[str]
    what: Mapped[str]
    at: Mapped[datetime]
