"""The sweeper: writes down, once, that a deadline has passed, and computes those that could not be computed before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
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
    passed = and_(ClockRow.stopped_at.is_(None), ClockRow.due_at < moment, ClockRow.overdue_event.is_(None))
    appended = 0
    for case_row in _locked(session, passed, limit):
        for row in session.scalars(select(ClockRow).where(ClockRow.case_id == case_row.id, passed)).all():
            event = append(
                session,
                case_row.id,
                "clock_overdue",
                actor=SYSTEM,
                body={"clock": row.name, "due_at": iso_utc(row.due_at or moment), "policy": row.policy_id},
                # Who waits for an answer sees that it is late; other deadlines are the office's own matter.
                audience=Audience.PUBLIC if row.name == "first_response" else Audience.INTERNAL,
            )
            row.overdue_event = event.number
            appended += 1
    session.flush()
    return appended


def compute_waiting(session: Session, *, limit: int = 100 * BATCH) -> int:
    """Compute deadlines that could not be computed when their clocks started (holidays were not published).

    Run when the office starts, since a jurisdiction's file is read then.

    Returns:
        How many deadlines were computed; each is told by an event `clock_computed`.
    """
    waiting = and_(ClockRow.stopped_at.is_(None), ClockRow.due_at.is_(None))
    computed = 0
    for case_row in _locked(session, waiting, limit):
        jurisdiction = jurisdictions_of(session)[case_row.jurisdiction]
        for row in session.scalars(select(ClockRow).where(ClockRow.case_id == case_row.id, waiting)).all():
            policy = jurisdiction.policy(row.policy_id, row.policy_version)
            if policy is None or not compute(policy, jurisdiction, row) or row.due_at is None:
                continue
            append(
                session,
                case_row.id,
                "clock_computed",
                actor=SYSTEM,
                body={"clock": row.name, "due_at": iso_utc(row.due_at), "policy": row.policy_id},
                audience=Audience.INTERNAL,
            )
            computed += 1
    session.flush()
    return computed


def _locked(session: Session, clock_condition: ColumnElement[bool], limit: int) -> Sequence[CaseRow]:
    """Cases with such a clock, locked; those that somebody else holds are left to him."""
    query = (
        select(CaseRow)
        .where(CaseRow.id.in_(select(ClockRow.case_id).where(clock_condition)))
        # A case of a jurisdiction whose file was taken away must not keep the others waiting.
        .where(CaseRow.jurisdiction.in_([one.id for one in jurisdictions_of(session)]))
        .order_by(CaseRow.opened_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()
