"""The sweeper: writes down what has become due and what follows, climbs ladders, computes what had to wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.store.clocks import compute
from api.store.errors import BlockRefused, NotFinalYet
from api.store.hashing import iso_utc
from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.service import append, append_to_locked
from api.store.tables import CaseRow, ClockRow, EventRow
from api.store.transitions import allowed

BATCH = 100
# What a missed deadline brings about, and something kept from following, is tried again after so long.
AGAIN = timedelta(days=1)


def sweep_due(session: Session, moment: datetime, *, limit: int = BATCH) -> int:
    """Write down what has become due: that a deadline has passed, once, and each rung of its ladder when it is reached.

    Several sweepers may run: each takes cases that no other holds (FOR UPDATE SKIP LOCKED). Case first, then its
    clocks: the same order of locks as `append`, so that the two never wait for each other in a circle. Costs in
    proportion to what is due, however many clocks are open or late: an index holds what is to be done next.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.
        limit: at most so many cases in one transaction.

    Returns:
        How many events were appended.
    """
    due = and_(ClockRow.stopped_at.is_(None), ClockRow.paused_at.is_(None), ClockRow.next_at < moment)
    appended = 0
    locked = _locked(session, due, limit)
    if not locked:
        return 0
    clocks: dict[UUID, list[ClockRow]] = defaultdict(list)
    for row in session.scalars(select(ClockRow).where(ClockRow.case_id.in_([one.id for one in locked]), due)):
        clocks[row.case_id].append(row)
    # Asked for once, when all locks are had: no event of these cases can be younger.
    at = now(session, fresh=True)
    for case_row in locked:
        for row in clocks[case_row.id]:
            # An event before may have ended or held it: what has been swept for the case is in the session.
            if row.stopped_at is None and row.paused_at is None:
                appended += _climb(session, case_row, row, moment, at)
                appended += _then(session, case_row, row, at)
    session.flush()
    return appended


def _then(session: Session, case_row: CaseRow, row: ClockRow, at: datetime) -> int:
    """What the policy says follows from a missed deadline, each event where the case's state takes it.

    What an open contest, or the state of the case, kept from following is tried again while the clock runs.
    """
    appended = 0
    for event_type in row.then_types:
        if row.overdue_event is None or event_type not in allowed(CaseKind(case_row.kind), case_row.state):
            continue
        body = {"clock": row.name, "due_at": iso_utc(row.due_at or row.started_at), "policy": row.policy_id}
        try:
            append_to_locked(session, case_row, event_type, actor=SYSTEM, body=body, audience=Audience.PARTY, at=at)
        except (BlockRefused, NotFinalYet) as error:
            kept = {**body, "kept_from": event_type, "why": error.detail}
            if _noted(session, case_row, kept):
                continue
            append_to_locked(session, case_row, "note", actor=SYSTEM, body=kept, audience=Audience.INTERNAL, at=at)
        appended += 1
    if row.then_types and row.stopped_at is None and row.paused_at is None and row.next_at is None:
        row.next_at = at + AGAIN
    return appended


def _noted(session: Session, case_row: CaseRow, body: dict[str, str]) -> bool:
    """Whether the case says so already: a block that is tried every day is told of once."""
    notes = select(EventRow).where(EventRow.case_id == case_row.id, EventRow.type == "note")
    return any(event.data == body for event in session.scalars(notes))


def _climb(session: Session, case_row: CaseRow, row: ClockRow, moment: datetime, at: datetime) -> int:
    due = row.due_at or moment
    appended = 0
    if row.overdue_event is None:
        event = append_to_locked(
            session,
            case_row,
            "clock_overdue",
            actor=SYSTEM,
            body={"clock": row.name, "due_at": iso_utc(due), "policy": row.policy_id},
            # Who waits for an answer sees that it is late; other deadlines are the office's own matter.
            audience=Audience.PUBLIC if row.name == "first_response" else Audience.INTERNAL,
            at=at,
        )
        row.overdue_event = event.number
        appended += 1
    row.next_at = None
    if row.stopped_at is not None:
        return appended
    while row.rung < len(row.ladder):
        rung = row.ladder[row.rung]
        reached_at = due + timedelta(hours=rung["after_hours"])
        if reached_at >= moment:
            row.next_at = reached_at
            break
        row.rung += 1
        append_to_locked(
            session,
            case_row,
            "escalated",
            actor=SYSTEM,
            body={"clock": row.name, "due_at": iso_utc(due), "policy": row.policy_id, "rung": row.rung, **rung},
            audience=Audience.INTERNAL,
            at=at,
        )
        appended += 1
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
                body={
                    "clock": row.name,
                    "round": row.round,
                    "due_at": iso_utc(row.due_at),
                    "policy": row.policy_id,
                },
                audience=Audience.INTERNAL,
            )
            computed += 1
    session.flush()
    return computed


def _locked(session: Session, clock_condition: ColumnElement[bool], limit: int) -> Sequence[CaseRow]:
    """Cases with such a clock, locked, what waits longest first; those that somebody else holds are left to him."""
    wanted = (
        select(ClockRow.case_id)
        .join(CaseRow, CaseRow.id == ClockRow.case_id)
        # A case of a jurisdiction whose file was taken away must not keep the others waiting.
        .where(clock_condition, CaseRow.jurisdiction.in_([one.id for one in jurisdictions_of(session)]))
        .order_by(ClockRow.next_at)
        .limit(limit)
    )
    query = (
        select(CaseRow)
        .where(CaseRow.id.in_(wanted))
        .order_by(CaseRow.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()
