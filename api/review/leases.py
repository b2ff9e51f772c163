"""The lease: opening a case puts it on one officer's desk for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.review.tables import LeaseRow
from api.store.kinds import Actor

LEASE: Final = timedelta(minutes=15)


def take(session: Session, case_id: UUID, officer: Actor) -> LeaseRow | None:
    """Put a case on an officer's desk, or keep it there for longer; None when somebody else holds it.

    One statement decides: of two officers who ask at the same time, the database lets one through.
    """
    moment = now(session)
    wanted = insert(LeaseRow).values(
        case_id=case_id, user_id=officer.id, user_name=officer.name, taken_at=moment, until=moment + LEASE
    )
    mine = LeaseRow.user_id == officer.id
    statement = wanted.on_conflict_do_update(
        index_elements=[LeaseRow.case_id],
        set_={
            "user_id": officer.id,
            "user_name": officer.name,
            # An officer who still holds it keeps what was shown since; one who comes back later looks again.
            "taken_at": _case_when_still_mine(officer, moment),
            "until": moment + LEASE,
        },
        where=mine | (LeaseRow.until <= moment),
    ).returning(LeaseRow)
    return session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()


def _case_when_still_mine(officer: Actor, moment: datetime) -> object:
    from sqlalchemy import case  # noqa: PLC0415 - `case` means something else in this package

    return case(((LeaseRow.user_id == officer.id) & (LeaseRow.until > moment), LeaseRow.taken_at), else_=moment)


def holder(session: Session, case_id: UUID) -> LeaseRow | None:
    """Who holds a case at this moment; None when nobody does."""
    query = select(LeaseRow).where(LeaseRow.case_id == case_id, LeaseRow.until > now(session))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def release(session: Session, case_id: UUID, officer: Actor) -> None:
    """Clear an officer's desk of a case."""
    session.execute(delete(LeaseRow).where(LeaseRow.case_id == case_id, LeaseRow.user_id == officer.id))
