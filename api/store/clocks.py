"""Deadlines as rows: started and ended by events, computed from the policy that held when they started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from api.jurisdiction.calendar import SATURDAY, CalendarNotPublished
from api.jurisdiction.model import ClockPolicy, Jurisdiction
from api.store.explaining import Moved, explained
from api.store.kinds import Actor, CaseKind
from api.store.tables import CaseRow, ClockRow, EventRow


def due_at(
    policy: ClockPolicy, jurisdiction: Jurisdiction, *, anchor_at: datetime, started_at: datetime, paused_units: int = 0
) -> datetime:
    """The deadline of a policy.

    Args:
        policy: how it is counted.
        jurisdiction: whose holidays and local time.
        anchor_at: counted from here (the starting event, or the offence).
        started_at: when the clock started.
        paused_units: how long it stood still: working days where it counts in those, else seconds.

    Raises:
        CalendarNotPublished: working days reach a year whose holidays are not published.
    """
    if policy.count == "working_days":
        return jurisdiction.calendar.add_working_days(anchor_at, policy.amount + paused_units)
    if policy.count == "hours":
        due = anchor_at + timedelta(hours=policy.amount)
    elif policy.count == "days":
        # The same local time so many days later, also where clocks are put forward and back.
        due = anchor_at.astimezone(jurisdiction.zone) + timedelta(days=policy.amount)
    else:
        due = _years_later(anchor_at.astimezone(jurisdiction.zone), policy.amount)
    if policy.at_least_days is not None:
        due = max(due, started_at + timedelta(days=policy.at_least_days))
    return due + timedelta(seconds=paused_units)


def _years_later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        # The 29th of February of a year that has none is the day after its 28th: nobody loses a day.
        return moment.replace(year=moment.year + years, month=3, day=1)


def compute(policy: ClockPolicy, jurisdiction: Jurisdiction, row: ClockRow, *, moved: Moved | None = None) -> bool:
    """Fill in a clock's deadline and its explanation; False when the calendar is not published yet."""
    try:
        due: datetime | None = due_at(
            policy,
            jurisdiction,
            anchor_at=row.anchor_at,
            started_at=row.started_at,
            paused_units=row.paused_units or 0,
        )
        why_not = ""
    except CalendarNotPublished as error:
        due, why_not = None, str(error)
    row.due_at = due
    if row.overdue_event is None:
        row.next_at = None if row.paused_at is not None else due
    row.explain_id, row.explain_en = explained(
        policy, jurisdiction, anchor_at=row.anchor_at, due=due, why_not=why_not, moved=moved
    )
    return due is not None


def _anchor(policy: ClockPolicy, case_row: CaseRow, event: EventRow) -> datetime:
    occurred = case_row.subject.get("occurred_at") if policy.anchor == "occurred_at" else None
    return datetime.fromisoformat(occurred) if isinstance(occurred, str) else event.at


@dataclass(frozen=True)
class Resumed:
    """A clock that stood still and runs on: its deadline moved, which an event tells.

    Attributes:
        clock: its row, with the new deadline.
        before: the deadline until then.
        paused_at: since when it stood still.
    """

    clock: ClockRow
    before: datetime
    paused_at: datetime


def move_clocks(
    session: Session, jurisdiction: Jurisdiction, case_row: CaseRow, event: EventRow, *, actor: Actor
) -> list[Resumed]:
    """End, hold, resume and start the clocks of a case as an event demands. The caller holds the case's lock.

    Returns:
        The clocks that run on with another deadline.
    """
    rows = list(session.scalars(select(ClockRow).where(ClockRow.case_id == case_row.id)))
    resumed: list[Resumed] = []
    for row in rows:
        if row.stopped_at is not None:
            continue
        if row.paused_at is not None and event.type in (*row.resumes_on, *row.stops_on, *row.drops_on):
            resumed += _resume(jurisdiction, row, event.at)
        if event.type in row.stops_on and (actor.is_staff or not row.staff_only):
            _end(row, event, "late" if row.due_at is not None and event.at > row.due_at else "on_time")
        elif event.type in row.drops_on:
            _end(row, event, "late" if row.overdue_at(event.at) else "dropped")
        elif event.type in row.pauses_on and row.paused_at is None and not row.overdue_at(event.at):
            row.paused_at, row.next_at = event.at, None
    session.flush()
    service = case_row.subject.get("service")
    for policy in jurisdiction.policies_at(CaseKind(case_row.kind), event.at, case_row.agency, service):
        same = [row for row in rows if row.name == policy.name]
        if not _starts(session, policy, same, event):
            continue
        for row in same:
            if row.stopped_at is None:
                _end(row, event, "dropped")
        session.flush()
        session.add(_started(policy, jurisdiction, case_row, event, round_number=len(same) + 1))
    session.flush()
    return resumed


def first_clocks(jurisdiction: Jurisdiction, case_row: CaseRow, event: EventRow) -> list[ClockRow]:
    """The clocks that begin with a case's first event."""
    kind, service = CaseKind(case_row.kind), case_row.subject.get("service")
    policies = jurisdiction.policies_at(kind, event.at, case_row.agency, service)
    return [
        _started(policy, jurisdiction, case_row, event, round_number=1)
        for policy in policies
        if event.type in policy.starts_on
    ]


def clock_values(row: ClockRow) -> dict[str, object]:
    """A new clock's columns as JSON values, moments as ISO 8601."""
    values = {name: value for name, value in row.__dict__.items() if not name.startswith("_")}
    moments = {name: value.isoformat() for name, value in values.items() if isinstance(value, datetime)}
    return {**values, **moments, "id": str(uuid4()), "case_id": str(row.case_id)}


def _end(row: ClockRow, event: EventRow, result: str) -> None:
    row.paused_at = None
    row.stopped_at, row.stopped_by, row.result = event.at, event.number, result


def _resume(jurisdiction: Jurisdiction, row: ClockRow, at: datetime) -> list[Resumed]:
    policy = jurisdiction.policy(row.policy_id, row.policy_version)
    before, paused_at = row.due_at, row.paused_at
    row.paused_at = None
    if policy is None or before is None or paused_at is None:
        return []
    if policy.count == "working_days":
        row.paused_units += working_days_between(jurisdiction, paused_at, at)
    else:
        row.paused_units += int((at - paused_at).total_seconds())
    compute(policy, jurisdiction, row, moved=Moved(before, stood_still=(paused_at, at)))
    return [Resumed(row, before, paused_at)] if row.due_at != before else []


def working_days_between(jurisdiction: Jurisdiction, start: datetime, end: datetime) -> int:
    """Working days after the local day of `start`, up to and with that of `end`.

    In a year whose holidays are not published every day from Monday to Friday counts: a pause is never cut short.
    """
    day, last, found = jurisdiction.local_day(start), jurisdiction.local_day(end), 0
    while day < last:
        day += timedelta(days=1)
        try:
            found += jurisdiction.calendar.is_working_day(day)
        except CalendarNotPublished:
            found += day.weekday() < SATURDAY
    return found


def _starts(session: Session, policy: ClockPolicy, same: list[ClockRow], event: EventRow) -> bool:
    """Whether an event starts a clock, or counts a running (or dropped) one anew: the first letter does, once."""
    running = next((row for row in same if row.stopped_at is None), None)
    if running is None and event.type in policy.starts_on:
        return True
    last = running or max(same, key=lambda row: row.round, default=None)
    if last is None or event.type not in policy.restarts_on or (running is None and last.result != "dropped"):
        return False
    started_by = session.scalar(
        select(EventRow.type).where(EventRow.case_id == event.case_id, EventRow.number == last.started_by)
    )
    return running is None or started_by not in policy.restarts_on


def _started(
    policy: ClockPolicy, jurisdiction: Jurisdiction, case_row: CaseRow, event: EventRow, *, round_number: int
) -> ClockRow:
    row = ClockRow(
        case_id=case_row.id,
        name=policy.name,
        round=round_number,
        policy_id=policy.id,
        policy_version=policy.version,
        stops_on=list(policy.stops_on),
        drops_on=list(policy.drops_on),
        restarts_on=list(policy.restarts_on),
        pauses_on=list(policy.pauses_on),
        resumes_on=list(policy.resumes_on),
        then_types=list(policy.then),
        staff_only=policy.staff_only,
        anchor_at=_anchor(policy, case_row, event),
        started_at=event.at,
        started_by=event.number,
        counted_in=policy.count,
        paused_units=0,
        ladder=[{"after_hours": rung.after_hours, "to": rung.to} for rung in policy.ladder],
        rung=0,
    )
    compute(policy, jurisdiction, row)
    return row


@dataclass(frozen=True)
class OnTime:
    """How often a deadline was kept.

    Attributes:
        on_time: clocks that ended in time.
        late: clocks that ended late.
        overdue_open: clocks still running whose deadline has passed; they count as not kept.
        running: clocks still running in time; they count not at all yet.
        dropped: clocks that ended in time by something that neither keeps nor breaks them; they count not at all.
    """

    on_time: int
    late: int
    overdue_open: int
    running: int
    dropped: int = 0

    @property
    def share(self) -> float | None:
        """Share kept, 0..1, of those that ended or are overdue; None when there is none yet."""
        judged = self.on_time + self.late + self.overdue_open
        return None if judged == 0 else self.on_time / judged


def on_time(session: Session, name: str, moment: datetime, *, agency: str | None = None) -> OnTime:
    """Count a clock over all cases (or an agency's) at a moment; what is overdue and still open counts as not kept."""
    paused, due = ClockRow.paused_at.is_not(None), ClockRow.due_at
    open_late = and_(ClockRow.stopped_at.is_(None), ~paused, due < moment)
    open_fine = and_(ClockRow.stopped_at.is_(None), or_(paused, due.is_(None), due >= moment))

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    query = select(
        count(ClockRow.result == "on_time"),
        count(ClockRow.result == "late"),
        count(open_late),
        count(open_fine),
        count(ClockRow.result == "dropped"),
    ).where(ClockRow.name == name)
    if agency is not None:
        query = query.join(CaseRow, CaseRow.id == ClockRow.case_id).where(CaseRow.agency == agency)
    return OnTime(*session.execute(query).one())
