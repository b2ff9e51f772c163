"""Deadlines as rows: started and ended by events, computed from the policy that held when they started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from api.jurisdiction.calendar import CalendarNotPublished
from api.jurisdiction.model import ClockPolicy, Jurisdiction
from api.store.explaining import Moved, explained
from api.store.kinds import Actor, CaseKind
from api.store.tables import CaseRow, ClockRow, EventRow


def due_at(policy: ClockPolicy, jurisdiction: Jurisdiction, *, anchor_at: datetime, started_at: datetime) -> datetime:
    """The deadline of a policy.

    Args:
        policy: how it is counted.
        jurisdiction: whose holidays and local time.
        anchor_at: counted from here (the starting event, or the offence).
        started_at: when the clock started.

    Raises:
        CalendarNotPublished: working days reach a year whose holidays are not published.
    """
    if policy.count == "hours":
        due = anchor_at + timedelta(hours=policy.amount)
    elif policy.count == "days":
        # The same local time so many days later, also where clocks are put forward and back.
        due = anchor_at.astimezone(jurisdiction.zone) + timedelta(days=policy.amount)
    else:
        due = jurisdiction.calendar.add_working_days(anchor_at, policy.amount)
    if policy.at_least_days is not None:
        due = max(due, started_at + timedelta(days=policy.at_least_days))
    return due


def compute(policy: ClockPolicy, jurisdiction: Jurisdiction, row: ClockRow, *, moved: Moved | None = None) -> bool:
    """Fill in a clock's deadline and its explanation; False when the calendar is not published yet."""
    try:
        due: datetime | None = due_at(policy, jurisdiction, anchor_at=row.anchor_at, started_at=row.started_at)
        why_not = ""
    except CalendarNotPublished as error:
        due, why_not = None, str(error)
    row.due_at = due
    if row.overdue_event is None:
        row.next_at = due
    row.explain_id, row.explain_en = explained(
        policy, jurisdiction, anchor_at=row.anchor_at, due=due, why_not=why_not, moved=moved
    )
    return due is not None


def _anchor(policy: ClockPolicy, case_row: CaseRow, event: EventRow) -> datetime:
    occurred = case_row.subject.get("occurred_at") if policy.anchor == "occurred_at" else None
    return datetime.fromisoformat(occurred) if isinstance(occurred, str) else event.at


def move_clocks(
    session: Session, jurisdiction: Jurisdiction, case_row: CaseRow, event: EventRow, *, actor: Actor
) -> None:
    """End and start the clocks of a case that an event ends and starts. The case row is locked by the caller."""
    rows = session.scalars(select(ClockRow).where(ClockRow.case_id == case_row.id)).all()
    for row in rows:
        if row.stopped_at is None and event.type in row.stops_on and (actor.is_staff or not row.staff_only):
            row.stopped_at = event.at
            row.stopped_by = event.number
            row.result = "late" if row.due_at is not None and event.at > row.due_at else "on_time"
    session.flush()
    for policy in jurisdiction.policies_at(CaseKind(case_row.kind), event.at, case_row.agency):
        if event.type not in policy.starts_on:
            continue
        same = [row for row in rows if row.name == policy.name]
        if any(row.stopped_at is None for row in same):
            continue
        row = ClockRow(
            case_id=case_row.id,
            name=policy.name,
            round=len(same) + 1,
            policy_id=policy.id,
            policy_version=policy.version,
            stops_on=list(policy.stops_on),
            staff_only=policy.staff_only,
            anchor_at=_anchor(policy, case_row, event),
            started_at=event.at,
            started_by=event.number,
            counted_in=policy.count,
            ladder=[{"after_hours": rung.after_hours, "to": rung.to} for rung in policy.ladder],
            rung=0,
        )
        compute(policy, jurisdiction, row)
        session.add(row)
    session.flush()


@dataclass(frozen=True)
class OnTime:
    """How often a deadline was kept.

    Attributes:
        on_time: clocks that ended in time.
        late: clocks that ended late.
        overdue_open: clocks still running whose deadline has passed; they count as not kept.
        running: clocks still running in time; they count not at all yet.
    """

    on_time: int
    late: int
    overdue_open: int
    running: int

    @property
    def share(self) -> float | None:
        """Share kept, 0..1, of those that ended or are overdue; None when there is none yet."""
        judged = self.on_time + self.late + self.overdue_open
        return None if judged == 0 else self.on_time / judged


def on_time(session: Session, name: str, moment: datetime, *, agency: str | None = None) -> OnTime:
    """Count a clock over all cases (or an agency's) at a moment; what is overdue and still open counts as not kept."""
    open_late = and_(ClockRow.stopped_at.is_(None), ClockRow.due_at < moment)
    open_fine = and_(ClockRow.stopped_at.is_(None), or_(ClockRow.due_at.is_(None), ClockRow.due_at >= moment))

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    query = select(
        count(ClockRow.result == "on_time"), count(ClockRow.result == "late"), count(open_late), count(open_fine)
    ).where(ClockRow.name == name)
    if agency is not None:
        query = query.join(CaseRow, CaseRow.id == ClockRow.case_id).where(CaseRow.agency == agency)
    return OnTime(*session.execute(query).one())
