"""The pace alarm: whoever decides faster than anybody can look is told, and so is the supervisor.

It stops nobody: a queue that is worked off in time is good. Forty-one tickets in fifty-nine seconds are not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.jurisdiction.model import ReviewPolicy
from api.review.tables import PaceAlarmRow, ReadingRow
from api.store.kinds import SYSTEM, Actor, Audience
from api.store.reading import Viewer
from api.store.service import append

HOUR: Final = timedelta(hours=1)
SHOWN_FOR: Final = timedelta(minutes=15)


def watch(session: Session, reading: ReadingRow, officer: Actor, policy: ReviewPolicy | None) -> list[PaceAlarmRow]:
    """Look at an officer's pace after a reading; of each sort at most one alarm an hour.

    An alarm is a row for the supervisors and a note in the case at which it rose.
    """
    if policy is None:
        return []
    since = reading.at - HOUR
    mine = ReadingRow.user_id == officer.id
    in_the_hour = session.scalar(select(func.count()).where(mine, ReadingRow.at > since)) or 0
    last = session.execute(
        select(ReadingRow.at, ReadingRow.taken_at)
        .where(mine)
        .order_by(ReadingRow.at.desc())
        .limit(policy.pace_quick_in_a_row)
    ).all()
    quick_s = timedelta(seconds=policy.pace_quick_s)
    all_quick = len(last) == policy.pace_quick_in_a_row and all(at - taken_at < quick_s for at, taken_at in last)
    raised = []
    if in_the_hour > policy.pace_cases_an_hour:
        raised.append(("hour", in_the_hour, int(HOUR.total_seconds())))
    if all_quick:
        raised.append(("quick", len(last), policy.pace_quick_s))
    made = []
    for sort, cases, seconds in raised:
        told = (PaceAlarmRow.user_id == officer.id, PaceAlarmRow.sort == sort, PaceAlarmRow.at > since)
        if session.scalar(select(func.count()).where(*told)):
            continue
        row = PaceAlarmRow(
            user_id=officer.id,
            user_name=officer.name,
            sort=sort,
            at=reading.at,
            cases=cases,
            seconds=seconds,
            case_id=reading.case_id,
        )
        session.add(row)
        body = {"alarm": "pace", "sort": sort, "cases": cases, "seconds": seconds, "officer": officer.id}
        append(session, reading.case_id, "note", actor=SYSTEM, body=body, audience=Audience.INTERNAL)
        made.append(row)
    session.flush()
    return made


def latest_of(session: Session, officer: Actor, moment: datetime) -> PaceAlarmRow | None:
    """The alarm that an officer is still told of; None when the pace has been human for a while."""
    query = select(PaceAlarmRow).where(PaceAlarmRow.user_id == officer.id, PaceAlarmRow.at > moment - SHOWN_FOR)
    return session.scalars(query.order_by(PaceAlarmRow.at.desc()).limit(1)).one_or_none()


def alarms(
    session: Session, viewer: Viewer, moment: datetime, *, days: int = 31, most: int = 100
) -> list[PaceAlarmRow]:
    """The latest alarms, for supervisors and auditors; nobody else is shown any."""
    if viewer.actor is None or viewer.actor.role not in {"supervisor", "auditor", "admin"}:
        return []
    query = select(PaceAlarmRow).where(PaceAlarmRow.at > moment - timedelta(days=days))
    return list(session.scalars(query.order_by(PaceAlarmRow.at.desc()).limit(most)))
