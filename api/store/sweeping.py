"""The sweeper: writes down, once, that a deadline has passed, and computes those that could not be computed before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from api.jurisdiction.loading import jurisdictions_of
from api.store.clocks import compute
from api.store.hashing import iso_utc
from api.store.kinds import SYSTEM, Audience
from api.store.service import append
from api.store.tables import CaseRow, ClockRow

BATCH = 100


def sweep_due(session: Session, moment: datetime, *, limit: int = BATCH) -> int:
    """Append a `clock_overdue` event for each running clock whose deadline has passed and has no such event yet.

    Several sweepers may run: each takes cases that no other holds (FOR UPDATE SKIP LOCKED). Case first, then its
    clocks: the same order of locks as `append`, so that the two never wait for each other in a circle.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.
        limit: at most so many cases in one transaction.

    Returns:
        How many events were appended.
    """
    due = and_(ClockRow.due_at < moment, ClockRow.overdue_event.is_(None))
    waiting = ClockRow.due_at.is_(None)
    open_due = and_(ClockRow.stopped_at.is_(None), or_(due, waiting))
    cases = session.scalars(
        select(CaseRow)
        .where(CaseRow.id.in_(select(ClockRow.case_id).where(open_due)))
        .order_by(CaseRow.opened_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    appended = 0
    for case_row in cases:
        jurisdiction = jurisdictions_of(session)[case_row.jurisdiction]
        rows = session.scalars(select(ClockRow).where(ClockRow.case_id == case_row.id, open_due)).all()
        for row in rows:
            policy = jurisdiction.policy(row.policy_id, row.policy_version)
            if row.due_at is None and (policy is None or not compute(policy, jurisdiction, row)):
                continue
            if row.due_at is None or row.due_at >= moment:
                continue
            event = append(
                session,
                case_row.id,
                "clock_overdue",
                actor=SYSTEM,
                body={"clock": row.name, "due_at": iso_utc(row.due_at), "policy": row.policy_id},
                # Who waits for an answer sees that it is late; other deadlines are the office's own matter.
                audience=Audience.PUBLIC if row.name == "first_response" else Audience.INTERNAL,
            )
            row.overdue_event = event.number
            appended += 1
    session.flush()
    return appended
