"""The lease: opening a case puts it on one officer's desk for a while; a desk that is left gives it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, exists, or_, select, true, update
from sqlalchemy.orm import Session

from api.clock import now
from api.review.tables import KnownAnswerRow, ReadingRow, WorkRow
from api.store.kinds import Actor

LEASE: Final = timedelta(minutes=15)
# The reading that two who differ leave to a supervisor.
SUPERVISORS: Final = 3
_NOBODY: Final = {"user_id": None, "user_name": None, "taken_at": None, "until": None}
_RETURNS_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Lease:
    """Whose desk a case lies on, since when and until when."""

    case_id: UUID
    user_id: str
    user_name: str
    taken_at: datetime
    until: datetime


def lease_of(row: WorkRow) -> Lease | None:
    """The lease that a work item carries, in force or not."""
    if row.user_id is None or row.user_name is None or row.taken_at is None or row.until is None:
        return None
    return Lease(row.case_id, row.user_id, row.user_name, row.taken_at, row.until)


def lent_to(officer: Actor, moment: datetime | ColumnElement[datetime]) -> dict[str, object]:
    """The values that put a work item on an officer's desk; `moment`: the present, or where it will be filled in."""
    # An officer who still holds it keeps what was shown since; one who comes back later looks again.
    still_mine = (WorkRow.user_id == officer.id) & (WorkRow.until > moment)
    return {
        "user_id": officer.id,
        "user_name": officer.name,
        "taken_at": case((still_mine, WorkRow.taken_at), else_=moment),
        "until": moment + LEASE,
    }


def obtainable_by(officer: Actor, moment: datetime) -> ColumnElement[bool]:
    """Work items that lie on nobody else's desk and do not rest."""
    on_no_desk = or_(WorkRow.user_id.is_(None), WorkRow.user_id == officer.id, WorkRow.until <= moment)
    return WorkRow.rests_until.is_(None) & on_no_desk


def for_role(officer: Actor) -> ColumnElement[bool]:
    """Work items whose reading is for this officer's role."""
    return true() if officer.role == "supervisor" else WorkRow.reading < SUPERVISORS


def not_read_by(officer: Actor) -> ColumnElement[bool]:
    """Work items that this officer has not read, nor placed as one whose answer is known."""
    read = exists().where(
        ReadingRow.case_id == WorkRow.case_id, ReadingRow.user_id == officer.id, ReadingRow.withdrawn_at.is_(None)
    )
    placed = exists().where(KnownAnswerRow.case_id == WorkRow.case_id, KnownAnswerRow.placed_by == officer.id)
    return ~read & ~placed


def take(session: Session, case_id: UUID, officer: Actor) -> Lease | None:
    """Put a waiting case on an officer's desk, or keep it there for longer.

    One statement decides: of two officers who ask at the same time, the database lets one through.

    Returns:
        The lease; None when somebody else holds the case, this officer has read it, it is a supervisor's, or it does
        not wait (any more).
    """
    moment = now(session)
    statement = (
        update(WorkRow)
        .where(WorkRow.case_id == case_id, obtainable_by(officer, moment), not_read_by(officer), for_role(officer))
        .values(lent_to(officer, moment))
        .returning(WorkRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    row = session.scalars(statement).one_or_none()
    return None if row is None else lease_of(row)


def holder(session: Session, case_id: UUID) -> Lease | None:
    """Who holds a case at this moment; None when nobody does."""
    query = select(WorkRow).where(WorkRow.case_id == case_id, WorkRow.until > now(session))
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return None if row is None else lease_of(row)


def release(session: Session, case_id: UUID, officer: Actor) -> None:
    """Clear an officer's desk of a case."""
    mine = (WorkRow.case_id == case_id, WorkRow.user_id == officer.id)
    session.execute(update(WorkRow).where(*mine).values(_NOBODY), execution_options={"synchronize_session": False})


def give_back_expired(session: Session, moment: datetime) -> int:
    """Return what lies on desks whose time has run out (a reviewer died, went home) to the queue.

    Costs in proportion to what has run out; run by the sweeper and by whoever asks for the next case.

    Returns:
        How many cases went back; at most a few hundred at once.
    """
    expired = (
        select(WorkRow.case_id)
        .where(WorkRow.user_id.is_not(None), WorkRow.until <= moment)
        .limit(_RETURNS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    statement = update(WorkRow).where(WorkRow.case_id.in_(expired)).values(_NOBODY).returning(WorkRow.case_id)
    return len(session.execute(statement, execution_options={"synchronize_session": False}).all())
