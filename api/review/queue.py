"""The queue: everything that an officer must answer, the clock that runs out first on top."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVarTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from api.clock import now
from api.problems import BadRequest
from api.review.leases import take
from api.review.tables import LeaseRow
from api.store.kinds import Actor, CaseKind
from api.store.reading import Viewer, readable_by
from api.store.tables import CaseRow, ClockRow, EventRow

PAGE_SIZE: Final = 50
SKIPPED_FOR: Final = timedelta(minutes=30)
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_TRIES: Final = 20
Place = tuple[datetime, UUID]
Ts = TypeVarTuple("Ts")
ANSWERABLE: Final = (CaseKind.CONTEST.value, CaseKind.COMPLAINT.value)


@dataclass(frozen=True)
class Entry:
    """One line of the queue. `due_at` is None when no deadline could be computed; `held_by` names another officer."""

    case: CaseRow
    due_at: datetime | None
    held_by: str | None

    @property
    def cursor(self) -> str:
        """Where the next page begins after this line."""
        text = f"{(self.due_at or NEVER).isoformat()}|{self.case.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    """Some lines of the queue and, when there are more, the cursor of the next page."""

    entries: tuple[Entry, ...]
    older: str | None


@dataclass(frozen=True)
class Counts:
    """How much waits: violations to decide, contests and complaints to answer, and what of both is overdue."""

    violations: int
    answers: int
    overdue: int


def _waiting() -> ColumnElement[bool]:
    return or_(
        and_(CaseRow.kind == CaseKind.VIOLATION.value, CaseRow.state == "awaiting_review"),
        and_(CaseRow.kind.in_(ANSWERABLE), CaseRow.state == "open"),
    )


def _timed(query: Select[*Ts], clock: type[ClockRow], start: Place | None) -> Select[*Ts]:
    """Waiting cases with a deadline, the one that runs out first on top; walks the index of running deadlines."""
    sooner = aliased(ClockRow)
    query = (
        query.join(clock, clock.case_id == CaseRow.id)
        .where(
            _waiting(),
            clock.stopped_at.is_(None),
            clock.due_at.is_not(None),
            # Of several running clocks the one that runs out first places the case.
            ~exists().where(
                sooner.case_id == CaseRow.id,
                sooner.stopped_at.is_(None),
                tuple_(sooner.due_at, sooner.id) < tuple_(clock.due_at, clock.id),
            ),
        )
        .order_by(clock.due_at, CaseRow.id)
    )
    return query if start is None else query.where(tuple_(clock.due_at, CaseRow.id) > start)


def _untimed(query: Select[*Ts], start: UUID | None) -> Select[*Ts]:
    """Waiting cases without a deadline (a calendar that is not published yet): behind all others."""
    running = aliased(ClockRow)
    has_deadline = exists().where(
        running.case_id == CaseRow.id, running.stopped_at.is_(None), running.due_at.is_not(None)
    )
    query = query.where(_waiting(), ~has_deadline).order_by(CaseRow.id)
    return query if start is None else query.where(CaseRow.id > start)


def _parse_cursor(cursor: str) -> Place:
    try:
        text = base64.urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor) % 4)).decode()
        at, _, case_id = text.partition("|")
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), UUID(case_id)
    except (ValueError, binascii.Error) as error:
        raise BadRequest("This page of the queue does not exist: go back to its beginning.") from error


def page(session: Session, viewer: Viewer, *, after: str | None = None, size: int = PAGE_SIZE) -> Page:
    """Lines of the queue that a viewer may read.

    Args:
        session: an open session.
        viewer: who asks.
        after: the cursor of the line before; None for the beginning.
        size: lines a page.

    Raises:
        BadRequest: the cursor is none of ours.
    """
    start = None if after is None else _parse_cursor(after)
    clock = aliased(ClockRow)
    rows: list[tuple[CaseRow, datetime | None]] = []
    if start is None or start[0] < NEVER:
        timed = _timed(readable_by(viewer).add_columns(clock.due_at), clock, start).limit(size + 1)
        rows += [(case, due_at) for case, due_at in session.execute(timed)]
    if len(rows) <= size:
        behind = start[1] if start is not None and start[0] >= NEVER else None
        rows += [(case, None) for case in session.scalars(_untimed(readable_by(viewer), behind).limit(size + 1))]
    holders = _holders(session, [case.id for case, _ in rows], viewer)
    entries = tuple(Entry(case, due_at, holders.get(case.id)) for case, due_at in rows[:size])
    return Page(entries, entries[-1].cursor if len(rows) > size else None)


def _holders(session: Session, case_ids: list[UUID], viewer: Viewer) -> dict[UUID, str]:
    """Which of these cases lie on other desks, and whose."""
    own = viewer.actor.id if viewer.actor else None
    query = select(LeaseRow).where(LeaseRow.case_id.in_(case_ids), LeaseRow.until > now(session))
    return {lease.case_id: lease.user_name for lease in session.scalars(query) if lease.user_id != own}


def counts(session: Session, viewer: Viewer) -> Counts:
    """How much waits for a viewer."""
    late = exists().where(ClockRow.case_id == CaseRow.id, ClockRow.stopped_at.is_(None), ClockRow.due_at < now(session))
    waiting = readable_by(viewer).where(_waiting()).subquery()
    is_violation = waiting.c.kind == CaseKind.VIOLATION.value
    row = session.execute(
        select(func.count().filter(is_violation), func.count().filter(~is_violation)).select_from(waiting)
    ).one()
    overdue = session.scalar(select(func.count()).select_from(readable_by(viewer).where(_waiting(), late).subquery()))
    return Counts(violations=row[0], answers=row[1], overdue=overdue or 0)


def _skipped_by(officer: Actor, moment: datetime) -> ColumnElement[bool]:
    return exists().where(
        EventRow.case_id == CaseRow.id,
        EventRow.type == "skipped",
        EventRow.actor_id == officer.id,
        EventRow.at > moment - SKIPPED_FOR,
    )


def _validated_by(officer: Actor) -> ColumnElement[bool]:
    """A contest against a ticket that came of this officer's own approval: somebody else judges it."""
    ticket = aliased(CaseRow)
    return and_(
        CaseRow.kind == CaseKind.CONTEST.value,
        exists().where(
            ticket.id == CaseRow.parent_id,
            EventRow.case_id == ticket.parent_id,
            EventRow.type == "approved",
            EventRow.actor_id == officer.id,
        ),
    )


def take_next(session: Session, viewer: Viewer, officer: Actor, *, after: CaseRow | None = None) -> CaseRow | None:
    """The next case for an officer, now on that officer's desk; None when nothing waits.

    Passed over: cases on other desks, those skipped by this officer a moment ago, contests of their own tickets.

    Args:
        session: an open transaction.
        viewer: the officer as a reader.
        officer: the officer as an actor.
        after: the case that is on the screen: what comes behind it in the queue, then the queue from its beginning.
    """
    starts = [None] if after is None else [_place(session, after), None]
    for start in starts:
        found = _take_from(session, viewer, officer, start=start, not_this=None if after is None else after.id)
        if found is not None:
            return found
    return None


def _place(session: Session, case: CaseRow) -> Place:
    """Where in the queue a case stands; behind all others when its clocks have stopped."""
    query = select(func.min(ClockRow.due_at)).where(ClockRow.case_id == case.id, ClockRow.stopped_at.is_(None))
    return session.scalar(query) or NEVER, case.id


def _take_from(
    session: Session, viewer: Viewer, officer: Actor, *, start: Place | None, not_this: UUID | None
) -> CaseRow | None:
    moment = now(session)
    held = exists().where(LeaseRow.case_id == CaseRow.id, LeaseRow.until > moment, LeaseRow.user_id != officer.id)
    passed: list[UUID] = [] if not_this is None else [not_this]
    for _ in range(_TRIES):
        free = readable_by(viewer).where(
            ~held,
            ~_skipped_by(officer, moment),
            ~_validated_by(officer),
            CaseRow.id.not_in(passed) if passed else true(),
        )
        # Two officers who ask at once do not wait for each other, they get different cases.
        free = free.limit(1).with_for_update(of=CaseRow, skip_locked=True)
        row = session.scalars(_timed(free, aliased(ClockRow), start)).one_or_none()
        if row is None:
            row = session.scalars(_untimed(free, None)).one_or_none()
        if row is None:
            return None
        if take(session, row.id, officer) is not None:
            return row
        passed.append(row.id)
    return None
