"""Readings: each decision of an officer on a violation, and what follows: an end, a second reader, a supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.jurisdiction.model import ReviewPolicy
from api.review.chance import Chance
from api.review.leases import Lease
from api.review.seeing import Readiness
from api.review.tables import KnownAnswerRow, ReadingRow, WorkRow
from api.store.kinds import Actor
from api.store.tables import CaseRow

Decision = Literal["approved", "rejected"]
FIRST: Final = 1
SECOND: Final = 2


class Next(Enum):
    """What follows a reading."""

    FINAL = "final"
    SECOND = "second"
    SUPERVISOR = "supervisor"
    KNOWN = "known"
    KNOWN_OVER = "known_over"


@dataclass(frozen=True)
class Said:
    """What an officer decides: the decision, and for a rejection the id of its reason."""

    decision: Decision
    reason_id: str | None = None


def record(
    session: Session, case: CaseRow, officer: Actor, said: Said, *, lease: Lease, looked: Readiness, moment: datetime
) -> ReadingRow:
    """Write a decision down. The case must be locked by the caller."""
    number = session.scalar(
        select(func.coalesce(func.max(ReadingRow.number), 0) + 1).where(
            ReadingRow.case_id == case.id, ReadingRow.withdrawn_at.is_(None)
        )
    )
    row = ReadingRow(
        case_id=case.id,
        number=number,
        user_id=officer.id,
        user_name=officer.name,
        decision=said.decision,
        reason_id=said.reason_id,
        camera_id=str(case.subject.get("camera_id") or "?"),
        offence=str(case.subject.get("offence") or "?"),
        taken_at=lease.taken_at,
        at=moment,
        dwell_s=round(looked.dwell.total_seconds(), 1),
        seen={what: at.isoformat() for what, at in sorted(looked.shown.items())},
    )
    session.add(row)
    session.flush()
    return row


def standing(session: Session, case_id: UUID) -> list[ReadingRow]:
    """The readings of a case that nobody took back, the first one first."""
    query = select(ReadingRow).where(ReadingRow.case_id == case_id, ReadingRow.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(ReadingRow.number)))


def own(session: Session, case_id: UUID, officer: Actor) -> ReadingRow | None:
    """An officer's own standing reading of a case."""
    query = select(ReadingRow).where(
        ReadingRow.case_id == case_id, ReadingRow.user_id == officer.id, ReadingRow.withdrawn_at.is_(None)
    )
    return session.scalars(query).one_or_none()


def what_follows(
    session: Session, reading: ReadingRow, policy: ReviewPolicy | None, chance: Chance
) -> tuple[Next, list[ReadingRow]]:
    """What a reading leads to, and all standing readings of its case.

    A case whose answer is known leads nowhere. A first reading is final unless the lot says otherwise; a second one is
    final when it says the same; a supervisor's always.
    """
    readings = standing(session, reading.case_id)
    if session.get(KnownAnswerRow, reading.case_id) is not None:
        wanted = 1 if policy is None else policy.known_answer_readers
        return (Next.KNOWN_OVER if len(readings) >= wanted else Next.KNOWN), readings
    if reading.number == FIRST:
        share = 0.0
        if policy is not None:
            approved = reading.decision == "approved"
            share = policy.second_reading_of_approvals if approved else policy.second_reading_of_rejections
        return (Next.SECOND if chance.draw() < share else Next.FINAL), readings
    if reading.number == SECOND:
        return (Next.FINAL if readings[0].decision == reading.decision else Next.SUPERVISOR), readings
    return Next.FINAL, readings


def want_reader(session: Session, case_id: UUID, reading: int) -> None:
    """Put a case back into the queue, for its second reader or a supervisor."""
    values = {"reading": reading, "user_id": None, "user_name": None, "taken_at": None, "until": None}
    session.execute(
        update(WorkRow).where(WorkRow.case_id == case_id).values(values),
        execution_options={"synchronize_session": False},
    )


def withdraw(session: Session, reading: ReadingRow, moment: datetime) -> None:
    """Its author takes a reading back."""
    reading.withdrawn_at = moment
    session.flush()


def wanted_reading(session: Session, case_id: UUID) -> int:
    """Which reading a case waits for: the first, a second one, a supervisor's; 0 when it does not wait."""
    return session.scalar(select(WorkRow.reading).where(WorkRow.case_id == case_id)) or 0


def told(readings: list[ReadingRow]) -> list[dict[str, object]]:
    """Readings as the final event carries them."""
    return [
        {
            "number": one.number,
            "user": {"id": one.user_id, "name": one.user_name},
            "decision": one.decision,
            "reason": one.reason_id,
            "at": one.at.isoformat(),
            "dwell_s": one.dwell_s,
        }
        for one in readings
    ]
