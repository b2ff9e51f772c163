"""A decreed holiday moves deadlines that run in working days, each by an event that says why; results stay."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.jurisdiction.calendar import SATURDAY
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.store.clocks import compute
from api.store.explaining import Days, Moved, skipped
from api.store.hashing import iso_utc
from api.store.kinds import SYSTEM, Audience
from api.store.service import append, lock_case
from api.store.tables import CalendarRow, CaseRow, ClockRow

# Any number that no other program is likely to use: one office process at a time follows the calendars.
_CALENDAR_LOCK = 7_415_023


def follow_calendars(session: Session, moment: datetime) -> int:
    """Compare each jurisdiction's holidays with those that were seen last, and move the running deadlines they touch.

    Run when the office starts, since a jurisdiction's file is read then. A deadline that has passed stays where it is:
    late stays late. Costs nothing when no holiday has changed.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.

    Returns:
        How many deadlines moved; each is told by an event `clock_moved`.
    """
    session.execute(select(func.pg_advisory_xact_lock(_CALENDAR_LOCK)))
    _learn_units(session)
    moved = 0
    for jurisdiction in jurisdictions_of(session):
        seen = session.scalars(
            select(CalendarRow)
            .where(CalendarRow.jurisdiction == jurisdiction.id)
            .order_by(CalendarRow.version.desc())
            .limit(1)
        ).one_or_none()
        days = {day.isoformat(): name for day, name in jurisdiction.calendar.holidays.items()}
        if seen is not None and seen.days.keys() == days.keys():
            continue
        version = 1 if seen is None else seen.version + 1
        session.add(CalendarRow(jurisdiction=jurisdiction.id, version=version, seen_at=moment, days=days))
        session.flush()
        if seen is not None:
            added = _only_in(days, seen.days)
            moved += _move(session, jurisdiction, moment, added, _only_in(seen.days, days))
    return moved


def _learn_units(session: Session) -> None:
    """Clocks from before `counted_in` learn from their policy what they count in, so that holidays reach them too."""
    unknown = (
        select(ClockRow, CaseRow.jurisdiction)
        .join(CaseRow, CaseRow.id == ClockRow.case_id)
        .where(ClockRow.stopped_at.is_(None), ClockRow.counted_in.is_(None))
    )
    known = {one.id: one for one in jurisdictions_of(session)}
    for row, jurisdiction_id in session.execute(unknown):
        jurisdiction = known.get(jurisdiction_id)
        policy = None if jurisdiction is None else jurisdiction.policy(row.policy_id, row.policy_version)
        if policy is not None:
            row.counted_in = policy.count
    session.flush()


def _only_in(these: dict[str, str], those: dict[str, str]) -> Days:
    return tuple((date.fromisoformat(day), name) for day, name in sorted(these.items()) if day not in those)


def _move(session: Session, jurisdiction: Jurisdiction, moment: datetime, added: Days, removed: Days) -> int:
    touched = (
        select(ClockRow.case_id)
        .join(CaseRow, CaseRow.id == ClockRow.case_id)
        .where(
            CaseRow.jurisdiction == jurisdiction.id,
            ClockRow.stopped_at.is_(None),
            ClockRow.counted_in == "working_days",
            ClockRow.due_at >= moment,
        )
        .distinct()
    )
    moved = 0
    # In one order, so that two who lock several cases never wait for each other in a circle.
    for case_id in sorted(session.scalars(touched)):
        lock_case(session, case_id)
        rows = session.scalars(
            select(ClockRow)
            .where(
                ClockRow.case_id == case_id,
                ClockRow.stopped_at.is_(None),
                ClockRow.counted_in == "working_days",
                ClockRow.due_at >= moment,
            )
            .execution_options(populate_existing=True)
        )
        for row in rows.all():
            moved += _move_one(session, jurisdiction, row, added, removed)
    session.flush()
    return moved


def _move_one(session: Session, jurisdiction: Jurisdiction, row: ClockRow, added: Days, removed: Days) -> int:
    policy = jurisdiction.policy(row.policy_id, row.policy_version)
    before = row.due_at
    if policy is None or before is None or not compute(policy, jurisdiction, row) or row.due_at == before:
        return 0
    counted_out = skipped(jurisdiction, row.anchor_at, row.due_at or before)
    first, last = jurisdiction.local_day(row.anchor_at), jurisdiction.local_day(before - timedelta(microseconds=1))
    why = Moved(
        before,
        added=tuple(day for day in added if day in counted_out),
        removed=tuple(day for day in removed if first < day[0] <= last and day[0].weekday() < SATURDAY),
    )
    compute(policy, jurisdiction, row, moved=why)
    append(
        session,
        row.case_id,
        "clock_moved",
        actor=SYSTEM,
        body={
            "clock": row.name,
            "round": row.round,
            "policy": row.policy_id,
            "from": iso_utc(before),
            "due_at": iso_utc(row.due_at or before),
            "added": [{"day": day.isoformat(), "name": name} for day, name in why.added],
            "removed": [{"day": day.isoformat(), "name": name} for day, name in why.removed],
        },
        audience=Audience.PUBLIC,
    )
    return 1
