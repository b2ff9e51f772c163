"""Tables of the review: what waits and on whose desk it lies, and what was shown to whom."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Computed, FetchedValue, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base

_FREE = text("user_id is null and rests_until is null")
_STANDING = text("withdrawn_at is null")


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
        CheckConstraint(
            "what in ('page', 'clip', 'overview', 'offence', 'offence_drawn', 'plate', 'before', 'beyond', "
            "'measured', 'head')",
            name="what",
        ),
        Index("ix_evidence_views_case_id_user_id_at", "case_id", "user_id", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    user_id: Mapped[str]
    session_id: Mapped[str]
    what: Mapped[str]
    at: Mapped[datetime]


class ReadingRow(Base):
    """One officer's decision on a violation: the first, the blind second, or a supervisor's third. Only grows.

    A case whose answer was known is read by several, each by himself. `withdrawn_at`: its author took it back.
    """

    __tablename__ = "readings"
    __table_args__ = (
        CheckConstraint("decision in ('approved', 'rejected')", name="decision"),
        CheckConstraint("(decision = 'rejected') = (reason_id is not null)", name="reason"),
        CheckConstraint("number >= 1", name="number"),
        Index("uq_readings_user_id", "case_id", "user_id", unique=True, postgresql_where=_STANDING),
        Index("uq_readings_number", "case_id", "number", unique=True, postgresql_where=_STANDING),
        Index("ix_readings_user_id_at", "user_id", "at"),
        Index("ix_readings_camera_id_offence_at", "camera_id", "offence", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    user_id: Mapped[str]
    user_name: Mapped[str]
    decision: Mapped[str]
    reason_id: Mapped[str | None]
    camera_id: Mapped[str]
    offence: Mapped[str]
    taken_at: Mapped[datetime]
    at: Mapped[datetime]
    dwell_s: Mapped[float]
    seen: Mapped[dict[str, str]] = mapped_column(JSONB)
    withdrawn_at: Mapped[datetime | None]


class KnownAnswerRow(Base):
    """A case whose right answer is known, among all others; no page of a reviewer reads this table. Only grows."""

    __tablename__ = "known_answers"
    __table_args__ = (CheckConstraint("expected in ('approved', 'rejected')", name="expected"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    expected: Mapped[str]
    placed_by: Mapped[str]
    placed_by_name: Mapped[str]
    placed_at: Mapped[datetime]


class PaceAlarmRow(Base):
    """Somebody decided faster than anybody can look. Only grows.

    `sort`: `hour` (so many `cases` in an hour), `quick` (so many in a row, each within a few `seconds`).
    """

    __tablename__ = "pace_alarms"
    __table_args__ = (
        CheckConstraint("sort in ('hour', 'quick')", name="sort"),
        Index("ix_pace_alarms_user_id_at", "user_id", "at"),
        Index("ix_pace_alarms_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[str]
    user_name: Mapped[str]
    sort: Mapped[str]
    at: Mapped[datetime]
    cases: Mapped[int]
    seconds: Mapped[int]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
