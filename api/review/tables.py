"""Tables of the review: who holds a case now, and what was shown to whom."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class LeaseRow(Base):
    """Whose desk a case lies on, and until when. One row a case: two officers never get the same one."""

    __tablename__ = "review_leases"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    user_id: Mapped[str]
    user_name: Mapped[str]
    taken_at: Mapped[datetime]
    until: Mapped[datetime]


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
