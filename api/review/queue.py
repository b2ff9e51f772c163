"""The queue: everything that an officer must answer, the clock that runs out first on top."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, true, tuple_
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


def _due() -> ColumnElement[datetime]:
    """The deadline that runs out first; far away when there is none."""
    first = (
        select(func.min(ClockRow.due_at))
        .where(ClockRow.case_id == CaseRow.id, ClockRow.stopped_at.is_(None))
        .correlate(CaseRow)
        .scalar_subquery()
    )
    return func.coalesce(first, literal(NEVER))


def _parse_cursor(cursor: str) -> tuple[datetime, UUID]:
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
    due = _due()
    moment = now(session)
    lease = aliased(LeaseRow)
    query = (
        readable_by(viewer)
        .add_columns(due, lease.user_id, lease.user_name)
        .outerjoin(lease, and_(lease.case_id == CaseRow.id, lease.until > moment))
        .where(_waiting())
        .order_by(due, CaseRow.id)
        .limit(size + 1)
    )
    if after is not None:
        query = query.where(tuple_(due, CaseRow.id) > _parse_cursor(after))
    rows = session.execute(query).all()
    own = viewer.actor.id if viewer.actor else None
    entries = tuple(
        Entry(case, None if at >= NEVER else at, None if user_id in (None, own) else user_name)
        for case, at, user_id, user_name in rows[:size]
    )
    return Page(entries, entries[-1].cursor if len(rows) > size else None)


def counts(session: Session, viewer: Viewer) -> Counts:
    """How much waits for a viewer."""
    moment = now(session)
    waiting = readable_by(viewer).add_columns(_due().label("due")).where(_waiting()).subquery()
    is_violation = waiting.c.kind == CaseKind.VIOLATION.value
    row = session.execute(
        select(
            func.count().filter(is_violation),
            func.count().filter(~is_violation),
            func.count().filter(waiting.c.due < moment),
        ).select_from(waiting)
    ).one()
    return Counts(violations=row[0], answers=row[1], overdue=row[2])


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


def _place(session: Session, case: CaseRow) -> tuple[datetime, UUID]:
    """Where in the queue a case stands, or stood."""
    due = session.scalar(select(_due()).where(CaseRow.id == case.id))
    return due or NEVER, case.id


def _take_from(
    session: Session, viewer: Viewer, officer: Actor, *, start: tuple[datetime, UUID] | None, not_this: UUID | None
) -> CaseRow | None:
    moment = now(session)
    held = exists().where(LeaseRow.case_id == CaseRow.id, LeaseRow.until > moment, LeaseRow.user_id != officer.id)
    passed: list[UUID] = [] if not_this is None else [not_this]
    for _ in range(_TRIES):
        query = (
            readable_by(viewer)
            .where(
                _waiting(),
                ~held,
                ~_skipped_by(officer, moment),
                ~_validated_by(officer),
                true() if start is None else tuple_(_due(), CaseRow.id) > start,
                CaseRow.id.not_in(passed) if passed else true(),
            )
            .order_by(_due(), CaseRow.id)
            .limit(1)
            # Two officers who ask at once do not wait for each other, they get different cases.
            .with_for_update(of=CaseRow, skip_locked=True)
        )
        row = session.scalars(query).one_or_none()
        if row is None:
            return None
        if take(session, row.id, officer) is not None:
            return row
        passed.append(row.id)
    return None
