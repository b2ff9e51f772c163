"""Adds the store's latest events to the board's counts: each event once, so that a page never counts over cases."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.board.regencies import regency_of
from api.board.tables import BoardCountRow, BoardMarkRow
from api.jurisdiction.loading import jurisdictions_of
from api.store.kinds import CaseKind
from api.store.tables import CaseRow, ClockRow, EventRow

# Numbers are given before a transaction commits: an event is counted when every earlier one has long been written.
SETTLED: Final = timedelta(seconds=30)
AT_ONCE: Final = 2_000
_LOCK: Final = 7_415_026
_FIRST: Final = "first_response"
_WANTED: Final = ("opened", "clock_overdue", "redirected", "answered", "closed", "withdrawn", "cancelled")


def count_new(session: Session, moment: datetime, *, most: int = AT_ONCE) -> int:
    """Count the events since the last time; one process at a time, the others do nothing.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.
        most: events in one transaction.

    Returns:
        How many events were passed.
    """
    if not session.execute(select(func.pg_try_advisory_xact_lock(_LOCK))).scalar_one():
        return 0
    mark = session.get(BoardMarkRow, 1)
    if mark is None:
        mark = BoardMarkRow(id=1, event_id=0, counted_at=moment)
        session.add(mark)
    passed = session.execute(
        select(EventRow.id, EventRow.case_id, EventRow.number, EventRow.type, EventRow.at)
        .where(EventRow.id > mark.event_id)
        .order_by(EventRow.id)
        .limit(most)
    ).all()
    ready = []
    for row in passed:
        if row.at > moment - SETTLED:
            break
        ready.append(row)
    mark.counted_at = moment
    if not ready:
        return 0
    mark.event_id = ready[-1].id
    wanted = {row.case_id for row in ready if row.type in _WANTED}
    cases = {case.id: case for case in session.scalars(select(CaseRow).where(CaseRow.id.in_(wanted)))}
    firsts = {
        clock.case_id: clock
        for clock in session.scalars(
            select(ClockRow).where(ClockRow.case_id.in_(wanted), ClockRow.name == _FIRST, ClockRow.round == 1)
        )
    }
    held = jurisdictions_of(session)
    counted: Counter[tuple[str, str, datetime]] = Counter()
    for row in ready:
        case = cases.get(row.case_id)
        # What goes past the unit is not shown by place: few of them would name somebody.
        if case is None or case.confidential:
            continue
        month = case.opened_at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if case.kind == CaseKind.COMPLAINT.value:
            outcome = _complaint(row.type, row.number, firsts.get(case.id))
            if outcome is not None:
                counted[
                    "regency", f"{regency_of(held[case.jurisdiction], case.agency, case.subject)}|{outcome}", month
                ] += 1
        elif case.kind == CaseKind.TICKET.value and row.type == "cancelled":
            counted["camera", f"{case.subject.get('camera') or '-'}|cancelled", month] += 1
    _add(session, counted)
    return len(ready)


def _complaint(event: str, number: int, clock: ClockRow | None) -> str | None:
    """What an event of a complaint adds to its regency's counts."""
    if event == "opened":
        return "opened"
    if clock is None:
        return None
    if number == clock.overdue_event:
        return "overdue"
    return clock.result if number == clock.stopped_by and clock.result in {"on_time", "late"} else None


def _add(session: Session, counted: Counter[tuple[str, str, datetime]]) -> None:
    if not counted:
        return
    rows = [{"what": what, "key": key, "month": month, "n": n} for (what, key, month), n in sorted(counted.items())]
    statement = insert(BoardCountRow).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["what", "key", "month"], set_={"n": BoardCountRow.n + statement.excluded.n}
        )
    )
